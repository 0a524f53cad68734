import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { answerOf, untilAnswers } from '../../bench/load/answer.ts';
import type { StageProcess } from '../../bench/load/stage.ts';
import { Stage } from '../../bench/load/stage.ts';
import { freePorts } from '../../cli/demo/free-ports.ts';
import type { ApplicationProtocol } from '../../proxy/config.ts';
import type { Identity } from '../../proxy/xds/identity.ts';
import { decodeIdentity } from '../../proxy/xds/identity.ts';

/** What a sidecar process has at one moment. */
export interface Figures {
  readonly residentMegabytes: number;
  readonly descriptors: number;
  /** Requests that it counts as being in progress. */
  readonly requests: number;
  /** Connections that it counts as open, of clients and to upstreams; a pool keeps idle ones. */
  readonly connections: number;
  /** Of these, the clients'. */
  readonly clients: number;
}

/** A sidecar as a process of its own. */
export class SidecarProcess {
  readonly name: string;
  readonly adminPort: number;
  /** Of its HTTP proxy. */
  readonly outboundPort: number;
  readonly process: StageProcess;
  readonly #stateDirectory: string;

  constructor(
    name: string,
    ports: { readonly admin: number; readonly outbound: number },
    process: StageProcess,
    stateDirectory: string,
  ) {
    this.name = name;
    this.adminPort = ports.admin;
    this.outboundPort = ports.outbound;
    this.process = process;
    this.#stateDirectory = stateDirectory;
  }

  async figures(): Promise<Figures> {
    const { text } = await answerOf(this.adminPort, '/stats');
    const sum = (name: string) =>
      [...text.matchAll(new RegExp(`\\.${name}: (\\d+)$`, 'gm'))].reduce((all, [, value]) => all + Number(value), 0);
    const clients = sum('downstream_cx_active');
    const status = readFileSync(`/proc/${this.process.pid}/status`, 'utf8');
    return {
      residentMegabytes: Math.round(Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1]) / 1024),
      descriptors: readdirSync(`/proc/${this.process.pid}/fd`).length,
      requests: sum('upstream_rq_active'),
      connections: clients + sum('upstream_cx_active'),
      clients,
    };
  }

  /** What a peer has who was taken over: the key and the certificate that this sidecar keeps. */
  stolenIdentity(): Identity {
    const file = join(this.#stateDirectory, 'sidecars', 'default', this.name, 'identity.json');
    return decodeIdentity(readFileSync(file), Date.now());
  }

  /** Application port to the port at which other sidecars reach it, by what its admin server says. */
  async inboundPorts(): Promise<ReadonlyMap<number, number>> {
    const { text } = await answerOf(this.adminPort, '/listeners');
    const found = text.matchAll(/^inbound\|(\d+)\|.*:(\d+)$/gm);
    return new Map([...found].map(([, application, inbound]) => [Number(application), Number(inbound)]));
  }
}

/** An application port of the service, and where its callers find it. */
export interface ServedPort {
  readonly port: number;
  readonly protocol: ApplicationProtocol;
}

/**
 * A mesh of processes that nothing but their programs joins: a control plane, and sidecars with mutual TLS between them.
 *
 * They run from source; `HEDDLE_HOSTILE_PROGRAM=dist/cli/heddle.js` takes what the build has made.
 */
export class HostileMesh {
  readonly stage = new Stage(null);
  readonly #environment: NodeJS.ProcessEnv;
  readonly #stateDirectory: string;

  private constructor() {
    this.#stateDirectory = join(this.stage.folder, 'state');
    this.#environment = {
      ...Object.fromEntries(Object.entries(process.env).filter(([name]) => !/^(HEDDLE_|NODE_|VITEST)/.test(name))),
      XDG_CONFIG_HOME: join(this.stage.folder, 'config'),
      XDG_STATE_HOME: this.#stateDirectory,
    };
  }

  static async start(): Promise<HostileMesh> {
    const mesh = new HostileMesh();
    try {
      const [xds, api, metrics] = (await freePorts(3)).map(String) as [string, string, string];
      const ports = ['--xds-port', xds, '--api-port', api, '--metrics-port', metrics];
      mesh.#heddle(['control-plane', '--xds-host', '127.0.0.1', '--advertise', '127.0.0.1', ...ports]);
      await untilAnswers(Number(metrics), '/readyz', null, mesh.stage);
      return mesh;
    } catch (error) {
      await mesh.close();
      throw error;
    }
  }

  /** Fulfilled when it is ready. */
  async sidecar(
    service: string,
    name: string,
    options: {
      readonly ports?: readonly ServedPort[];
      /** `cart:8080` to a local port. */
      readonly upstreams?: ReadonlyMap<string, number>;
      readonly more?: readonly string[];
    },
  ): Promise<SidecarProcess> {
    const [admin, outbound] = (await freePorts(2)) as [number, number];
    const { ports = [], upstreams = new Map<string, number>(), more = [] } = options;
    const line = [
      ...['proxy', '--service', service, '--name', name, '--state-dir', join(this.#stateDirectory, 'own')],
      ...['--admin-port', String(admin), '--outbound-port', String(outbound)],
      ...ports.flatMap(({ port, protocol }) => ['--port', protocol === 'auto' ? `${port}` : `${port}/${protocol}`]),
      ...[...upstreams].flatMap(([upstream, port]) => ['--upstream', `${upstream}=${port}`]),
      ...more,
    ];
    const sidecar = new SidecarProcess(
      name,
      { admin, outbound },
      this.#heddle(line),
      join(this.#stateDirectory, 'own'),
    );
    await untilAnswers(admin, '/ready', null, this.stage);
    return sidecar;
  }

  /** Fulfilled when the control plane has taken the documents. */
  async apply(documents: string): Promise<void> {
    const file = join(this.stage.folder, 'documents.yaml');
    writeFileSync(file, documents);
    const command = this.#heddle(['apply', '-f', file]);
    if ((await command.exited) !== 0) throw new Error(`heddle apply: ${command.lastWords()}`);
  }

  close(): Promise<void> {
    return this.stage.close();
  }

  #heddle(line: readonly string[]): StageProcess {
    return this.stage.start('others', process.execPath, [...nodeFlags, ...program, ...line], this.#environment);
  }
}

/** What the first line of the program asks of Node when a user starts it. */
const nodeFlags = ['--max-semi-space-size=4', '--v8-pool-size=1'];

const root = join(import.meta.dirname, '..', '..');
const built = process.env.HEDDLE_HOSTILE_PROGRAM;
const tsx = () => pathToFileURL(createRequire(import.meta.url).resolve('tsx')).href;
const program = built === undefined ? ['--import', tsx(), join(root, 'cli', 'heddle.ts')] : [join(root, built)];
