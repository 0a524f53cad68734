import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { ControlPlaneReport } from '../parent-link.ts';
import { DemoProcess } from './demo-process.ts';
import type { Instance, Shop } from './shop.ts';

/** Name of the load generator's service: it is in the mesh like any other, with a sidecar and an identity. */
export const loadService = 'load';

/** Where the demo's control plane keeps its state, in the folder of the demo. */
export function controlPlaneFolder(folder: string): string {
  return join(folder, 'control-plane');
}

/** The demo's processes: a control plane, `heddle run` for every instance, and a sidecar for the load generator. */
export class DemoMesh {
  /** Admin servers by instance name; the load generator's under {@link loadService}. */
  readonly adminAddresses = new Map<string, string>();
  readonly logs: string;
  readonly #folder: string;
  readonly #environment: NodeJS.ProcessEnv;
  readonly #onLoss: (child: DemoProcess, outcome: number | string) => void;
  #controlPlane: DemoProcess | null = null;
  readonly #sidecars = new Map<string, DemoProcess>();
  #isStopping = false;

  /** `folder` holds all state and logs. `onLoss` is told of a process that ends before `stop` is called. */
  constructor(
    folder: string,
    environment: NodeJS.ProcessEnv,
    onLoss: (child: DemoProcess, outcome: number | string) => void,
  ) {
    this.#folder = folder;
    this.#environment = environment;
    this.#onLoss = onLoss;
    this.logs = join(folder, 'logs');
    mkdirSync(this.logs, { recursive: true, mode: 0o700 });
  }

  async startControlPlane(options: readonly string[]): Promise<ControlPlaneReport> {
    this.#controlPlane = this.#start(
      'control-plane',
      ['control-plane', '--state-dir', controlPlaneFolder(this.#folder), ...options],
      {},
    );
    return this.#controlPlane.reported('control-plane');
  }

  /** Fulfils when the control plane has ended without `stop`; never when it ends with it. */
  async controlPlaneLost(): Promise<void> {
    await this.#controlPlane?.exited;
    if (this.#isStopping) await new Promise<never>(() => {});
  }

  /** Fulfils when every sidecar is ready and every program has been started. */
  async startShop(shop: Shop): Promise<void> {
    const upstream = `web=${shop.loadPort}`;
    await Promise.all([
      this.#startSidecar(loadService, ['proxy', '--service', loadService, '--upstream', upstream], {}),
      ...shop.instances.map((instance) => this.#startInstance(instance)),
    ]);
  }

  /** `heddle run` passes signals that do not mean "stop" on to its program. */
  signal(instance: string, signal: NodeJS.Signals): void {
    const pid = this.#sidecars.get(instance)?.pid;
    if (pid !== undefined) process.kill(pid, signal);
  }

  async #startInstance({ name, service, version, port, upstreams, command, environment }: Instance): Promise<void> {
    const options = [
      ...['--service', service, '--version', version, '--port', String(port)],
      ...Object.entries(upstreams).flatMap(([upstream, local]) => ['--upstream', `${upstream}=${local}`]),
    ];
    const child = await this.#startSidecar(name, ['run', ...options, '--', ...command], environment);
    await child.reported('application');
  }

  async #startSidecar(
    name: string,
    [command = '', ...line]: readonly string[],
    environment: Readonly<Record<string, string>>,
  ): Promise<DemoProcess> {
    const child = this.#start(name, [command, '--name', name, '--state-dir', this.#folder, ...line], environment);
    this.#sidecars.set(name, child);
    this.adminAddresses.set(name, (await child.reported('sidecar')).adminAddress);
    return child;
  }

  #start(name: string, line: readonly string[], more: Readonly<Record<string, string>>): DemoProcess {
    const [command = '', ...rest] = line;
    const environment = { ...this.#environment, ...more };
    const child = new DemoProcess(
      name,
      [command, '--with-parent', ...rest],
      join(this.logs, `${name}.log`),
      environment,
    );
    void child.exited.then((outcome) => {
      if (!this.#isStopping) this.#onLoss(child, outcome);
    });
    return child;
  }

  /** Services first, then the control plane, which their sidecars take leave of. Fulfils when no process is left. */
  async stop(): Promise<void> {
    this.#isStopping = true;
    await Promise.all([...this.#sidecars.values()].map((child) => child.stop()));
    await this.#controlPlane?.stop();
  }

  /** Synchronous, for when there is no time left. */
  kill(): void {
    this.#isStopping = true;
    for (const child of [...this.#sidecars.values(), this.#controlPlane]) child?.kill();
  }
}
