import { performance } from 'node:perf_hooks';
import { getHeapStatistics } from 'node:v8';
import { ALPN_HTTP1, ALPN_HTTP2, ALPN_TCP, formatWorkloadName, serviceHost } from '../../proto/names.ts';
import type { Cluster, ClusterEnvironment } from '../cluster/cluster.ts';
import { HostResolver } from '../cluster/host-resolver.ts';
import { resolvePassthrough } from '../cluster/passthrough.ts';
import type { ProxyConfig } from '../config.ts';
import type { Failure } from '../failure.ts';
import { noFaults } from '../filter/fault-filter.ts';
import { OverLimitMemory } from '../filter/over-limit-memory.ts';
import type { SharedBandwidth } from '../filter/shared-bandwidth.ts';
import { noBandwidth } from '../filter/shared-bandwidth.ts';
import type { ForwardEnvironment, Recorder, RouteSource } from '../forward/forward-environment.ts';
import type { LocalReply } from '../forward/local-reply.ts';
import { localReply } from '../forward/local-reply.ts';
import type { RateLimitClientConfig } from '../forward/rate-limit-client.ts';
import { RateLimitClient } from '../forward/rate-limit-client.ts';
import { remedyFor } from '../forward/remedy.ts';
import type { TcpRecorder } from '../forward-tcp.ts';
import type { AcceptedConnection, NewConnection } from '../listener/accepted-connection.ts';
import type { HttpCodecOptions } from '../listener/http-codecs.ts';
import { serveNewHttp } from '../listener/http-codecs.ts';
import type { FullReason, ListenerOptions } from '../listener/listener.ts';
import { Listener } from '../listener/listener.ts';
import type { Log } from '../log.ts';
import type { HeaderTrust } from '../message/header-trust.ts';
import type { HttpSettings } from '../message/http-settings.ts';
import { defaultHttpSettings } from '../message/http-settings.ts';
import { collectGarbage } from '../resilience/collect-garbage.ts';
import { connectionCap } from '../resilience/descriptor-limit.ts';
import type { GradientController } from '../resilience/gradient-controller.ts';
import { memoryLimitBytes } from '../resilience/memory-limit.ts';
import type { OverloadLevel } from '../resilience/overload-monitor.ts';
import { OverloadMonitor } from '../resilience/overload-monitor.ts';
import type { SuccessWindow } from '../resilience/success-window.ts';
import { TimerWheel } from '../resilience/timer-wheel.ts';
import { Watchdog } from '../resilience/watchdog.ts';
import type { FilterChains } from '../route/filter-chains.ts';
import type { Activity } from '../telemetry/activity.ts';
import { EventLog } from '../telemetry/event-log.ts';
import { ClientCertificates } from '../tls/client-certificates.ts';
import { IdentityHolder } from '../tls/mesh-identity.ts';
import { SessionCache } from '../tls/session-cache.ts';
import { CoarseClock } from '../transport/coarse-clock.ts';
import type { OriginEnvironment } from '../upstream/dial-origin.ts';
import type { ConnectTunnelsOptions, NamedListeners } from './connect-tunnels.ts';
import { ConnectTunnels } from './connect-tunnels.ts';
import { dialEndpoint } from './dial-endpoint.ts';
import { tellOfClientCertificate, tellOfOutlier } from './endpoint-events.ts';
import { healthCheckEnvironment } from './health-check-environment.ts';
import { httpCodecOptions } from './http-codec-options.ts';
import type { SharedEnvironment } from './listener-environment.ts';
import { ListenerEnvironment } from './listener-environment.ts';
import type { ListenerPlace } from './listener-place.ts';
import { namesEnvironment } from './names-environment.ts';
import type { NamedRoutes } from './outbound-routes.ts';
import { OwnAddresses } from './own-addresses.ts';
import { InboundPortChains, serveInbound } from './serve-inbound.ts';
import { serveOutbound } from './serve-outbound.ts';
import { UpstreamPort } from './upstream-port.ts';

/** How often memory is looked at (Envoy, overload manager `refresh_interval`). */
const OVERLOAD_SAMPLE_MS = 250;

/** An application port and the inbound port at which other sidecars reach it. */
export interface InboundPort {
  readonly port: number;
  readonly listener: Listener;
}

/**
 * Everything that carries requests: clocks, identity, and the listeners. It knows nothing of the control plane; what it
 * serves is put into it.
 */
export class Traffic {
  readonly clock = new CoarseClock();
  readonly identity = new IdentityHolder();
  readonly clusterEnvironment: ClusterEnvironment;
  readonly outbound: Listener[] = [];
  readonly inbound: InboundPort[] = [];
  /** Requests that broke the rules of HTTP and were answered before anything looked at them. */
  refusedRequests = 0;
  readonly overload: OverloadMonitor;
  /** What has changed in how traffic is treated. */
  readonly events = new EventLog();
  readonly watchdog = new Watchdog(OVERLOAD_SAMPLE_MS);
  readonly #connectionCap = connectionCap();
  readonly #config: ProxyConfig;
  readonly #log: Log;
  readonly #wheel = new TimerWheel(() => performance.now());
  /** What the filters of all routes have in common. */
  readonly filterEnvironment = {
    wheel: this.#wheel,
    faults: noFaults(),
    random: Math.random,
    wallClockMs: () => Date.now(),
    rateLimits: { ok: 0, rateLimited: 0 },
    connectionRates: { rateLimited: 0 },
    bodyLimits: { tooLarge: 0 },
    bandwidth: { request: noBandwidth(), response: noBandwidth() },
    bandwidths: new Map<string, WeakRef<SharedBandwidth>>(),
    adaptive: { blocked: 0 },
    controllers: new Map<string, WeakRef<GradientController>>(),
    admission: { rejected: 0 },
    windows: new Map<string, WeakRef<SuccessWindow>>(),
    activities: new Map<string, WeakRef<Activity>>(),
    now: () => performance.now(),
    globalRateLimits: { ok: 0, overLimit: 0, error: 0, failureModeAllowed: 0 },
    overLimit: new OverLimitMemory(),
  };
  readonly #resolver = new HostResolver();
  readonly #sessions = new SessionCache();
  readonly #origins: OriginEnvironment;
  readonly #own: OwnAddresses;
  readonly #inboundChains = new Map<number, InboundPortChains>();
  readonly #outboundHttp: { current: HttpSettings } = { current: defaultHttpSettings };
  readonly #sampling: NodeJS.Timeout;
  #recorder: Recorder = { record() {} };
  #tcpRecorder: TcpRecorder = { opened() {}, progress() {}, closed() {} };
  /** Made for the first listener. */
  #shared: SharedEnvironment | null = null;

  constructor(config: ProxyConfig, log: Log) {
    this.#config = config;
    this.#own = new OwnAddresses(config.advertise, config.adminPort ?? 0, () => this.#listeners());
    this.#log = log;
    this.clock.start();
    this.clock.onTick(() => this.#shedConnections());
    this.overload = new OverloadMonitor({
      memoryLimitBytes: config.maxMemoryBytes ?? memoryLimitBytes(),
      heapLimitBytes: getHeapStatistics().heap_size_limit,
      residentBytes: () => process.memoryUsage.rss(),
      heapBytes: () => getHeapStatistics().used_heap_size,
      shrinkHeap: collectGarbage,
      onChange: (level, pressurePercent) => this.#onOverload(level, pressurePercent),
    });
    this.#sampling = setInterval(() => {
      this.overload.sample();
      this.watchdog.beat(performance.now());
    }, OVERLOAD_SAMPLE_MS).unref();
    this.identity.onChange(() => this.#sessions.clear());
    const told = { log, events: this.events };
    const certificates = new ClientCertificates(config.tlsFolder, (files, problem) =>
      tellOfClientCertificate(told, files, problem),
    );
    this.#origins = { sessions: new SessionCache(), certificates };
    this.clusterEnvironment = {
      dial: dialEndpoint(this.identity, this.#sessions, this.#origins, this.#own),
      coarseNow: () => this.clock.nowMs,
      now: () => performance.now(),
      random: Math.random,
      ...(config.region + config.zone !== '' && { locality: { region: config.region, zone: config.zone } }),
      onEjection: (cluster, endpoint, event) => tellOfOutlier(told, cluster, endpoint, event),
      healthChecks: healthCheckEnvironment(this.identity, this.#sessions, this.#origins, told, (address, port) =>
        this.#own.isListener(address, port),
      ),
      names: namesEnvironment(config, log, (address, port) => this.#own.isHost(address, port)),
    };
  }

  rateLimitServiceAt(cluster: Cluster, config: RateLimitClientConfig): RateLimitClient {
    return new RateLimitClient(cluster, config, { wheel: this.#wheel, ownPeerMetadata: this.#ownPeerMetadata() });
  }

  /** Must be set before the first listener opens. */
  record(recorder: Recorder, connections: TcpRecorder): void {
    this.#recorder = recorder;
    this.#tcpRecorder = connections;
  }

  /** Opens the port of a declared upstream. */
  openUpstream(place: ListenerPlace, listeners: NamedListeners, routes: NamedRoutes, name: string): Promise<Listener> {
    const port = new UpstreamPort(listeners, routes, name, this.#outboundHttp);
    const environment = this.#environment('outbound', port, port);
    const http = this.#codecs('application', environment);
    const destination = { chains: () => port.chains(), http, tcp: environment };
    return this.#openOutbound(place, (connection) => serveOutbound(connection, destination));
  }

  /** Opens the HTTP proxy port. */
  openProxy(place: ListenerPlace, names: Omit<ConnectTunnelsOptions, 'destinationOf' | 'tcp'>): Promise<Listener> {
    const environment = this.#environment('outbound', names.proxyRoutes, this.#outboundHttp);
    const tunnels: ConnectTunnelsOptions = {
      ...names,
      tcp: environment,
      destinationOf: (routes) => {
        const inside = this.#environment('outbound', routes, this.#outboundHttp);
        return { http: this.#codecs('application', inside), tcp: inside };
      },
    };
    const http = this.#codecs('application', environment, (connection) => new ConnectTunnels(tunnels, connection));
    return this.#openOutbound(place, (connection) => serveNewHttp(connection, http));
  }

  async #openOutbound(place: ListenerPlace, serve: (connection: NewConnection) => void): Promise<Listener> {
    const listener = await Listener.listen({ ...place, mesh: null, ...this.#accepting(serve) });
    this.outbound.push(listener);
    return listener;
  }

  /** Opens the mTLS listener for one application port; it answers 503 until it is told what to serve. */
  async openInbound(port: number, place: ListenerPlace): Promise<InboundPort> {
    const { service, namespace } = this.#config;
    const chains = new InboundPortChains(service === '' ? '' : serviceHost(service, namespace));
    this.#inboundChains.set(port, chains);
    const environment = this.#environment('inbound', chains, chains);
    const http = this.#codecs('sidecar', environment);
    const listener = await Listener.listen({
      ...place,
      mesh: { identity: this.identity, alpnProtocols: [ALPN_HTTP2, ALPN_HTTP1, ALPN_TCP] },
      ...this.#accepting((connection) => serveInbound(connection, chains, http, environment)),
    });
    const inbound = { port, listener };
    this.inbound.push(inbound);
    return inbound;
  }

  /** What an inbound listener serves from now on; null takes it out of service. */
  setInboundChains(port: number, chains: FilterChains<Cluster> | null): void {
    this.#inboundChains.get(port)?.set(chains);
  }

  /** How outbound listeners speak HTTP from now on, where the service says nothing else. */
  setOutboundHttp(settings: HttpSettings): void {
    this.#outboundHttp.current = settings;
  }

  /** Answers now close their connections, so that callers move on; nothing is refused. */
  drain(): void {
    for (const { listener } of this.inbound) listener.drain();
  }

  /** Closes all listeners; what is being answered may finish within `graceMs`. */
  async close(graceMs: number): Promise<void> {
    await Promise.all(this.#listeners().map((listener) => listener.close(graceMs)));
    this.clock.stop();
    clearInterval(this.#sampling);
  }

  #listeners(): Listener[] {
    return [...this.outbound, ...this.inbound.map(({ listener }) => listener)];
  }

  #whyFull(): FullReason | null {
    if (this.overload.level === 'refuse-connections') return 'overloaded';
    let open = 0;
    for (const listener of this.outbound) open += listener.openSockets;
    for (const { listener } of this.inbound) open += listener.openSockets;
    return open < this.#connectionCap ? null : 'all';
  }

  #onOverload(level: OverloadLevel, pressurePercent: number): void {
    this.#log(level === 'none' ? 'info' : 'warn', 'memory pressure has changed what is accepted', {
      level,
      pressurePercent: Math.round(pressurePercent),
    });
    this.#shedConnections();
  }

  /** While there is pressure; those that come meanwhile have a second for what they came for. */
  #shedConnections(): void {
    if (this.overload.level === 'none') return;
    for (const listener of this.#listeners()) listener.shedConnections();
  }

  #accepting(
    serve: (connection: NewConnection) => void,
  ): Pick<ListenerOptions, 'clock' | 'whyFull' | 'serve' | 'onRefused'> {
    return {
      clock: this.clock,
      whyFull: () => this.#whyFull(),
      serve,
      onRefused: (reason, address) => this.#log('debug', 'a connection is refused', { reason, address }),
    };
  }

  #codecs(
    trust: HeaderTrust,
    environment: ForwardEnvironment,
    tunnelsOf: ((connection: AcceptedConnection) => ConnectTunnels) | null = null,
  ): HttpCodecOptions {
    const onRefused = (failure: Failure): void => {
      this.refusedRequests++;
      this.#log('debug', 'a request is refused', { reason: failure });
    };
    return httpCodecOptions(trust, environment, onRefused, tunnelsOf);
  }

  #environment(
    direction: 'outbound' | 'inbound',
    routes: RouteSource,
    http: { readonly current: HttpSettings },
  ): ListenerEnvironment {
    this.#shared ??= {
      overload: this.overload,
      wheel: this.#wheel,
      clock: this.clock,
      resolvePassthrough: (cluster, authority) =>
        resolvePassthrough(
          cluster,
          authority,
          (host) => this.#resolver.resolve(host),
          (address, port) => this.#own.isHost(address, port),
        ),
      ownPeerMetadata: this.#ownPeerMetadata(),
      describe: (failure, context) => this.#describe(failure, context),
      recorder: this.#recorder,
      tcpRecorder: this.#tcpRecorder,
    };
    return new ListenerEnvironment(direction, routes, http, this.#shared);
  }

  #ownPeerMetadata(): string {
    const { name, namespace, service, version } = this.#config;
    return formatWorkloadName({ name, namespace, service, version, cluster: 'heddle' });
  }

  /** Nothing is sent to the admin server, which is there from now on. */
  protectAdmin(port: number): void {
    this.#own.protectAdmin(port);
  }

  #describe(
    failure: Parameters<typeof localReply>[0],
    context: Omit<Parameters<typeof localReply>[1], 'answeredBy' | 'remedy'>,
  ): LocalReply {
    return localReply(failure, {
      ...context,
      answeredBy: `sidecar of ${this.#config.name}`,
      remedy: remedyFor(failure, context.service),
    });
  }
}
