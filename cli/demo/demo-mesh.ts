import { mkdirSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import type { Report } from '../parent-link.ts';
import { DemoProcess } from './demo-process.ts';
import type { Instance, Shop } from './shop.ts';

type ControlPlaneReport = Extract<Report, { kind: 'control-plane' }>;
type SidecarReport = Extract<Report, { kind: 'sidecar' }>;

/** Name of the load generator's service: it is in the mesh like any other, with a sidecar and an identity. */
export const loadService = 'load';

const listenTimeoutMs = 20_000;

/** The demo's processes: a control plane, `heddle run` for every instance, and a sidecar for the load generator. */
export class DemoMesh {
  /** By instance name; the load generator's under {@link loadService}. */
  readonly sidecars = new Map<string, SidecarReport>();
  readonly logs: string;
  readonly #folder: string;
  readonly #environment: NodeJS.ProcessEnv;
  readonly #onLoss: (child: DemoProcess, outcome: number | string) => void;
  #controlPlane: DemoProcess | null = null;
  readonly #beside: DemoProcess[] = [];
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
    this.#controlPlane = this.#start('control-plane', ['control-plane', ...options], {});
    return this.#controlPlane.reported('control-plane');
  }

  /** Fulfils when every sidecar is ready and every program that is to listen does. */
  async startShop(shop: Shop, onReady: (instance: Instance) => void): Promise<void> {
    const load = this.#start(
      loadService,
      ['proxy', '--service', loadService, '--name', loadService, '--upstream', `web=${shop.loadPort}`],
      {},
    );
    this.#beside.push(load);
    await Promise.all([
      load.reported('sidecar').then((report) => void this.sidecars.set(loadService, report)),
      ...shop.instances.map((instance) => this.#startInstance(instance).then(() => onReady(instance))),
    ]);
  }

  async #startInstance(instance: Instance): Promise<void> {
    const { name, service, version, port, upstreams, command } = instance;
    const child = this.#start(
      name,
      [
        ...['run', '--service', service, '--version', version, '--name', name, '--port', String(port)],
        ...Object.entries(upstreams).flatMap(([upstream, local]) => ['--upstream', `${upstream}=${local}`]),
        ...['--', ...command],
      ],
      instance.environment,
    );
    this.#beside.push(child);
    this.sidecars.set(name, await child.reported('sidecar'));
    await child.reported('application');
    if (instance.listens) await Promise.race([listening(name, port), child.exited]);
  }

  #start(name: string, line: readonly string[], more: Readonly<Record<string, string>>): DemoProcess {
    const [command = '', ...rest] = line;
    const state = ['--state-dir', join(this.#folder, name)];
    const child = new DemoProcess(name, [command, '--with-parent', ...state, ...rest], join(this.logs, `${name}.log`), {
      ...this.#environment,
      ...more,
    });
    void child.exited.then((outcome) => {
      if (!this.#isStopping) this.#onLoss(child, outcome);
    });
    return child;
  }

  /** Services first, then the control plane, which their sidecars take leave of. Fulfils when no process is left. */
  async stop(): Promise<void> {
    this.#isStopping = true;
    await Promise.all(this.#beside.map((child) => child.stop()));
    await this.#controlPlane?.stop();
  }

  /** Synchronous, for when there is no time left. */
  kill(): void {
    this.#isStopping = true;
    for (const child of [...this.#beside, this.#controlPlane]) child?.kill();
  }
}

/** Fulfils once something accepts connections there. A connection is no request: no sidecar sees it, nothing counts it. */
async function listening(name: string, port: number): Promise<void> {
  const deadline = Date.now() + listenTimeoutMs;
  while (!(await accepts(port))) {
    if (Date.now() > deadline) throw new Error(`the program of ${name} does not listen on port ${port}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

function accepts(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    const settle = (isOpen: boolean) => {
      socket.destroy();
      resolve(isOpen);
    };
    socket.once('connect', () => settle(true)).once('error', () => settle(false));
  });
}
