import { randomUUID } from 'node:crypto';
import { FEATURES } from '../proto/features.ts';
import type { Node } from '../proto/generated/envoy/config/core/v3/Node.ts';
import { inboundListenerName, VIRTUAL_OUTBOUND } from '../proto/names.ts';
import { toStruct } from '../proto/struct.ts';
import { LISTENER_TYPE_URL } from '../proto/type-urls.ts';
import { version as heddleVersion } from '../proto/version.ts';
import { adminPaths } from './admin/admin-paths.ts';
import { AdminServer } from './admin/admin-server.ts';
import type { SidecarParts } from './admin-sources.ts';
import { adminSources, listenersOf, processFacts } from './admin-sources.ts';
import { applicationListens } from './application-probe.ts';
import { systemClock } from './clock.ts';
import type { Cluster } from './cluster/cluster.ts';
import type { ProxyConfig } from './config.ts';
import { InvalidProxyConfigError } from './config.ts';
import type { HttpListener } from './listener/http-listener.ts';
import type { Log } from './log.ts';
import { LogWriter } from './log.ts';
import { declaredRouteName, ProxyPortRoutes, UpstreamPortRoutes } from './outbound-routes.ts';
import { RequestRecorder } from './record-request.ts';
import type { RouteTable } from './route/route-table.ts';
import { AccessLog } from './telemetry/access-log.ts';
import { MetricsPage } from './telemetry/metrics-page.ts';
import { SeriesRegistry } from './telemetry/series-registry.ts';
import { TelemetryReporter } from './telemetry/telemetry-reporter.ts';
import { Traffic } from './traffic.ts';
import { clusterStats } from './traffic-status.ts';
import { handleSelfTest } from './transport/handle-self-test.ts';
import { setTransportKind } from './transport/open-transport.ts';
import type { ControlPlaneSession } from './xds/control-plane-channel.ts';
import { ControlPlaneClient } from './xds/control-plane-client.ts';
import { readJoinToken } from './xds/join-token.ts';
import { LiveClusters } from './xds/live-clusters.ts';
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
 *   Traffic ◀── routes, clusters, roots ── ControlPlaneClient ◀══ control plane
 *      │                                            ▲
 *      └── RequestRecorder ── SeriesRegistry ── Reporter, /stats/prometheus
 * ```
 */
export class Sidecar implements SidecarParts {
  readonly config: ProxyConfig;
  readonly log: LogWriter;
  readonly traffic: Traffic;
  readonly clusters: LiveClusters;
  readonly control: ControlPlaneClient;
  readonly registry = new SeriesRegistry();
  readonly reporter: TelemetryReporter;
  readonly node: Node;
  readonly accessLog: AccessLog | null;
  readonly startedAtMs = Date.now();
  /** Fulfilled when the sidecar can be used: certificate, outbound listener and declared routes are there. */
  readonly ready: Promise<void>;
  readonly #instanceId = randomUUID();
  readonly #ended = new AbortController();
  readonly #declaredRoutes: readonly string[];
  readonly #recorder: RequestRecorder;
  readonly #metrics: MetricsPage;
  #session: ControlPlaneSession | null = null;
  #unknownHosts: RouteTable<Cluster> | null = null;
  #servedPorts: readonly number[] = [];
  #admin: AdminServer | null = null;
  #outboundProxy: HttpListener | null = null;
  #withdrawal: Promise<void> | null = null;
  #closing: Promise<void> | null = null;

  private constructor(config: ProxyConfig, log: LogWriter, directory: StateDirectory, accessLog: AccessLog | null) {
    this.config = config;
    this.log = log;
    this.accessLog = accessLog;
    this.traffic = new Traffic(config, log.for('traffic'));
    this.clusters = new LiveClusters(this.traffic.clusterEnvironment);
    this.#declaredRoutes = config.upstreams.map(({ service }) => requireRouteName(service, config.namespace));
    this.node = nodeOf(config);
    this.reporter = new TelemetryReporter({
      registry: this.registry,
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
      clusters: this.clusters,
      log: log.for('xds'),
      onIdentity: (identity) => this.traffic.identity.set(identity),
      putListener: (listener, routes) => {
        this.traffic.setHttpSettings(inboundPortOf(listener.name), listener.http);
        this.#setRoutes(listener.name, routes);
      },
      removeListener: (name) => this.#setRoutes(name, null),
      onSession: (session) => this.#report(session),
    });
    this.#recorder = new RequestRecorder({
      registry: this.registry,
      own: config,
      principal: () => this.traffic.identity.current?.id ?? '',
      accessLog,
    });
    this.traffic.record(this.#recorder);
    this.#metrics = new MetricsPage({
      registry: this.registry,
      traffic: {
        clusters: () => [...this.clusters.all()].map(clusterStats),
        listeners: () => listenersOf(this),
      },
      downstream: () => this.#recorder.downstream,
      facts: processFacts(this),
    });
    this.traffic.clock.onTick((nowMs) => {
      for (const cluster of this.clusters.all()) cluster.sweep(nowMs);
      this.registry.sweep(nowMs);
    });
    this.ready = this.control.ready;
  }

  /** Binds all ports and begins to join. Rejects when a port is taken or the state directory cannot be used. */
  static async start(config: ProxyConfig): Promise<Sidecar> {
    const log = new LogWriter(config.logLevel);
    await chooseTransport(config, log.for('traffic'));
    const directory = await StateDirectory.open(config.stateDirectory);
    const accessLog = config.accessLog === '' ? null : await AccessLog.open(config.accessLog);
    const proxy = new Sidecar(config, log, directory, accessLog);
    try {
      await proxy.#open();
    } catch (error) {
      await proxy.close();
      throw error;
    }
    return proxy;
  }

  get adminAddress(): string {
    return this.#admin?.address ?? '';
  }

  /** Port of the HTTP proxy for the application, `HTTP_PROXY`. */
  get outboundPort(): number {
    return this.#outboundProxy?.port ?? 0;
  }

  get isDraining(): boolean {
    return this.#withdrawal !== null;
  }

  /** Why the sidecar cannot be used yet; null when it can. */
  get notReadyReason(): string | null {
    return this.control.notReadyReason;
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
      this.traffic.drain();
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
    await this.traffic.close(CLOSE_GRACE_MS);
    await this.reporter.flush(TELEMETRY_FLUSH_MS);
    this.reporter.close();
    this.#metrics.close();
    await this.control.close();
    for (const cluster of this.clusters.all()) cluster.close();
    await this.#admin?.close();
    await this.accessLog?.close();
  }

  async #open(): Promise<void> {
    const { config, traffic } = this;
    for (const port of config.ports) {
      await traffic.openInbound(port);
      this.control.configuration.want({ typeUrl: LISTENER_TYPE_URL, name: inboundListenerName(port) });
    }
    const routes = this.control.configuration.routes;
    for (const [index, { localPort }] of config.upstreams.entries()) {
      const name = this.#declaredRoutes[index] ?? '';
      await traffic.openOutbound(`upstream|${localPort}||${name}`, localPort, new UpstreamPortRoutes(routes, name));
    }
    const proxyRoutes = new ProxyPortRoutes(routes, config.namespace, () => this.#unknownHosts);
    this.#outboundProxy = await openPort(config.outboundPort, 15_001, (port) =>
      traffic.openOutbound(VIRTUAL_OUTBOUND, port, proxyRoutes),
    );
    this.#admin = await openPort(config.adminPort, 15_000, (port) =>
      AdminServer.listen({ paths: adminPaths(adminSources(this, this.#metrics)), port }),
    );
    this.reporter.start();
    await this.control.start();
    void this.#serveApplication();
  }

  /** Reports over this connection for as long as it lasts. */
  #report(session: ControlPlaneSession): void {
    this.#session = session;
    this.reporter.useClient(session.clientOf('heddle.v1.TelemetryService'));
    session.onEnd(() => {
      if (this.#session === session) this.reporter.useClient(null);
    });
  }

  /** Registers the application's ports once it listens on them. */
  async #serveApplication(): Promise<void> {
    const { ports } = this.config;
    if (ports.length === 0 || !(await applicationListens(ports, this.#ended.signal))) return;
    this.#servedPorts = ports;
    this.log.for('lease')('info', 'the application listens', { ports });
    this.control.reregister();
  }

  #setRoutes(listenerName: string, routes: RouteTable<Cluster> | null): void {
    const port = inboundPortOf(listenerName);
    if (port === null) this.#unknownHosts = routes;
    else this.traffic.setInboundRoutes(port, routes);
  }

  #registration(): Registration {
    const { name, namespace, service, advertise, region, zone } = this.config;
    const served = this.traffic.inbound.filter(({ port }) => this.#servedPorts.includes(port));
    return {
      name,
      namespace,
      service,
      labels: labelsOf(this.config),
      address: advertise,
      ports: served.map(({ port, listener }) => ({
        port,
        inbound_address: advertise,
        inbound_port: listener.port,
        app_protocol: 'http',
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

/** The application's port that `inbound|8080||` stands for; null for `virtualOutbound`, the only other one asked for. */
function inboundPortOf(listenerName: string): number | null {
  return listenerName === VIRTUAL_OUTBOUND ? null : Number(listenerName.split('|')[1]);
}

/** Stream handles are faster and not public: they are used where they have just proved to work. */
async function chooseTransport(config: ProxyConfig, log: Log): Promise<void> {
  if (config.transport === 'socket') return;
  const result = await handleSelfTest();
  if (result === 'works') setTransportKind('handle');
  else log('warn', 'stream handles do not work here; public sockets are used', { reason: result.reason });
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
      FEATURES: [FEATURES.normalization],
    }),
  };
}
