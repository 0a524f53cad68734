import { once } from 'node:events';
import type { AddressInfo, Server, Socket } from 'node:net';
import { createServer } from 'node:net';
import { createTestMesh } from '../../certs/testing/test-identity.ts';
import { ALPN_HTTP1, ALPN_HTTP2 } from '../../proto/names.ts';
import { Cluster } from '../cluster/cluster.ts';
import type { ClusterConfig, EndpointConfig } from '../cluster/cluster-config.ts';
import { defaultClusterConfig } from '../cluster/cluster-config.ts';
import { nowhere } from '../cluster/place.ts';
import { responseFlag } from '../failure.ts';
import type { RequestFilter } from '../filter/request-filter.ts';
import type { DownstreamPeer, ForwardEnvironment, RequestShedding } from '../forward/forward-environment.ts';
import { localReply } from '../forward/local-reply.ts';
import { HttpExchange } from '../forward-http.ts';
import type { HttpCodecOptions } from '../listener/http-codecs.ts';
import { serveNewHttp } from '../listener/http-codecs.ts';
import { Listener } from '../listener/listener.ts';
import type { HttpSettings } from '../message/http-settings.ts';
import { defaultHttpSettings } from '../message/http-settings.ts';
import { defaultLimits } from '../resilience/circuit-breaker.ts';
import { TimerWheel } from '../resilience/timer-wheel.ts';
import { PathMatcher } from '../route/path-matcher.ts';
import type { ForwardAction, Route } from '../route/route.ts';
import { RouteTable } from '../route/route-table.ts';
import type { IdentityHolder } from '../tls/mesh-identity.ts';
import { SessionCache } from '../tls/session-cache.ts';
import { CoarseClock } from '../transport/coarse-clock.ts';
import { dialMesh, dialPlain } from '../upstream/dial.ts';
import { holderOf } from './mesh-identity.ts';

/** What was recorded of one request. */
export interface Recorded {
  readonly method: string;
  readonly status: number;
  readonly flag: string;
  readonly attempts: number;
  readonly requestBytes: number;
  readonly responseBytes: number;
}

/** A listener that forwards everything to one cluster, with all that a test wants to look at. */
export interface Forwarder {
  readonly port: number;
  readonly cluster: Cluster;
  readonly recorded: Recorded[];
  /** The peer of each accepted connection. */
  readonly peers: DownstreamPeer[];
  readonly refused: string[];
  readonly clock: CoarseClock;
  /** Connections that are open at its listener. */
  readonly openConnections: number;
  /** Connections that are still in use get `graceMs`, default 0. */
  close(graceMs?: number): Promise<void>;
}

export interface ForwarderOptions {
  readonly cluster?: Partial<ClusterConfig>;
  readonly action?: Partial<ForwardAction<Cluster>>;
  readonly http?: Partial<HttpSettings>;
  readonly filters?: readonly RequestFilter[];
  readonly overload?: RequestShedding;
  readonly headerTimeoutMs?: number;
  readonly wheel?: TimerWheel;
  readonly nowMs?: () => number;
  /** As outbound listeners do. Default false: what arrives is then what was sent. */
  readonly countsHops?: boolean;
  /** Makes it an inbound listener with mutual TLS, as this one. */
  readonly inboundAs?: IdentityHolder;
  /** Makes it dial with mutual TLS: who dials, and whom it expects to find. */
  readonly outboundAs?: { readonly identity: IdentityHolder; readonly expected: string };
}

export async function startForwarder(ports: readonly number[], options: ForwarderOptions = {}): Promise<Forwarder> {
  const clock = new CoarseClock(options.nowMs);
  const { inboundAs, outboundAs } = options;
  const sessions = new SessionCache();
  const endpoints = ports.map((port) => ({ ...endpointConfig(port), isMeshed: outboundAs !== undefined }));
  const cluster = new Cluster(clusterConfig(endpoints, options.cluster), {
    dial: (config, endpoint, protocol, result) => {
      const target = { ...endpoint, connectTimeoutMs: config.connectTimeoutMs };
      if (outboundAs === undefined) return dialPlain(target, result);
      const { identity, expected } = outboundAs;
      const mesh = {
        sni: 'test',
        alpnProtocols: [protocol === 'http2' ? ALPN_HTTP2 : ALPN_HTTP1],
        expectedIdentities: [expected],
      };
      dialMesh({ ...target, ...mesh }, identity, sessions, result);
    },
    coarseNow: () => clock.nowMs,
    now: () => performance.now(),
    random: () => 0.5,
    onEjection() {},
    healthChecks: null,
  });
  const table = routeTable(cluster, options.action, options.filters);
  const recorded: Recorded[] = [];
  const refused: string[] = [];
  const peers: DownstreamPeer[] = [];
  const environment: ForwardEnvironment = {
    direction: inboundAs === undefined ? 'outbound' : 'inbound',
    countsHops: options.countsHops ?? false,
    routes: { service: '', serviceOf: () => '', lookup: () => table },
    http: { ...defaultHttpSettings, ...options.http },
    overload: options.overload ?? { isShedding: false, shedRequests: 0 },
    wheel: options.wheel ?? new TimerWheel(),
    clock,
    random: () => 0.5,
    now: () => performance.now(),
    resolvePassthrough: async () => ({ failure: 'nameResolution', detail: 'not in this test' }),
    ownPeerMetadata: 'test;default;test;v1;heddle',
    describe: (failure, context) => localReply(failure, { ...context, answeredBy: 'test', remedy: '' }),
    recorder: {
      record: (exchange) => {
        const { head, status, failure, attempts, requestBytes, responseBytes } = exchange;
        recorded.push({
          method: head.method,
          status,
          flag: responseFlag(failure),
          attempts,
          requestBytes,
          responseBytes,
        });
      },
    },
  };
  const codecs: HttpCodecOptions = {
    connection: {
      trust: inboundAs === undefined ? 'application' : 'sidecar',
      clock,
      ...(options.headerTimeoutMs === undefined ? {} : { headerTimeoutMs: options.headerTimeoutMs }),
      describe: (failure) =>
        localReply(failure, { answeredBy: 'test', service: '', rule: '', detail: '', remedy: '', isGrpc: false }),
      onRefused: (failure) => refused.push(failure),
    },
    accept: (stream, { peer }) => {
      peers.push(peer);
      return new HttpExchange(environment, stream, peer);
    },
  };
  const listener = await Listener.listen({
    name: 'test',
    host: '127.0.0.1',
    port: 0,
    mesh: inboundAs === undefined ? null : { identity: inboundAs, alpnProtocols: [ALPN_HTTP2, ALPN_HTTP1] },
    clock,
    serve: (connection) => serveNewHttp(connection, codecs),
    onRefused: (reason) => refused.push(reason),
  });
  return {
    port: listener.port,
    cluster,
    recorded,
    peers,
    refused,
    clock,
    get openConnections() {
      return listener.openConnections;
    },
    close: async (graceMs = 0) => {
      await listener.close(graceMs);
      cluster.close();
    },
  };
}

/** One route that takes everything to one cluster. */
export function routeTable(
  cluster: Cluster,
  action: Partial<ForwardAction<Cluster>> = {},
  filters: readonly RequestFilter[] | null = null,
): RouteTable<Cluster> {
  const route: Route<Cluster> = {
    name: 'default',
    action: {
      kind: 'forward',
      pick: () => cluster,
      timeoutMs: 0,
      idleTimeoutMs: 0,
      maxStreamMs: 0,
      maxCallMs: 0,
      retry: null,
      pathRewrite: null,
      fallback: null,
      isHighPriority: false,
      hostRewrite: null,
      hostHeader: null,
      upgrades: null,
      pickEdited: null,
      mirrors: null,
      session: null,
      hashPolicies: null,
      ...action,
    },
    filters,
    requestHeaders: null,
    responseHeaders: null,
    origin: null,
  };
  const routes = [{ path: PathMatcher.prefix('/'), headers: [], queryParameters: [], isForGrpc: false, route }];
  return new RouteTable([{ name: 'all', domains: ['*'], routes }]);
}

/** A cluster by itself, called without TLS at these ports of loopback. */
export function plainCluster(ports: readonly number[], overrides: Partial<ClusterConfig> = {}): Cluster {
  const clock = new CoarseClock();
  return new Cluster(clusterConfig(ports.map(endpointConfig), overrides), {
    dial: (config, endpoint, _protocol, result) =>
      dialPlain({ ...endpoint, connectTimeoutMs: config.connectTimeoutMs }, result),
    coarseNow: () => clock.nowMs,
    now: () => performance.now(),
    random: () => 0.5,
    onEjection() {},
    healthChecks: null,
  });
}

export function endpointConfig(port: number): EndpointConfig {
  return {
    key: `127.0.0.1:${port}`,
    address: '127.0.0.1',
    port,
    isMeshed: false,
    workload: `w${port}`,
    namespace: 'default',
    service: 'test',
    version: 'v1',
    weight: 1,
    health: 'healthy',
    place: nowhere,
  };
}

export function clusterConfig(
  endpoints: readonly EndpointConfig[],
  overrides: Partial<ClusterConfig> = {},
): ClusterConfig {
  return {
    ...defaultClusterConfig('test'),
    endpoints,
    serviceHost: 'test.default.svc.cluster.local',
    serviceName: 'test',
    serviceNamespace: 'default',
    idleTimeoutMs: 60_000,
    circuitBreaker: { ...defaultLimits, retryBudgetPercent: 20 },
    ...overrides,
  };
}

/** The outer of two forwarders with mutual TLS between them, as between two sidecars; and the inner one. */
export async function startMesh(
  appPort: number,
  close: (stop: () => Promise<void>) => void,
  options: ForwarderOptions = {},
): Promise<MeshOfTwo> {
  const mesh = createTestMesh();
  const inbound = await startForwarder([appPort], { ...options, inboundAs: holderOf(mesh, 'cart') });
  close(inbound.close);
  const outboundAs = { identity: holderOf(mesh, 'web'), expected: mesh.id('cart') };
  const outbound = await startForwarder([inbound.port], { ...options, outboundAs });
  close(outbound.close);
  return { inbound, outbound };
}

export interface MeshOfTwo {
  readonly inbound: Forwarder;
  readonly outbound: Forwarder;
}

/** A TCP server that a test scripts byte by byte. */
export interface ScriptedServer {
  readonly port: number;
  /** Everything that any connection has sent, as latin1 text. */
  received(): string;
  readonly connections: Socket[];
  close(): Promise<void>;
}

/** `answer` is called with all that a connection has sent so far whenever more arrives. */
export async function startScriptedServer(answer: (socket: Socket, text: string) => void): Promise<ScriptedServer> {
  const texts: string[] = [];
  const connections: Socket[] = [];
  const server: Server = createServer((socket) => {
    const index = texts.push('') - 1;
    connections.push(socket);
    socket.on('error', () => {});
    socket.on('data', (chunk) => {
      texts[index] += chunk.toString('latin1');
      answer(socket, texts[index] ?? '');
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    received: () => texts.join(''),
    connections,
    close: async () => {
      for (const socket of connections) socket.destroy();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}
