import { networkInterfaces } from 'node:os';
import { getHeapStatistics } from 'node:v8';
import { ALPN_HTTP1, ALPN_HTTP2, ALPN_TCP, formatWorkloadName } from '../proto/names.ts';
import type { Cluster, ClusterEnvironment } from './cluster/cluster.ts';
import { HostResolver } from './cluster/host-resolver.ts';
import { resolvePassthrough } from './cluster/passthrough.ts';
import type { ProxyConfig } from './config.ts';
import type { ForwardEnvironment, Recorder, RouteLookup, RouteSource } from './forward-environment.ts';
import { HttpExchange } from './forward-http.ts';
import type { TcpEnvironment, TcpRecorder } from './forward-tcp.ts';
import type { HeaderTrust } from './header-trust.ts';
import type { HttpSettings } from './http-settings.ts';
import { defaultHttpSettings } from './http-settings.ts';
import { defaultHeadLimits } from './http1/head-limits.ts';
import { defaultHttp2Limits } from './http2/http2-limits.ts';
import { HttpListener } from './listener/http-listener.ts';
import type { ListenerPlace } from './listener-place.ts';
import type { LocalReply } from './local-reply.ts';
import { localReply } from './local-reply.ts';
import type { Log } from './log.ts';
import type { RequestHead } from './message-head.ts';
import { collectGarbage } from './resilience/collect-garbage.ts';
import { connectionCap } from './resilience/descriptor-limit.ts';
import { memoryLimitBytes } from './resilience/memory-limit.ts';
import type { OverloadLevel } from './resilience/overload-monitor.ts';
import { OverloadMonitor } from './resilience/overload-monitor.ts';
import { TimerWheel } from './resilience/timer-wheel.ts';
import { Watchdog } from './resilience/watchdog.ts';
import type { RouteTable } from './route/route-table.ts';
import { IdentityHolder } from './tls/mesh-identity.ts';
import { SessionCache } from './tls/session-cache.ts';
import { CoarseClock } from './transport/coarse-clock.ts';
import { dialMesh, dialPlain } from './upstream/dial.ts';

/** How often memory is looked at (Envoy, overload manager `refresh_interval`). */
const OVERLOAD_SAMPLE_MS = 250;

/** An application port and the inbound port at which other sidecars reach it. */
export interface InboundPort {
  readonly port: number;
  readonly listener: HttpListener;
}

/**
 * Everything that carries requests: clocks, identity, and the listeners. It knows nothing of the control plane; what it
 * serves is put into it.
 */
export class Traffic {
  readonly clock = new CoarseClock();
  readonly identity = new IdentityHolder();
  readonly clusterEnvironment: ClusterEnvironment;
  readonly outbound: HttpListener[] = [];
  readonly inbound: InboundPort[] = [];
  /** Requests that broke the rules of HTTP and were answered before anything looked at them. */
  refusedRequests = 0;
  readonly overload: OverloadMonitor;
  readonly watchdog = new Watchdog(OVERLOAD_SAMPLE_MS);
  readonly #connectionCap = connectionCap();
  readonly #config: ProxyConfig;
  readonly #log: Log;
  readonly #wheel = new TimerWheel();
  readonly #resolver = new HostResolver();
  readonly #sessions = new SessionCache();
  readonly #inboundRoutes = new Map<number, InboundRoutes>();
  readonly #outboundHttp: ListenerHttp = { current: defaultHttpSettings };
  readonly #sampling: NodeJS.Timeout;
  #recorder: Recorder = { record() {} };
  #tcpRecorder: TcpRecorder = { opened() {}, progress() {}, closed() {} };

  constructor(config: ProxyConfig, log: Log) {
    this.#config = config;
    this.#log = log;
    this.clock.start();
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
    this.clusterEnvironment = {
      dial: (cluster, endpoint, protocol, result) => {
        const target = {
          address: endpoint.address,
          port: endpoint.port,
          connectTimeoutMs: cluster.connectTimeoutMs,
        };
        if (!endpoint.isMeshed) {
          dialPlain(target, result);
        } else if (cluster.meshTls === null) {
          // an endpoint behind a sidecar is never spoken to in plaintext, whatever its cluster lacks
          result.onDialFailed('identityRefused', 'the cluster has no TLS for meshed endpoints');
        } else if (!cluster.meshTls.alpnProtocols.includes(meshAlpn[protocol])) {
          result.onDialFailed(
            'protocolNotAllowed',
            `${cluster.name} takes ${cluster.meshTls.alpnProtocols.join(', ')}`,
          );
        } else {
          dialMesh(
            { ...target, ...cluster.meshTls, alpnProtocols: [meshAlpn[protocol]] },
            this.identity,
            this.#sessions,
            result,
          );
        }
      },
      coarseNow: () => this.clock.nowMs,
      now: () => performance.now(),
      random: Math.random,
      onEjection: (cluster, endpoint, isEjected) => {
        const message = isEjected ? 'an endpoint is ejected: it kept failing' : 'an ejected endpoint is back';
        log('info', message, { cluster: cluster.name, endpoint });
      },
    };
  }

  /** Must be set before the first listener opens. */
  record(recorder: Recorder, connections: TcpRecorder): void {
    this.#recorder = recorder;
    this.#tcpRecorder = connections;
  }

  /** Opens a plaintext listener for the application. */
  async openOutbound(place: ListenerPlace, routes: RouteSource): Promise<HttpListener> {
    const listener = await HttpListener.listen({
      ...place,
      mesh: null,
      ...this.#serving('application', this.#environment('outbound', routes, this.#outboundHttp)),
    });
    this.outbound.push(listener);
    return listener;
  }

  /** Opens the mTLS listener for one application port; it answers 503 until it is given routes. */
  async openInbound(port: number, place: ListenerPlace): Promise<InboundPort> {
    const routes = new InboundRoutes();
    this.#inboundRoutes.set(port, routes);
    const listener = await HttpListener.listen({
      ...place,
      mesh: { identity: this.identity, alpnProtocols: [ALPN_HTTP2, ALPN_HTTP1] },
      ...this.#serving('sidecar', this.#environment('inbound', routes, routes.http)),
    });
    const inbound = { port, listener };
    this.inbound.push(inbound);
    return inbound;
  }

  /** What an inbound listener serves from now on; null takes it out of service. */
  setInboundRoutes(port: number, table: RouteTable<Cluster> | null): void {
    const routes = this.#inboundRoutes.get(port);
    if (routes !== undefined) routes.table = table;
  }

  /** How a listener speaks HTTP from now on: that of an application's port, or, for null, all outbound ones. */
  setHttpSettings(port: number | null, settings: HttpSettings): void {
    const http = port === null ? this.#outboundHttp : this.#inboundRoutes.get(port)?.http;
    if (http !== undefined) http.current = settings;
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

  #listeners(): HttpListener[] {
    return [...this.outbound, ...this.inbound.map(({ listener }) => listener)];
  }

  #hasRoom(): boolean {
    if (this.overload.isShedding) return false;
    let open = 0;
    for (const listener of this.outbound) open += listener.openSockets;
    for (const { listener } of this.inbound) open += listener.openSockets;
    return open < this.#connectionCap;
  }

  #onOverload(level: OverloadLevel, pressurePercent: number): void {
    this.#log(level === 'none' ? 'info' : 'warn', 'memory pressure has changed what is accepted', {
      level,
      pressurePercent: Math.round(pressurePercent),
    });
    if (level !== 'none') for (const listener of this.#listeners()) listener.shedConnections();
  }

  #serving(
    trust: HeaderTrust,
    environment: ForwardEnvironment,
  ): Pick<Parameters<typeof HttpListener.listen>[0], 'connection' | 'http2' | 'hasRoom' | 'accept' | 'onRefused'> {
    return {
      connection: {
        trust,
        clock: this.clock,
        get limits() {
          const { maxHeadBytes, maxHeaders } = environment.http;
          return { ...defaultHeadLimits, maxHeadBytes, maxHeaders };
        },
        get headerTimeoutMs() {
          return environment.http.requestHeadersTimeoutMs || Number.POSITIVE_INFINITY;
        },
        get idleTimeoutMs() {
          return environment.http.idleTimeoutMs || Number.POSITIVE_INFINITY;
        },
        describe: (failure) => this.#describe(failure, { service: '', rule: '', detail: '', isGrpc: false }),
        onRefused: (failure) => {
          this.refusedRequests++;
          this.#log('debug', 'a request is refused', { reason: failure });
        },
      },
      http2: {
        get limits() {
          return { ...defaultHttp2Limits, maxConcurrentStreams: environment.http.maxConcurrentStreams };
        },
        get streamIdleTimeoutMs() {
          return environment.http.streamIdleTimeoutMs || Number.POSITIVE_INFINITY;
        },
        get drainTimeoutMs() {
          return environment.http.drainTimeoutMs;
        },
        get maxRequests() {
          return environment.http.maxRequestsPerConnection;
        },
      },
      hasRoom: () => this.#hasRoom(),
      accept: (stream, peer) => new HttpExchange(environment, stream, peer),
      onRefused: (reason, address) => this.#log('debug', 'a connection is refused', { reason, address }),
    };
  }

  #environment(
    direction: 'outbound' | 'inbound',
    routes: RouteSource,
    http: ListenerHttp,
  ): ForwardEnvironment & TcpEnvironment {
    const { name, namespace, service, version } = this.#config;
    return {
      direction,
      routes,
      get http() {
        return http.current;
      },
      overload: this.overload,
      wheel: this.#wheel,
      clock: this.clock,
      random: Math.random,
      now: () => performance.now(),
      resolvePassthrough: (cluster, authority) =>
        resolvePassthrough(
          cluster,
          authority,
          (host) => this.#resolver.resolve(host),
          (address, port) => this.#isOwn(address, port),
        ),
      ownPeerMetadata: formatWorkloadName({ name, namespace, service, version, cluster: 'heddle' }),
      describe: (failure, context) => this.#describe(failure, context),
      recorder: { record: (exchange) => this.#recorder.record(exchange) },
      tcpRecorder: this.#tcpRecorder,
    };
  }

  /** Whether one of our own listeners is at this address: asked once for each request to the outside. */
  #isOwn(address: string, port: number): boolean {
    const isListening = this.#listeners().some((listener) => listener.port === port);
    if (!isListening) return false;
    if (address === this.#config.advertise) return true;
    const interfaces = Object.values(networkInterfaces()).flatMap((addresses) => addresses ?? []);
    return interfaces.some((local) => local.address === address);
  }

  #describe(
    failure: Parameters<typeof localReply>[0],
    context: Omit<Parameters<typeof localReply>[1], 'answeredBy' | 'remedy'>,
  ): LocalReply {
    const service = /^[a-z][a-z0-9-]*(?=\.|$)/.exec(context.service)?.[0] ?? '';
    return localReply(failure, {
      ...context,
      answeredBy: `sidecar of ${this.#config.name}`,
      remedy: service === '' ? '' : `heddle stat ${service}   or   heddle proxies`,
    });
  }
}

/** The settings of a listener, exchanged between two requests. */
interface ListenerHttp {
  current: HttpSettings;
}

/** What a dialler offers: exactly what it is going to speak. */
const meshAlpn = { http1: ALPN_HTTP1, http2: ALPN_HTTP2, tcp: ALPN_TCP } as const;

/** The routes of one inbound listener. CONNECT is refused: nobody tunnels through to an application. */
class InboundRoutes implements RouteSource {
  readonly service = '';
  readonly http: ListenerHttp = { current: defaultHttpSettings };
  table: RouteTable<Cluster> | null = null;

  lookup(head: RequestHead): RouteLookup {
    if (head.method === 'CONNECT') return 'upgradeNotSupported';
    return this.table ?? 'configurationPending';
  }
}
