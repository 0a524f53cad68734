import { once } from 'node:events';
import type { AddressInfo, Socket } from 'node:net';
import { createServer } from 'node:net';
import { connectTcp } from '../../examples/testing/tcp-client.ts';
import { outboundListenerName } from '../../proto/names.ts';
import { Cluster } from '../cluster/cluster.ts';
import { proxyConfig } from '../config.ts';
import type { ForwardedConnection } from '../forward-tcp.ts';
import type { Listener } from '../listener/listener.ts';
import { defaultHttpSettings } from '../message/http-settings.ts';
import type { ChainMatch, FilterChain, Inspection } from '../route/filter-chains.ts';
import { FilterChains } from '../route/filter-chains.ts';
import type { NamedListenersAnswer } from '../serve/connect-tunnels.ts';
import type { NamedRoutesAnswer } from '../serve/outbound-routes.ts';
import { ProxyPortRoutes } from '../serve/outbound-routes.ts';
import { Traffic } from '../serve/traffic.ts';
import { clusterConfig, endpointConfig, routeTable } from './forwarder.ts';

/** The service that everything leads to. */
const host = 'cart.default.svc.cluster.local';
const nothing: Inspection = { tls: false, http: false, timeoutMs: 0, continuesOnTimeout: false };
const everything: Inspection = { tls: true, http: true, timeoutMs: 10_000, continuesOnTimeout: true };
const anything: ChainMatch = { serverNames: [], transportProtocol: '', applicationProtocols: [] };

/** A sidecar's outbound side without a control plane: a test says what is in force, and sees what was recorded. */
export class OutboundFixture {
  /** TCP connections that are over. */
  readonly closed: ForwardedConnection[] = [];
  /** Statuses of the requests that were answered. */
  readonly answered: number[] = [];
  /** The cluster that was made last. */
  cluster: Cluster | null = null;
  /** What the control plane says of the service's routes; by default, that they lead to the last cluster. */
  routes: NamedRoutesAnswer | null = null;
  readonly #traffic: Traffic;
  readonly #closers: (() => Promise<void> | void)[] = [];

  constructor() {
    this.#traffic = new Traffic(proxyConfig({ service: 'web', stateDirectory: '/nowhere' }), () => {});
    this.#traffic.record(
      { record: ({ status }) => this.answered.push(status) },
      { opened() {}, progress() {}, closed: (connection) => this.closed.push(connection) },
    );
  }

  get openConnections(): number {
    return this.#traffic.outbound.reduce((sum, { openConnections }) => sum + openConnections, 0);
  }

  /** The port of a declared upstream, whose service's port carries this. */
  async upstream(listener: NamedListenersAnswer | Promise<NamedListenersAnswer>): Promise<number> {
    const place = { name: 'upstream', host: '127.0.0.1', port: 0, isHandedOver: false };
    const routes = { resolve: () => this.#routes() };
    return (await this.#traffic.openUpstream(place, { resolve: () => listener }, routes, `${host}:80`)).port;
  }

  /** The HTTP proxy port; `cart` is the one service of the mesh, and there is a policy for hosts outside. */
  async proxy(
    listener: NamedListenersAnswer | Promise<NamedListenersAnswer>,
    outside: NamedRoutesAnswer = 'absent',
  ): Promise<Listener> {
    const listeners = { resolve: (name: string) => (name === outboundListenerName(host, 80) ? listener : 'absent') };
    const routes = { resolve: (name: string) => (name === `${host}:80` ? this.#routes() : 'absent') };
    const unknownHosts = () => (typeof outside === 'string' ? null : outside);
    return await this.#traffic.openProxy(
      { name: 'proxy', host: '127.0.0.1', port: 0, isHandedOver: false },
      {
        listeners,
        routes,
        unknownHosts,
        proxyRoutes: new ProxyPortRoutes(routes, 'default', () => ({ unknownHosts: unknownHosts(), external: null })),
      },
    );
  }

  /** A server of loopback whose clients may end first; its port. */
  async server(onSocket: (socket: Socket) => void): Promise<number> {
    const sockets = new Set<Socket>();
    const server = createServer({ allowHalfOpen: true, noDelay: true }, (socket) => {
      sockets.add(socket);
      socket.on('error', () => {});
      socket.on('close', () => sockets.delete(socket));
      onSocket(socket);
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    this.#closers.push(async () => {
      for (const socket of sockets) socket.destroy();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    });
    const { port } = server.address() as AddressInfo;
    this.#cluster(port);
    return port;
  }

  /** A server that answers every read like a request of HTTP. */
  http(): Promise<number> {
    return this.server((socket) => {
      socket.on('data', () => socket.write('HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nfrom http'));
      socket.on('end', () => socket.end());
    });
  }

  /** Declared to carry TCP. */
  tcp(port: number): FilterChains<Cluster> {
    return new FilterChains([{ match: anything, chain: this.#carrying(port) }], null, nothing);
  }

  /** To be found out. */
  undeclared(port: number): FilterChains<Cluster> {
    const applicationProtocols = ['http/1.0', 'http/1.1', 'h2c'];
    const match: ChainMatch = { serverNames: [], transportProtocol: 'raw_buffer', applicationProtocols };
    const http: FilterChain<Cluster> = {
      kind: 'http',
      table: null,
      routesName: `${host}:80`,
      http: defaultHttpSettings,
    };
    return new FilterChains([{ match, chain: http }], this.#carrying(port), everything);
  }

  /** TLS that goes by its server name, and nothing else. */
  byServerName(chains: readonly { serverNames: string[]; server: number }[]): FilterChains<Cluster> {
    return new FilterChains(
      chains.map(({ serverNames, server }) => ({
        match: { serverNames, transportProtocol: 'tls' as const, applicationProtocols: [] },
        chain: this.#carrying(server),
      })),
      null,
      { ...everything, http: false },
    );
  }

  /** A client that may end first, and that survives a reset. */
  async client(port: number): Promise<Socket> {
    const socket = await connectTcp(port);
    this.#closers.push(() => void socket.destroy());
    return socket;
  }

  async close(): Promise<void> {
    for (const close of this.#closers.splice(0).reverse()) await close();
    this.cluster?.close();
    await this.#traffic.close(0);
  }

  #carrying(port: number): FilterChain<Cluster> {
    const cluster = this.#cluster(port);
    const route = {
      name: 'carried',
      pick: () => cluster,
      idleTimeoutMs: 3_600_000,
      maxConnectAttempts: 1,
      isBySource: false,
    };
    return { kind: 'tcp', rate: null, route };
  }

  #cluster(port: number): Cluster {
    if ([...(this.cluster?.endpoints ?? [])].some(({ config }) => config.port === port)) return this.cluster as Cluster;
    this.cluster = new Cluster(clusterConfig([endpointConfig(port)]), this.#traffic.clusterEnvironment);
    return this.cluster;
  }

  #routes(): NamedRoutesAnswer {
    if (this.routes !== null) return this.routes;
    return this.cluster === null ? 'absent' : routeTable(this.cluster);
  }
}
