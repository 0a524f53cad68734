import { once } from 'node:events';
import type { AddressInfo, Socket } from 'node:net';
import { connect, createServer } from 'node:net';
import { Cluster } from '../cluster/cluster.ts';
import type { ClusterConfig } from '../cluster/cluster-config.ts';
import type { Failure } from '../failure.ts';
import type { ForwardedConnection, TcpEnvironment } from '../forward-tcp.ts';
import { TcpConnection } from '../forward-tcp.ts';
import type { TcpRoute } from '../route/tcp-route.ts';
import { CoarseClock } from '../transport/coarse-clock.ts';
import { openTransport } from '../transport/open-transport.ts';
import type { Dial } from '../upstream/dial.ts';
import { dialPlain } from '../upstream/dial.ts';
import { clusterConfig, endpointConfig } from './forwarder.ts';

/** A port whose connections are carried to one cluster, with all that a test wants to look at. */
export interface TcpForwarder {
  readonly port: number;
  readonly cluster: Cluster;
  /** Connections that are over. */
  readonly closed: ForwardedConnection[];
  readonly opened: ForwardedConnection[];
  readonly clock: CoarseClock;
  readonly open: ReadonlySet<TcpConnection>;
  close(): Promise<void>;
}

export interface TcpForwarderOptions {
  readonly cluster?: Partial<ClusterConfig>;
  readonly route?: Partial<TcpRoute<Cluster>>;
  readonly nowMs?: () => number;
  readonly refuseWith?: Failure;
  /** Where clients are said to come from. */
  readonly address?: string;
  /** Takes the place of dialling the endpoint in plaintext. */
  readonly dial?: Dial;
}

export async function startTcpForwarder(
  ports: readonly number[],
  {
    cluster: overrides,
    route: routeOverrides,
    nowMs,
    refuseWith,
    dial,
    address = '127.0.0.1',
  }: TcpForwarderOptions = {},
): Promise<TcpForwarder> {
  const clock = new CoarseClock(nowMs);
  const cluster = new Cluster(clusterConfig(ports.map(endpointConfig), overrides), {
    dial: (config, endpoint, _protocol, result) => {
      if (dial !== undefined) dial(result);
      else dialPlain({ ...endpoint, connectTimeoutMs: config.connectTimeoutMs }, result);
    },
    coarseNow: () => clock.nowMs,
    now: () => performance.now(),
    random: () => 0.5,
    onEjection() {},
    healthChecks: null,
  });
  const closed: ForwardedConnection[] = [];
  const opened: ForwardedConnection[] = [];
  const environment: TcpEnvironment = {
    direction: 'outbound',
    clock,
    now: () => performance.now(),
    resolvePassthrough: async () => ({ failure: 'nameResolution', detail: 'not in this test' }),
    ownPeerMetadata: 'test;default;test;v1;heddle',
    tcpRecorder: {
      opened: (connection) => opened.push(connection),
      progress() {},
      closed: (connection) => closed.push(connection),
    },
  };
  const route: TcpRoute<Cluster> = {
    name: 'test',
    pick: () => cluster,
    idleTimeoutMs: 3_600_000,
    maxConnectAttempts: 1,
    isBySource: false,
    ...routeOverrides,
  };
  const open = new Set<TcpConnection>();
  clock.onTick((now) => {
    for (const connection of open) connection.sweep(now);
  });
  const sockets = new Set<Socket>();
  const server = createServer({ noDelay: true }, (socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
    const transport = openTransport(socket);
    const peer = { principal: '', address: `${address}:${socket.remotePort}`, clientCertLine: '', metadata: '' };
    const connection = new TcpConnection(environment, peer, '', (over) => open.delete(over));
    open.add(connection);
    transport.pause();
    transport.startReading();
    if (refuseWith !== undefined) {
      connection.refuse(transport, refuseWith, '');
      return;
    }
    connection.connect(route, '', null);
    connection.take(transport, null, false);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    cluster,
    closed,
    opened,
    clock,
    open,
    close: async () => {
      for (const socket of sockets) socket.destroy();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}

/** A client that may be the first to end, and that survives a reset. */
export async function connectTo(port: number): Promise<Socket> {
  const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true, noDelay: true });
  socket.on('error', () => {});
  await once(socket, 'connect');
  return socket;
}
