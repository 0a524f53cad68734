import type { OutgoingHttpHeaders } from 'node:http2';
import { connect } from 'node:http2';
import { afterEach, describe, expect, it } from 'vitest';
import { createTestMesh } from '../../certs/testing/test-identity.ts';
import type { UpstreamProtocol } from '../cluster/endpoint.ts';
import { startForwarder, startScriptedServer } from '../testing/forwarder.ts';
import { holderOf } from '../testing/mesh-identity.ts';
import { sendRaw } from '../testing/raw-client.ts';

const closers: (() => Promise<unknown>)[] = [];

afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

/** An application behind two sidecars that speak `hop` to each other; the port where it is called. */
async function startBehindMesh(hop: UpstreamProtocol, answer: string): Promise<number> {
  const app = await startScriptedServer((socket, text) => {
    if (text.includes('\r\n\r\n')) socket.write(answer);
  });
  const mesh = createTestMesh();
  const inbound = await startForwarder([app.port], { inboundAs: holderOf(mesh, 'cart') });
  const outboundAs = { identity: holderOf(mesh, 'web'), expected: mesh.id('cart') };
  const outbound = await startForwarder([inbound.port], { outboundAs, cluster: { upstreamProtocol: hop } });
  closers.push(
    app.close,
    () => inbound.close(),
    () => outbound.close(),
  );
  return outbound.port;
}

const ok = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok';

/** Begins with `first`, has `count` header lines after it, and all of it is `bytes` long. */
function head(first: string, count: number, bytes = 0): string {
  const lines = Array.from({ length: count }, (_, i) => `X-${i}: ${i}\r\n`);
  const length = first.length + lines.join('').length + 2;
  lines.push(lines.pop()?.replace('\r\n', `${'v'.repeat(Math.max(0, bytes - length))}\r\n`) ?? '');
  return `${first}${lines.join('')}\r\n`;
}

const answerOf = (count: number, bytes = 0) =>
  `${head('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n', count - 1, bytes)}ok`;
const requestOf = (count: number, bytes = 0) => head('GET / HTTP/1.1\r\nHost: a\r\n', count - 1, bytes);

/** The status of one request over HTTP/1. */
async function ask(port: number, request: string): Promise<number> {
  const { status } = await sendRaw(port, request, (text) => /ok$|\}\n$/.test(text));
  return status;
}

/** The status of one request over HTTP/2. */
function askHttp2(port: number, headers: OutgoingHttpHeaders): Promise<number> {
  const session = connect(`http://127.0.0.1:${port}`, { maxReservedRemoteStreams: 0 });
  closers.push(async () => session.destroy());
  return new Promise((resolve, reject) => {
    session.on('error', reject);
    const stream = session.request({ ':authority': 'a', ':path': '/', ...headers });
    stream.on('response', (answer) => resolve(answer[':status'] ?? 0));
    stream.on('error', reject);
    stream.resume();
  });
}

const fields = (count: number, lastValue = '') =>
  Object.fromEntries(
    Array.from({ length: count }, (_, i) => [`x-${i}`, i === count - 1 ? `${i}${lastValue}` : `${i}`]),
  );

const HEAD_BYTES = 61_440;

describe.each<UpstreamProtocol>(['http1', 'http2'])('limits of a head, between sidecars that speak %s', (hop) => {
  it.each([
    ['100 headers', answerOf(100), 200],
    ['101 headers', answerOf(101), 502],
    ['60 KiB', answerOf(100, HEAD_BYTES), 200],
    ['60 KiB and a byte', answerOf(100, HEAD_BYTES + 1), 502],
    ['60 KiB in one header', answerOf(2, HEAD_BYTES), 200],
  ])('an answer with %s', async (_, answer, status) => {
    const port = await startBehindMesh(hop, answer);
    expect(await ask(port, requestOf(1))).toBe(status);
    expect(await askHttp2(port, {})).toBe(status);
  });

  it.each([
    ['100 headers', requestOf(100), 200],
    ['101 headers', requestOf(101), 431],
    ['60 KiB', requestOf(100, HEAD_BYTES), 200],
    ['60 KiB and a byte', requestOf(100, HEAD_BYTES + 1), 431],
    ['60 KiB in one header', requestOf(2, HEAD_BYTES), 200],
  ])('a request of HTTP/1 with %s', async (_, request, status) => {
    expect(await ask(await startBehindMesh(hop, ok), request)).toBe(status);
  });

  // :authority is the Host of HTTP/1; :method, :scheme and :path are its request line
  it.each([
    ['99 fields and :authority', fields(99), 200],
    ['100 fields and :authority', fields(100), 431],
    ['60 KiB by the count of HTTP/2', fields(1, 'v'.repeat(HEAD_BYTES - sizeOf(fields(1)))), 200],
    ['60 KiB and a byte by that count', fields(1, 'v'.repeat(HEAD_BYTES - sizeOf(fields(1)) + 1)), 431],
  ])('a request of HTTP/2 with %s', async (_, headers, status) => {
    expect(await askHttp2(await startBehindMesh(hop, ok), headers)).toBe(status);
  });
});

/** RFC 9113 section 6.5.2, with the pseudo-header fields of `askHttp2`. */
function sizeOf(headers: OutgoingHttpHeaders): number {
  const all = { ':method': 'GET', ':scheme': 'http', ':authority': 'a', ':path': '/', ...headers };
  return Object.entries(all).reduce((sum, [name, value]) => sum + name.length + String(value).length + 32, 0);
}
