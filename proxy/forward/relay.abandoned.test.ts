import { Buffer } from 'node:buffer';
import { once } from 'node:events';
import type { AddressInfo, Server, Socket } from 'node:net';
import { connect, createServer } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createTestMesh } from '../../certs/testing/test-identity.ts';
import type { UpstreamProtocol } from '../cluster/endpoint.ts';
import { data, open, PREFACE, post, settings } from '../http2/testing/wire.ts';
import type { Forwarder } from '../testing/forwarder.ts';
import { startForwarder } from '../testing/forwarder.ts';
import { holderOf } from '../testing/mesh-identity.ts';

const BYTES = 10_000_000;
const closers: (() => Promise<unknown>)[] = [];

let server: Server;
let upstreams: Set<Socket>;
let received: number;

/** An application that reads all it is sent, and answers nothing. */
beforeEach(async () => {
  upstreams = new Set();
  received = 0;
  server = createServer((socket) => {
    upstreams.add(socket);
    socket.on('error', () => {});
    socket.on('close', () => upstreams.delete(socket));
    socket.on('data', (bytes) => {
      received += bytes.length;
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
});

afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
  for (const socket of upstreams) socket.destroy();
  await new Promise((resolve) => server.close(resolve));
});

type Upload = (socket: Socket) => Promise<void>;

const write = (socket: Socket, bytes: Buffer | string) =>
  new Promise<void>((resolve) => socket.write(bytes, () => resolve()));

/** Half of what it says that it will send. */
const overHttp1: Upload = async (socket) => {
  await write(socket, `POST / HTTP/1.1\r\nHost: a\r\nContent-Length: ${2 * BYTES}\r\n\r\n`);
  await write(socket, Buffer.alloc(BYTES, 'x'));
};

/** The same over as many streams as it takes to need no more room than there is from the start. */
const overHttp2: Upload = async (socket) => {
  await write(socket, Buffer.concat([PREFACE, settings()]));
  for (let sent = 0, id = 1; sent < BYTES; id += 2) {
    // what the application has taken makes room for more: 1 MiB may be under way
    const pieces = Array.from({ length: 15 }, () => data(id, Buffer.alloc(16_000, 'x')));
    await write(socket, Buffer.concat([open(id, post), ...pieces]));
    sent += 15 * 16_000;
    await expect.poll(() => received, { interval: 5 }).toBeGreaterThan(sent);
  }
};

describe.each<UpstreamProtocol>(['http1', 'http2'])('a client that breaks off, where sidecars speak %s', (between) => {
  let inbound: Forwarder;
  let outbound: Forwarder;

  beforeEach(async () => {
    const mesh = createTestMesh();
    inbound = await startForwarder([(server.address() as AddressInfo).port], { inboundAs: holderOf(mesh, 'cart') });
    const outboundAs = { identity: holderOf(mesh, 'web'), expected: mesh.id('cart') };
    outbound = await startForwarder([inbound.port], { outboundAs, cluster: { upstreamProtocol: between } });
    closers.push(
      () => inbound.close(),
      () => outbound.close(),
    );
  });

  it.each([
    ['HTTP/1', overHttp1],
    ['HTTP/2', overHttp2],
  ])('10 MB into its request over %s takes everything with it, within a second', async (_version, upload) => {
    const socket = connect(outbound.port, '127.0.0.1').on('error', () => {});
    await once(socket, 'connect');
    socket.resume();
    await upload(socket);
    await expect.poll(() => received).toBeGreaterThan(BYTES);
    expect(upstreams.size).toBeGreaterThan(0);
    socket.resetAndDestroy();
    await expect.poll(() => upstreams.size, { timeout: 1000, interval: 10 }).toBe(0);
    for (const { cluster } of [outbound, inbound]) {
      expect([[...cluster.endpoints][0]?.activeRequests, cluster.breaker.requests.active]).toEqual([0, 0]);
    }
    // a connection of HTTP/2 between sidecars carries others too, and stays
    await expect
      .poll(() => [outbound.openConnections, inbound.openConnections])
      .toEqual([0, between === 'http2' ? 1 : 0]);
  });
});
