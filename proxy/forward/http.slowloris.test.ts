import { Buffer } from 'node:buffer';
import { once } from 'node:events';
import type { Socket } from 'node:net';
import { connect } from 'node:net';
import type { TLSSocket } from 'node:tls';
import { connect as connectTls } from 'node:tls';
import { afterEach, describe, expect, it } from 'vitest';
import { createTestMesh } from '../../certs/testing/test-identity.ts';
import { ALPN_HTTP1, ALPN_HTTP2 } from '../../proto/names.ts';
import { frame, PREFACE, settings } from '../http2/testing/wire.ts';
import type { Forwarder } from '../testing/forwarder.ts';
import { startForwarder, startScriptedServer } from '../testing/forwarder.ts';
import { holderOf } from '../testing/mesh-identity.ts';
import { sendRaw } from '../testing/raw-client.ts';

const closers: (() => Promise<unknown>)[] = [];

afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

const mesh = createTestMesh();
/** More than the kernel takes for a client that reads nothing. */
const large = Buffer.alloc(32_000_000, 'x');

/** A client that says the beginning of something and then a byte at a time, or nothing more. */
class SlowClient {
  isClosed = false;
  text = '';
  readonly #socket: Socket;
  readonly #drip: Buffer;
  #sent = 0;

  constructor(socket: Socket, beginning: Buffer | string, drip: Buffer | string) {
    this.#socket = socket;
    this.#drip = Buffer.from(drip);
    socket.on('error', () => {});
    socket.on('close', () => {
      this.isClosed = true;
    });
    socket.on('data', (bytes) => {
      this.text += bytes.toString('latin1');
    });
    socket.write(beginning);
    closers.push(async () => void socket.destroy());
  }

  sayOneByte(): void {
    if (this.isClosed || this.#sent === this.#drip.length) return;
    this.#socket.write(this.#drip.subarray(this.#sent, ++this.#sent));
  }
}

/** A plaintext and an mTLS listener in front of one application, with one clock; `pass` lets seconds go by for both. */
async function start() {
  const app = await startScriptedServer((socket, text) => {
    const last = text.slice(text.lastIndexOf('GET '));
    if (last.startsWith('GET /large')) {
      socket.write(`HTTP/1.1 200 OK\r\nContent-Length: ${large.length}\r\n\r\n`);
      socket.write(large);
    } else if (last.startsWith('GET ')) {
      socket.write('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok');
    }
  });
  let nowMs = 0;
  const common = { nowMs: () => nowMs, http: { requestTimeoutMs: 120_000, streamIdleTimeoutMs: 300_000 } };
  const plain = await startForwarder([app.port], common);
  const inbound = await startForwarder([app.port], { ...common, inboundAs: holderOf(mesh, 'cart') });
  closers.push(
    app.close,
    () => plain.close(),
    () => inbound.close(),
  );
  return {
    plain,
    inbound,
    pass: (ms: number): void => {
      nowMs += ms;
      for (const forwarder of [plain, inbound]) forwarder.clock.tick();
    },
  };
}

const open = ({ port }: Forwarder): Socket => connect(port, '127.0.0.1');

async function openTls({ port }: Forwarder, alpn: string): Promise<TLSSocket> {
  const { cert, key } = mesh.identity('web');
  const socket = connectTls({ port, host: '127.0.0.1', cert, key, rejectUnauthorized: false, ALPNProtocols: [alpn] });
  await once(socket, 'secureConnect');
  return socket;
}

const times = <T>(count: number, make: () => T): T[] => Array.from({ length: count }, make);

/** HEADERS that say there is more to come; what comes is the beginning of a CONTINUATION frame, a byte at a time. */
const unfinishedBlock = Buffer.concat([PREFACE, settings(), frame(1, 0, 1, Buffer.from([0x82]))]);
const continuation = frame(9, 0, 1, Buffer.alloc(1000, 0x84));

describe('200 slow clients', () => {
  it('are cut at the limits of time, while others are served', async () => {
    const { plain, inbound, pass } = await start();
    const head = ['GET / HTTP/1.1\r\nHost: a\r\nX-Slow: ', 'x'.repeat(1000)] as const;
    const heads = [
      ...times(50, () => new SlowClient(open(plain), ...head)),
      ...times(25, () => new SlowClient(open(plain), 'PRI * HT', '')),
      ...times(25, () => new SlowClient(open(plain), unfinishedBlock, continuation)),
      ...(await Promise.all(times(25, async () => new SlowClient(await openTls(inbound, ALPN_HTTP1), ...head)))),
      ...(await Promise.all(
        times(25, async () => new SlowClient(await openTls(inbound, ALPN_HTTP2), unfinishedBlock, continuation)),
      )),
    ];
    const body = ['POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1000\r\n\r\n', 'y'.repeat(999)] as const;
    const bodies = times(40, () => new SlowClient(open(plain), ...body));
    // these are told a lot, and read nothing
    const deaf = times(10, () => {
      const socket = open(plain);
      const client = new SlowClient(socket, 'GET /large HTTP/1.1\r\nHost: a\r\n\r\n', '');
      socket.pause();
      return client;
    });
    const all = [...heads, ...bodies, ...deaf];
    expect(all).toHaveLength(200);
    await expect.poll(() => plain.openConnections + inbound.openConnections).toBe(200);
    const closed = (clients: readonly SlowClient[]) => clients.filter(({ isClosed }) => isClosed).length;
    /** Ten seconds, in which each says one byte more, and an ordinary client is answered. */
    const round = async () => {
      for (const client of all) client.sayOneByte();
      const answer = await sendRaw(plain.port, 'GET / HTTP/1.1\r\nHost: a\r\n\r\n', (text) => text.endsWith('ok'));
      expect(answer).toMatchObject({ status: 200, isClosed: false });
      pass(10_000);
    };
    for (let i = 0; i < 6; i++) await round();
    expect(closed(all)).toBe(0);
    await round();
    await round();
    await expect.poll(() => closed(heads)).toBe(150);
    expect(closed(bodies)).toBe(0);
    expect(heads[0]?.text).toMatch(/^HTTP\/1\.1 408 /);
    for (let i = 0; i < 5; i++) await round();
    await expect.poll(() => closed(bodies)).toBe(40);
    expect(bodies[0]?.text).toMatch(/^HTTP\/1\.1 408 /);
    // how long the kernel goes on taking what they do not read is not ours to say
    for (let i = 0; i < 100 && plain.openConnections > 0; i++) await round();
    await expect.poll(() => plain.openConnections + inbound.openConnections).toBe(0);
    expect([...plain.cluster.endpoints][0]?.activeRequests).toBe(0);
  });
});
