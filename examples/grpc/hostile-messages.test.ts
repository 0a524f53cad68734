import { once } from 'node:events';
import type { ClientHttp2Session, IncomingHttpHeaders, ServerHttp2Stream } from 'node:http2';
import { connect, createServer } from 'node:http2';
import type { AddressInfo } from 'node:net';
import { gzipSync } from 'node:zlib';
import { Metadata } from '@grpc/grpc-js';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { freePorts } from '../../cli/demo/free-ports.ts';
import type { RunningProxy } from '../../proxy/main.ts';
import { TestMesh } from '../testing/mesh.ts';
import type { EchoClient, EchoServer } from './echo.ts';
import { echoClient, startEchoServer } from './echo.ts';

let mesh: TestMesh;
let strict: EchoServer;
let lax: ReturnType<typeof createServer>;
let web: RunningProxy;
let client: EchoClient;
let session: ClientHttp2Session;
let laxSession: ClientHttp2Session;
/** What the server that is not grpc-js answers next. */
let answer: (stream: ServerHttp2Stream) => void = (stream) => stream.close();

beforeAll(async () => {
  mesh = await TestMesh.start();
  strict = await startEchoServer('echo');
  lax = createServer();
  lax.on('stream', (stream) => {
    stream.on('error', () => {});
    stream.resume();
    answer(stream);
  });
  lax.listen(0, '127.0.0.1');
  await once(lax, 'listening');
  await mesh.sidecar('echo-1', { service: 'echo', ports: [{ port: strict.port, protocol: 'grpc' }] });
  await mesh.sidecar('lax-1', {
    service: 'lax',
    ports: [{ port: (lax.address() as AddressInfo).port, protocol: 'grpc' }],
  });
  const [toEcho, toLax] = (await freePorts(2)) as [number, number];
  web = await mesh.sidecar('web-1', {
    service: 'web',
    upstreams: [
      { service: 'echo', localPort: toEcho },
      { service: 'lax', localPort: toLax },
    ],
  });
  client = echoClient(`127.0.0.1:${toEcho}`);
  await vi.waitUntil(() => isAnswered(), { timeout: 15_000 });
  session = connect(`http://127.0.0.1:${toEcho}`);
  laxSession = connect(`http://127.0.0.1:${toLax}`);
  answer = (stream) => stream.respond({ ':status': 200 }, { endStream: true });
  await vi.waitUntil(async () => String((await call(laxSession, '/a.B/C', [])).headers[':status']) === '200', {
    timeout: 15_000,
  });
});

afterAll(async () => {
  client?.close();
  session?.destroy();
  laxSession?.destroy();
  await mesh?.close();
  strict?.stop();
  lax?.close();
});

function isAnswered(): Promise<boolean> {
  return new Promise((resolve) => {
    const error = (thrown: Error | null) => resolve(thrown === null);
    client.say({ text: 'x' }, new Metadata(), { deadline: Date.now() + 5000 }, error);
  });
}

interface Ended {
  readonly headers: IncomingHttpHeaders;
  readonly trailers: IncomingHttpHeaders;
  readonly bytes: number;
  readonly resetCode: number;
}

/** One call whose bytes are whatever they are; `isOpen`: without an end. */
async function call(
  over: ClientHttp2Session,
  path: string,
  pieces: readonly Buffer[],
  { more = {}, isOpen = false }: { more?: Record<string, string>; isOpen?: boolean } = {},
): Promise<Ended> {
  const stream = over.request({
    ':method': 'POST',
    ':path': path,
    'content-type': 'application/grpc',
    te: 'trailers',
    ...more,
  });
  let headers: IncomingHttpHeaders = {};
  let trailers: IncomingHttpHeaders = {};
  let bytes = 0;
  stream.on('error', () => {});
  stream.on('response', (came) => {
    headers = came;
  });
  stream.on('trailers', (came) => {
    trailers = came;
  });
  stream.on('data', (chunk: Buffer) => {
    bytes += chunk.length;
  });
  for (const piece of pieces) stream.write(piece);
  if (!isOpen) stream.end();
  await new Promise((resolve) => stream.once('close', resolve));
  return { headers, trailers, bytes, resetCode: stream.rstCode };
}

/** Prefix of a message: flag and length (gRPC over HTTP/2, "Length-Prefixed-Message"). */
function prefixed(flag: number, length: number, payload: Buffer): Buffer {
  const prefix = Buffer.alloc(5);
  prefix[0] = flag;
  prefix.writeUInt32BE(length, 1);
  return Buffer.concat([prefix, payload]);
}

const statusOf = ({ headers, trailers }: Ended) => trailers['grpc-status'] ?? headers['grpc-status'];
const say = '/heddle.examples.Echo/Say';
const bomb = gzipSync(Buffer.alloc(16 << 20));

describe('messages that no client of gRPC would send, to a server that we did not write', () => {
  const rows: [what: string, pieces: readonly Buffer[]][] = [
    ['a length of 4 GiB and four bytes', [prefixed(0, 0xffffffff, Buffer.from('abcd'))]],
    ['a length that is one too long', [prefixed(0, 2, Buffer.from([10]))]],
    ['a length that is one too short', [prefixed(0, 1, Buffer.from([10, 0]))]],
    ['a compressed message of 16 MiB in 16 KiB, unannounced', [prefixed(1, bomb.length, bomb)]],
    ['a flag of 2', [prefixed(2, 0, Buffer.alloc(0))]],
    ['a flag of 255', [prefixed(255, 0, Buffer.alloc(0))]],
    ['half a prefix', [Buffer.from([0, 0])]],
    ['no message', []],
    ['a prefix byte by byte', [...prefixed(0, 1, Buffer.from([0xff]))].map((byte) => Buffer.from([byte]))],
    ['two messages to a method that takes one', [prefixed(0, 0, Buffer.alloc(0)), prefixed(0, 0, Buffer.alloc(0))]],
    ['what is no protobuf', [prefixed(0, 4, Buffer.from([0xff, 0xff, 0xff, 0xff]))]],
  ];

  it.each(rows)('%s: the server’s own verdict comes through', async (_what, pieces) => {
    const ended = await call(session, say, pieces);
    expect(ended.headers[':status']).toBe(200);
    expect(statusOf(ended)).toMatch(/^([0-9]|1[0-6])$/);
    expect(await isAnswered()).toBe(true);
  });

  it.each(['99999999S', '999999999S', '-1S', '1', 'S', '1X', '1S1S', '0n', '1.5S', '１S'.slice(1), ''])(
    'a timeout of %j is no more than a wish',
    async (timeout) => {
      const ended = await call(session, say, [prefixed(0, 0, Buffer.alloc(0))], { more: { 'grpc-timeout': timeout } });
      expect(statusOf(ended)).toMatch(/^([0-9]|1[0-6])$/);
      expect(await isAnswered()).toBe(true);
    },
  );

  it('a message that is announced and never comes ends when its caller’s time is over', async () => {
    const ended = await call(session, say, [prefixed(0, 1 << 20, Buffer.from('a'))], {
      more: { 'grpc-timeout': '200m' },
      isOpen: true,
    });
    expect([statusOf(ended), ended.resetCode === 0 || statusOf(ended) !== undefined]).toEqual(['4', true]);
  });
});

describe('answers that no server of gRPC would give', () => {
  const trailersOf = (trailers: Record<string, string | string[]>) => (stream: ServerHttp2Stream) => {
    stream.respond({ ':status': 200, 'content-type': 'application/grpc' }, { waitForTrailers: true });
    stream.on('wantTrailers', () => stream.sendTrailers(trailers));
    stream.end(prefixed(0, 0, Buffer.alloc(0)));
  };

  const rows: [what: string, given: typeof answer][] = [
    ['a status of 99', trailersOf({ 'grpc-status': '99' })],
    ['a negative status', trailersOf({ 'grpc-status': '-1' })],
    ['a status that is no number', trailersOf({ 'grpc-status': 'OK"}\\n x{a="b' })],
    ['a status of 10 000 digits', trailersOf({ 'grpc-status': '1'.repeat(10_000) })],
    ['two of them', trailersOf({ 'grpc-status': ['0', '13'] })],
    ['trailers without a status', trailersOf({ 'x-other': 'a' })],
    ['a length of 4 GiB', (stream) => stream.respond({ ':status': 200 }) ?? stream.end(prefixed(0, 0xffffffff, bomb))],
    [
      'a status in the head and a body behind it',
      (stream) => {
        stream.respond({ ':status': 200, 'content-type': 'application/grpc', 'grpc-status': '0' });
        stream.end(prefixed(1, bomb.length, bomb));
      },
    ],
    [
      'an end in the middle of a message',
      (stream) => {
        stream.respond({ ':status': 200, 'content-type': 'application/grpc' });
        stream.write(prefixed(0, 1000, Buffer.from('half')));
        setImmediate(() => stream.close(2));
      },
    ],
  ];

  it.each(rows)('%s: comes through, and is one of seventeen in the metrics', async (_what, given) => {
    answer = given;
    const ended = await call(laxSession, '/a.B/C', [prefixed(0, 0, Buffer.alloc(0))]);
    expect(ended.headers[':status']).toBe(200);
    expect(await isAnswered()).toBe(true);
    const text = await (await fetch(`http://${web.adminAddress}/stats/prometheus`)).text();
    const labels = [...text.matchAll(/grpc_response_status="([^"]*)"/g)].map(([, label]) => label);
    expect(labels.length).toBeGreaterThan(0);
    for (const label of labels) expect(label).toMatch(/^([0-9]|1[0-6])?$/);
  });
});
