import { randomUUID } from 'node:crypto';
import type { Node } from '../proto/generated/envoy/config/core/v3/Node.ts';
import { inboundListenerName, VIRTUAL_OUTBOUND } from '../proto/names.ts';
import { toStruct } from '../proto/struct.ts';
import { LISTENER_TYPE_URL } from '../proto/type-urls.ts';
import { version as heddleVersion } from '../proto/version.ts';
import { adminPaths } from './admin/admin-paths.ts';
import { AdminServer } from './admin/admin-server.ts';
import type { SidecarParts } from './admin/admin-sources.ts';
import { adminSources, processFacts } from './admin/admin-sources.ts';
import type { Carrier } from './carrier.ts';
import { chooseTransport } from './choose-transport.ts';
import { systemClock } from './clock.ts';
import type { ApplicationProtocol, ProxyConfig } from './config.ts';
import { InvalidProxyConfigError } from './config.ts';
import type { DataPlaneOptions } from './data-plane.ts';
import { DataPlane } from './data-plane.ts';
import { LogWriter } from './log.ts';
import { declaredRouteName } from './serve/outbound-routes.ts';
import { AccessLog } from './telemetry/access-log.ts';
import { MetricsPage } from './telemetry/metrics-page.ts';
import { TelemetryReporter } from './telemetry/telemetry-reporter.ts';
import type { MeshIdentity } from './tls/mesh-identity.ts';
import { announcedFeatures } from './xds/announced-features.ts';
import { applicationListens } from './xds/application-probe.ts';
import type { ControlPlaneSession } from './xds/control-plane-channel.ts';
import { ControlPlaneClient } from './xds/control-plane-client.ts';
import { readJoinToken } from './xds/join-token.ts';
import { StateDirectory } from './xds/state-directory.ts';
import type { Registration } from './xds/workload-client.ts';

/** How long the withdrawal waits for the control plane's word that nobody is sent here any more. */
const WITHDRAWAL_WAIT_MS = 5000;
/** Requests in flight get this long at the end (Istio `terminationDrainDuration`). */
const CLOSE_GRACE_MS = 5000;
/** The last counts get this long to be acknowledged. */
const TELEMETRY_FLUSH_MS = 1000;

/**
 * One sidecar: the only file that joins the parts.
 *
 * ```
 *   Carrier ◀── routes, clusters, identity ── ControlPlaneClient ◀══ control plane
 *      │                                            ▲
 *      └──────────── SeriesRegistry ── Reporter, /stats/prometheus
 * ```
 */
export class Sidecar implements SidecarParts {
  readonly config: ProxyConfig;
  readonly log: LogWriter;
  readonly carrier: Carrier;
  readonly control: ControlPlaneClient;
  readonly reporter: TelemetryReporter;
  readonly node: Node;
  readonly startedAtMs = Date.now();
  /** Fulfilled when the sidecar can be used: certificate, outbound listener and declared routes are there. */
  readonly ready: Promise<void>;
  readonly #instanceId = randomUUID();
  readonly #ended = new AbortController();
  readonly #declaredRoutes: readonly string[];
  readonly #metrics: MetricsPage;
  #session: ControlPlaneSession | null = null;
  #identity: MeshIdentity | null = null;
  #servedPorts: readonly number[] = [];
  #admin: AdminServer | null = null;
  #outboundPort = 0;
  #withdrawal: Promise<void> | null = null;
  #closing: Promise<void> | null = null;

  private constructor(config: ProxyConfig, log: LogWriter, directory: StateDirectory, makeCarrier: MakeCarrier) {
    this.config = config;
    this.log = log;
    this.carrier = makeCarrier({
      want: (name) => this.control.configuration.want(name),
      release: (name) => this.control.configuration.release(name),
    });
    this.#declaredRoutes = config.upstreams.map(({ service }) => requireRouteName(service, config.namespace));
    this.node = nodeOf(config);
    this.reporter = new TelemetryReporter({
      registry: this.carrier.registry,
      connections: this.carrier.connections,
      events: this.carrier.events,
      conditions: () => this.carrier.conditions(),
      workload: config.name,
      clock: systemClock,
      instanceId: this.#instanceId,
      intervalMs: config.telemetryIntervalMs,
      log: log.for('telemetry'),
    });
    this.control = new ControlPlaneClient({
      directory,
      token: config.joinToken === null ? null : readJoinToken(config.joinToken),
      namespace: config.namespace,
      service: config.service,
      node: this.node,
      registration: () => this.#registration(),
      listeners: [VIRTUAL_OUTBOUND],
      routes: this.#declaredRoutes,
      target: this.carrier.target,
      log: log.for('xds'),
      onIdentity: (identity) => {
        this.#identity = identity;
        this.carrier.useIdentity(identity);
      },
      onSession: (session) => this.#report(session),
    });
    this.#metrics = new MetricsPage({
      registry: this.carrier.registry,
      connections: this.carrier.connections,
      traffic: this.carrier,
      downstream: () => this.carrier.downstream(),
      facts: processFacts(this),
    });
    log.onLevel = (level) => this.carrier.setLogLevel(level);
    this.ready = this.control.ready.then(() => this.#everythingInForce());
  }

  /** Binds all ports and begins to join. Rejects when a port is taken or the state directory cannot be used. */
  static async start(config: ProxyConfig): Promise<Sidecar> {
    const log = new LogWriter(config.logLevel);
    const directory = await StateDirectory.open(config.stateDirectory);
    const makeCarrier = config.concurrency === 1 ? await thisProcess(config, log) : await workers(config, log);
    const proxy = new Sidecar(config, log, directory, makeCarrier);
    try {
      await proxy.#open();
    } catch (error) {
      await proxy.close();
      throw error;
    }
    return proxy;
  }

  /** Rejects when what carries the requests cannot go on. Never fulfilled. */
  get failed(): Promise<never> {
    return this.carrier.failed;
  }

  get adminAddress(): string {
    return this.#admin?.address ?? '';
  }

  /** Port of the HTTP proxy for the application, `HTTP_PROXY`. */
  get outboundPort(): number {
    return this.#outboundPort;
  }

  /** Application port to the inbound port at which other sidecars reach it. */
  get inboundPorts(): ReadonlyMap<number, number> {
    const ports = new Map<number, number>();
    for (const { plan, port } of this.carrier.listening)
      if (plan.kind === 'inbound') ports.set(plan.applicationPort, port);
    return ports;
  }

  get identity(): MeshIdentity | null {
    return this.#identity;
  }

  get isDraining(): boolean {
    return this.#withdrawal !== null;
  }

  /** Why the sidecar cannot be used yet; null when it can. */
  get notReadyReason(): string | null {
    return this.control.notReadyReason ?? this.carrier.notReadyReason;
  }

  /** The control plane, or the check of it, said no, and there is no certificate to go on with. */
  get isRefused(): boolean {
    const { status } = this.control.identity;
    return status.kind === 'none' && status.isRefused;
  }

  /**
   * Takes this instance out of use: withdrawn from the endpoint lists, acknowledged within a bounded wait, while its
   * listeners still accept; then answers close their connections.
   */
  drain(): Promise<void> {
    this.#withdrawal ??= this.control.withdraw(WITHDRAWAL_WAIT_MS).then((isAcknowledged) => {
      const message = isAcknowledged ? 'withdrawn' : 'withdrawn without an answer; callers find out by themselves';
      this.log.for('lease')('info', message);
      this.carrier.drain();
    });
    return this.#withdrawal;
  }

  /** Ends everything; requests in flight get a short grace. */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    this.#ended.abort();
    await this.carrier.close(CLOSE_GRACE_MS);
    await this.reporter.flush(TELEMETRY_FLUSH_MS);
    this.reporter.close();
    this.#metrics.close();
    await this.control.close();
    await this.#admin?.close();
  }

  async #open(): Promise<void> {
    const { config, carrier } = this;
    for (const { port: applicationPort } of config.ports) {
      await carrier.open({ kind: 'inbound', applicationPort });
      this.control.configuration.want({ typeUrl: LISTENER_TYPE_URL, name: inboundListenerName(applicationPort) });
    }
    for (const [index, { localPort: port }] of config.upstreams.entries()) {
      await carrier.open({ kind: 'upstream', port, routeName: this.#declaredRoutes[index] ?? '' });
    }
    const proxy = await openPort(config.outboundPort, 15_001, (port) => carrier.open({ kind: 'proxy', port }));
    this.#outboundPort = proxy.port;
    this.#admin = await openPort(config.adminPort, 15_000, (port) =>
      AdminServer.listen({ paths: adminPaths(adminSources(this, this.#metrics)), port }),
    );
    carrier.start(this.#admin.port);
    this.reporter.start();
    await this.control.start();
    void this.#serveApplication();
  }

  /** What has come is in force in whatever carries requests. */
  #everythingInForce(): Promise<void> {
    return new Promise((resolve) => this.carrier.target.whenInForce(() => resolve()));
  }

  /** Reports over this connection for as long as it lasts. */
  #report(session: ControlPlaneSession): void {
    this.#session = session;
    this.carrier.setConnected(true);
    this.reporter.useClient(session.clientOf('heddle.v1.TelemetryService'));
    session.onEnd(() => {
      if (this.#session !== session) return;
      this.carrier.setConnected(false);
      this.reporter.useClient(null);
    });
  }

  /** Registers the application's ports once it listens on them. */
  async #serveApplication(): Promise<void> {
    const ports = this.config.ports.map(({ port }) => port);
    if (ports.length === 0 || !(await applicationListens(ports, this.#ended.signal))) return;
    this.#servedPorts = ports;
    this.log.for('lease')('info', 'the application listens', { ports });
    this.control.reregister();
  }

  #registration(): Registration {
    const { name, namespace, service, advertise, region, zone } = this.config;
    const protocols = new Map(this.config.ports.map(({ port, protocol }) => [port, protocol]));
    const served = [...this.inboundPorts].filter(([port]) => this.#servedPorts.includes(port));
    return {
      name,
      namespace,
      service,
      labels: labelsOf(this.config),
      address: advertise,
      ports: served.map(([port, inboundPort]) => ({
        port,
        inbound_address: advertise,
        inbound_port: inboundPort,
        app_protocol: declared(protocols.get(port)),
      })),
      admin_address: this.adminAddress,
      instance_id: this.#instanceId,
      generation: this.startedAtMs,
      version: heddleVersion,
      region,
      zone,
    };
  }
}

/** How a carrier asks for configuration. */
type CarrierWiring = Pick<DataPlaneOptions, 'want' | 'release'>;
type MakeCarrier = (wiring: CarrierWiring) => Carrier;

async function thisProcess(config: ProxyConfig, log: LogWriter): Promise<MakeCarrier> {
  await chooseTransport(config, log.for('traffic'));
  const accessLog = config.accessLog === '' ? null : await AccessLog.open(config.accessLog);
  return (wiring) => new DataPlane({ config, log: log.for('traffic'), accessLog, ...wiring });
}

/** A sidecar that is one process does not load what several need. */
async function workers(config: ProxyConfig, log: LogWriter): Promise<MakeCarrier> {
  const { WorkerGroup } = await import('./workers/worker-group.ts');
  return (wiring) => new WorkerGroup({ config, log: log.for('workers'), logLevel: () => log.level, ...wiring });
}

/** Empty on the wire where nobody has said anything: what callers do then is for the control plane to say. */
function declared(protocol: ApplicationProtocol = 'auto'): string {
  return protocol === 'auto' ? '' : protocol;
}

/** A fixed port that was asked for, or the usual one, or any when that is taken by another sidecar on this host. */
async function openPort<T>(asked: number | null, usual: number, open: (port: number) => Promise<T>): Promise<T> {
  if (asked !== null) return await open(asked);
  try {
    return await open(usual);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EADDRINUSE') throw error;
    return await open(0);
  }
}

function requireRouteName(service: string, namespace: string): string {
  const name = declaredRouteName(service, namespace);
  if (name === null) throw new InvalidProxyConfigError([`upstream "${service}" is not a service name`]);
  return name;
}

function labelsOf({ labels, service, version }: ProxyConfig): Record<string, string> {
  return { ...labels, app: service, ...(version === '' ? {} : { version }) };
}

function nodeOf(config: ProxyConfig): Node {
  const { name, namespace, service, advertise, region, zone } = config;
  return {
    id: `sidecar~${advertise}~${name}.${namespace}~${namespace}.svc.cluster.local`,
    cluster: service,
    locality: { region, zone, sub_zone: '' },
    user_agent_name: 'heddle',
    user_agent_version: heddleVersion,
    metadata: toStruct({
      NAMESPACE: namespace,
      WORKLOAD_NAME: name,
      SERVICE: service,
      LABELS: labelsOf(config),
      HEDDLE_VERSION: heddleVersion,
      FEATURES: announcedFeatures,
    }),
  };
}
