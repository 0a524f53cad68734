import { once } from 'node:events';
import type { AddressInfo, Server, Socket } from 'node:net';
import { createServer } from 'node:net';
import { Cluster } from '../cluster/cluster.ts';
import type { ClusterConfig, EndpointConfig } from '../cluster/cluster-config.ts';
import type { ForwardEnvironment } from '../forward-environment.ts';
import { HttpExchange, responseFlag } from '../forward-http.ts';
import { HttpListener } from '../listener/http-listener.ts';
import { localReply } from '../local-reply.ts';
import { TimerWheel } from '../resilience/timer-wheel.ts';
import { PathMatcher } from '../route/path-matcher.ts';
import type { ForwardAction, Route } from '../route/route.ts';
import { RouteTable } from '../route/route-table.ts';
import { CoarseClock } from '../transport/coarse-clock.ts';
import { dialPlain } from '../upstream/dial.ts';

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
  readonly refused: string[];
  readonly clock: CoarseClock;
  close(): Promise<void>;
}

export interface ForwarderOptions {
  readonly cluster?: Partial<ClusterConfig>;
  readonly action?: Partial<ForwardAction<Cluster>>;
  readonly headerTimeoutMs?: number;
  readonly nowMs?: () => number;
}

export async function startForwarder(ports: readonly number[], options: ForwarderOptions = {}): Promise<Forwarder> {
  const clock = new CoarseClock(options.nowMs);
  const cluster = new Cluster(clusterConfig(ports.map(endpointConfig), options.cluster), {
    dial: (config, endpoint, result) => dialPlain({ ...endpoint, connectTimeoutMs: config.connectTimeoutMs }, result),
    coarseNow: () => clock.nowMs,
    now: () => performance.now(),
    random: () => 0.5,
    onEjection() {},
  });
  const table = routeTable(cluster, options.action);
  const recorded: Recorded[] = [];
  const refused: string[] = [];
  const environment: ForwardEnvironment = {
    direction: 'outbound',
    routes: { lookup: () => table },
    wheel: new TimerWheel(),
    clock,
    random: () => 0.5,
    now: () => performance.now(),
    resolvePassthrough: async () => ({ failure: 'nameResolution', detail: 'not in this test' }),
    ownPeerMetadata: 'test;default;test;v1;heddle',
    describe: (failure, context) => localReply(failure, { ...context, answeredBy: 'test', remedy: '' }),
    recorder: {
      record: (exchange) => {
        const { head, status, attempts, requestBytes, responseBytes } = exchange;
        recorded.push({
          method: head.method,
          status,
          flag: responseFlag(exchange),
          attempts,
          requestBytes,
          responseBytes,
        });
      },
    },
  };
  const listener = await HttpListener.listen({
    name: 'test',
    host: '127.0.0.1',
    port: 0,
    mesh: null,
    connection: {
      trust: 'application',
      clock,
      ...(options.headerTimeoutMs === undefined ? {} : { headerTimeoutMs: options.headerTimeoutMs }),
      describe: (failure) => localReply(failure, { answeredBy: 'test', service: '', rule: '', detail: '', remedy: '' }),
      onRefused: (failure) => refused.push(failure),
    },
    accept: (connection, peer) => new HttpExchange(environment, connection, peer),
    onRefused: (reason) => refused.push(reason),
  });
  return {
    port: listener.port,
    cluster,
    recorded,
    refused,
    clock,
    close: async () => {
      cluster.close();
      await listener.close(0);
    },
  };
}

function routeTable(cluster: Cluster, action: Partial<ForwardAction<Cluster>> = {}): RouteTable<Cluster> {
  const route: Route<Cluster> = {
    name: 'default',
    action: {
      kind: 'forward',
      pick: () => cluster,
      timeoutMs: 0,
      idleTimeoutMs: 0,
      retry: null,
      pathRewrite: null,
      hostRewrite: null,
      ...action,
    },
    requestHeaders: null,
    responseHeaders: null,
    origin: null,
  };
  const routes = [{ path: PathMatcher.prefix('/'), headers: [], queryParameters: [], route }];
  return new RouteTable([{ name: 'all', domains: ['*'], routes }]);
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
  };
}

export function clusterConfig(
  endpoints: readonly EndpointConfig[],
  overrides: Partial<ClusterConfig> = {},
): ClusterConfig {
  return {
    name: 'test',
    discovery: 'static',
    edsName: '',
    endpoints,
    serviceHost: 'test.default.svc.cluster.local',
    serviceName: 'test',
    serviceNamespace: 'default',
    connectTimeoutMs: 5000,
    idleTimeoutMs: 60_000,
    balancer: 'round-robin',
    circuitBreaker: {
      maxConnections: 1024,
      maxPendingRequests: 1024,
      maxRequests: 1024,
      maxRetries: 3,
      retryBudgetPercent: 20,
      minRetryConcurrency: 3,
    },
    outlierDetection: null,
    panicThresholdPercent: 50,
    meshTls: null,
    ...overrides,
  };
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
