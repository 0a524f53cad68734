import { once } from 'node:events';
import type { AddressInfo, Socket } from 'node:net';
import { createServer } from 'node:net';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { createTestMesh } from '../../certs/testing/test-identity.ts';
import { ALPN_HTTP1, ALPN_TCP } from '../../proto/names.ts';
import { Cluster } from '../cluster/cluster.ts';
import { proxyConfig } from '../config.ts';
import { responseFlag } from '../failure.ts';
import type { ForwardedConnection } from '../forward-tcp.ts';
import { defaultHttpSettings } from '../message/http-settings.ts';
import type { ChainMatch, FilterChain, NewConnections } from '../route/filter-chains.ts';
import { FilterChains } from '../route/filter-chains.ts';
import { clusterConfig, endpointConfig, routeTable } from '../testing/forwarder.ts';
import { holderOf, meshIdentity } from '../testing/mesh-identity.ts';
import { SessionCache } from '../tls/session-cache.ts';
import type { OpenedTransport } from '../transport/open-transport.ts';
import { dialMesh } from '../upstream/dial.ts';
import { InboundPortChains } from './serve-inbound.ts';
import { Traffic } from './traffic.ts';

const mesh = createTestMesh();
const closers: (() => Promise<void> | void)[] = [];
const inspection = { tls: false, http: false, timeoutMs: 0, continuesOnTimeout: false };

afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

/** An application that echoes, behind an inbound listener that takes these protocols for it. */
async function inbound(protocols: readonly string[], isTold = true, rate: NewConnections | null = null) {
  const sockets = new Set<Socket>();
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    sockets.add(socket);
    socket.on('error', () => {});
    socket.on('data', (chunk) => {
      const isHttp = chunk.toString().startsWith('GET ');
      socket.write(isHttp ? 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok' : chunk);
    });
    socket.on('end', () => socket.end());
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const closed: ForwardedConnection[] = [];
  const traffic = new Traffic(proxyConfig({ service: 'cart', stateDirectory: '/nowhere' }), () => {});
  traffic.record({ record() {} }, { opened() {}, progress() {}, closed: (connection) => closed.push(connection) });
  traffic.identity.set(meshIdentity(mesh, mesh.identity('cart'), mesh.id('cart')));
  const place = { name: 'inbound', host: '127.0.0.1', port: 0, isHandedOver: false };
  const { listener } = await traffic.openInbound(port, place);
  const cluster = new Cluster(clusterConfig([endpointConfig(port)]), traffic.clusterEnvironment);
  const chains = protocols.map((protocol) => {
    const match: ChainMatch = { serverNames: [], transportProtocol: 'tls', applicationProtocols: [protocol] };
    const tcp = { name: 'in', pick: () => cluster, idleTimeoutMs: 3_600_000, maxConnectAttempts: 1, isBySource: false };
    const chain: FilterChain<Cluster> =
      protocol === ALPN_TCP
        ? { kind: 'tcp', route: tcp, rate }
        : { kind: 'http', table: routeTable(cluster), routesName: '', http: defaultHttpSettings };
    return { match, chain };
  });
  const tell = () => traffic.setInboundChains(port, new FilterChains(chains, null, inspection));
  if (isTold) tell();
  closers.push(async () => {
    for (const socket of sockets) socket.destroy();
    server.close();
    cluster.close();
    await traffic.close(0);
  });
  return { listener, closed, sockets, tell, takeOut: () => traffic.setInboundChains(port, null) };
}

/** A connection of another sidecar. */
function dial(port: number, alpn: string): Promise<OpenedTransport> {
  return new Promise((resolve, reject) => {
    const target = { address: '127.0.0.1', port, connectTimeoutMs: 5000 };
    const expected = { sni: 'cart', alpnProtocols: [alpn], expectedIdentities: [mesh.id('cart')] };
    dialMesh({ ...target, ...expected }, holderOf(mesh, 'web'), new SessionCache(), {
      onConnected: resolve,
      onDialFailed: (failure, detail) => reject(new Error(`${failure}: ${detail}`)),
    });
  });
}

/** Sends this, says no more, and reads until the other side has ended. */
function exchange(transport: OpenedTransport, bytes: string): Promise<string> {
  return new Promise((resolve) => {
    let text = '';
    transport.setHandler({
      onBytes: (buffer, length) => {
        text += buffer.toString('latin1', 0, length);
      },
      onEnd() {},
      onDrain() {},
      onClose: () => resolve(text),
    });
    transport.allowHalfOpen(true);
    transport.startReading();
    transport.writeText(bytes);
    transport.finish();
  });
}

/** Asks over HTTP/1; the first bytes that come back. */
function firstAnswer(transport: OpenedTransport): Promise<string> {
  return new Promise((resolve) => {
    transport.setHandler({
      onBytes: (buffer, length) => resolve(buffer.toString('latin1', 0, length)),
      onEnd() {},
      onDrain() {},
      onClose: () => resolve(''),
    });
    transport.startReading();
    transport.writeText('GET / HTTP/1.1\r\nHost: a\r\n\r\n');
  });
}

describe('serveInbound', () => {
  it('carries what the handshake called TCP to the application, whatever it looks like', async () => {
    const { listener, closed } = await inbound([ALPN_HTTP1, ALPN_TCP]);
    expect(await exchange(await dial(listener.port, ALPN_TCP), '*1\r\n$4\r\nPING\r\n')).toBe('*1\r\n$4\r\nPING\r\n');
    const bare = await exchange(await dial(listener.port, ALPN_TCP), 'GET / HTTP/1.1\r\nHost: a\r\n\r\n');
    expect(bare).toBe('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok');
    await vi.waitFor(() => expect(closed).toHaveLength(2));
    expect(closed.map(({ peer, failure }) => [peer.principal, failure])).toEqual([
      [mesh.id('web'), null],
      [mesh.id('web'), null],
    ]);
  });

  it.each([
    ['that was told of no such protocol', [ALPN_HTTP1], 'UF'],
    ['that was taken out of service', [ALPN_TCP], 'NC'],
  ])('closes TCP at a port %s, and the application sees nothing', async (_what, protocols, flag) => {
    const { listener, closed, sockets, takeOut } = await inbound(protocols);
    if (flag === 'NC') takeOut();
    expect(await exchange(await dial(listener.port, ALPN_TCP), 'hello')).toBe('');
    await vi.waitFor(() => expect(closed.map(({ failure }) => responseFlag(failure))).toEqual([flag]));
    expect(sockets.size).toBe(0);
  });

  it('closes connections beyond a rate and says why, and the application sees nothing of them', async () => {
    const refusals = [null, '1 in 60 s', null];
    const { listener, closed, sockets } = await inbound([ALPN_TCP], true, { refusal: () => refusals.shift() ?? null });
    expect(await exchange(await dial(listener.port, ALPN_TCP), 'one')).toBe('one');
    expect(await exchange(await dial(listener.port, ALPN_TCP), 'two')).toBe('');
    expect(await exchange(await dial(listener.port, ALPN_TCP), 'three')).toBe('three');
    await vi.waitFor(() => expect(closed).toHaveLength(3));
    const refused = closed.filter(({ failure }) => failure !== null);
    expect(refused).toMatchObject([{ failure: 'connectionRateLimited', detail: '1 in 60 s', attempts: 0 }]);
    expect(sockets.size).toBe(2);
  });

  it('has connections wait that come before it is said what is served', async () => {
    const { listener, tell, takeOut } = await inbound([ALPN_HTTP1, ALPN_TCP], false);
    takeOut(); // what the control plane says of a workload that it does not know yet
    const gone = await dial(listener.port, ALPN_TCP);
    const [http, tcp] = [await dial(listener.port, ALPN_HTTP1), await dial(listener.port, ALPN_TCP)];
    const answers = [firstAnswer(http), exchange(tcp, 'hello')];
    gone.destroy();
    await vi.waitFor(() => expect(listener.counters.handshakes).toBe(3));
    expect(listener.counters.accepted).toBe(3);
    tell();
    expect((await Promise.all(answers)).map((text) => text.slice(-5))).toEqual(['\n\r\nok', 'hello']);
    http.destroy();
  });

  it('answers with the reason when nothing is said in time', async () => {
    const chains = new InboundPortChains('', 1);
    await chains.told;
    expect(await chains.lookup()).toBe('configurationPending');
    expect(chains.told).not.toBeNull();
    chains.set(null);
    expect(chains.told).not.toBeNull();
  });

  it('lets callers wait that come between what was on the disk and what is said now', async () => {
    const { listener, tell, takeOut } = await inbound([ALPN_HTTP1]);
    const open = await dial(listener.port, ALPN_HTTP1);
    expect(await firstAnswer(open)).toMatch(/^HTTP\/1\.1 200 /);
    takeOut();
    const late = await dial(listener.port, ALPN_HTTP1);
    const answers = [firstAnswer(open), firstAnswer(late)];
    await expect.poll(() => listener.counters.accepted).toBe(2);
    tell();
    expect((await Promise.all(answers)).map((text) => text.slice(0, 12))).toEqual(['HTTP/1.1 200', 'HTTP/1.1 200']);
    open.destroy();
    late.destroy();
  });

  it('answers HTTP at a port that takes only TCP', async () => {
    const { listener, sockets } = await inbound([ALPN_TCP]);
    const transport = await dial(listener.port, ALPN_HTTP1);
    const text = await firstAnswer(transport);
    expect(text).toMatch(/^HTTP\/1\.1 503 [\s\S]*x-heddle-reason: UF/);
    expect(sockets.size).toBe(0);
    transport.destroy();
  });
});
