import { once } from 'node:events';
import type { AddressInfo, Socket } from 'node:net';
import { connect, createServer } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { createTestMesh } from '../../certs/testing/test-identity.ts';
import type { Forwarder, ForwarderOptions } from '../testing/forwarder.ts';
import { startForwarder, startScriptedServer } from '../testing/forwarder.ts';
import { holderOf } from '../testing/mesh-identity.ts';
import { sendRaw } from '../testing/raw-client.ts';

const closers: (() => Promise<unknown>)[] = [];

afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

/** A network between two sockets that can stop carrying anything without a word to either, as when a host loses power. */
class Network {
  port = 0;
  readonly #pairs: [Socket, Socket][] = [];

  get connections(): number {
    return this.#pairs.length;
  }

  static async to(port: number): Promise<Network> {
    const network = new Network();
    const server = createServer((near) => {
      const far = connect(port, '127.0.0.1');
      network.#pairs.push([near, far]);
      for (const socket of [near, far]) socket.on('error', () => {});
      near.on('data', (bytes) => far.write(bytes));
      far.on('data', (bytes) => near.write(bytes));
      near.on('close', () => far.destroy());
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    network.port = (server.address() as AddressInfo).port;
    closers.push(async () => {
      for (const socket of network.#pairs.flat()) socket.destroy();
      server.close();
    });
    return network;
  }

  /** For the connections of now. */
  fallSilent(): void {
    for (const socket of this.#pairs.flat()) socket.removeAllListeners('data').pause();
  }
}

/** Two sidecars with HTTP/2 between them, over a network; `pass` lets time go by for the first. */
async function startOverNetwork(options: ForwarderOptions) {
  const app = await startScriptedServer((socket) => socket.write('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok'));
  const mesh = createTestMesh();
  const inbound = await startForwarder([app.port], { inboundAs: holderOf(mesh, 'cart') });
  const network = await Network.to(inbound.port);
  let nowMs = 0;
  const outbound: Forwarder = await startForwarder([network.port], {
    ...options,
    cluster: { upstreamProtocol: 'http2' },
    outboundAs: { identity: holderOf(mesh, 'web'), expected: mesh.id('cart') },
    nowMs: () => nowMs,
  });
  closers.push(
    app.close,
    () => inbound.close(),
    () => outbound.close(),
  );
  return {
    network,
    outbound,
    pass: (seconds: number): void => {
      for (let i = 0; i < seconds; i++) {
        nowMs += 1000;
        outbound.clock.tick();
        outbound.cluster.sweep(nowMs);
      }
    },
    ask: () => sendRaw(outbound.port, 'GET / HTTP/1.1\r\nHost: a\r\n\r\n', (text) => /ok$|\}\n$/.test(text)),
  };
}

describe('HTTP/2 between sidecars, when the other one is gone without a word', () => {
  it('is found out, and what waited is told; the next request gets a new connection', async () => {
    const { network, outbound, pass, ask } = await startOverNetwork({});
    expect((await ask()).status).toBe(200);
    network.fallSilent();
    const waiting = ask();
    await expect.poll(() => [...outbound.cluster.endpoints][0]?.activeRequests).toBe(1);
    pass(22);
    expect((await waiting).text).toMatch(/^HTTP\/1\.1 503 .*x-heddle-reason: UC\r\n/s);
    expect(network.connections).toBe(1);
    expect((await ask()).status).toBe(200);
    expect(network.connections).toBe(2);
    expect(outbound.recorded.map(({ flag }) => flag)).toEqual(['-', 'UC', '-']);
  });

  it('costs one request its time-out, and the next ones nothing', async () => {
    const { network, outbound, pass, ask } = await startOverNetwork({ action: { timeoutMs: 100 } });
    expect((await ask()).status).toBe(200);
    network.fallSilent();
    pass(2);
    expect((await ask()).status).toBe(504);
    expect((await ask()).status).toBe(200);
    expect(network.connections).toBe(2);
    pass(1);
    expect([...outbound.cluster.endpoints][0]?.openConnections).toBe(1);
    expect(outbound.recorded.map(({ flag }) => flag)).toEqual(['-', 'UT', '-']);
  });
});
