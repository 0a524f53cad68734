import { once } from 'node:events';
import type { ClientHttp2Session, Http2Server, IncomingHttpHeaders, ServerHttp2Stream } from 'node:http2';
import { connect, constants, createServer } from 'node:http2';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { compileRetryPolicy } from '../resilience/retry-policy.ts';
import type { Forwarder, ForwarderOptions } from '../testing/forwarder.ts';
import { startForwarder, startMesh, startScriptedServer } from '../testing/forwarder.ts';
import { sendRaw } from '../testing/raw-client.ts';

const closers: (() => Promise<void>)[] = [];

afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

/** A server of HTTP/2 that does with each stream what the test says. */
async function startRaw(onStream: (stream: ServerHttp2Stream) => void): Promise<number> {
  const server: Http2Server = createServer();
  server.on('stream', (stream) => {
    stream.on('error', () => {});
    onStream(stream);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  closers.push(async () => {
    server.close();
  });
  return (server.address() as AddressInfo).port;
}

function withResolvers<T>(): { promise: Promise<T>; resolve: (value: T) => void } {
  let resolve: (value: T) => void = () => {};
  const promise = new Promise<T>((done) => {
    resolve = done;
  });
  return { promise, resolve };
}

/** An application that speaks HTTP/2 and says what it was asked. */
async function startApplication(): Promise<number> {
  const server: Http2Server = createServer();
  server.on('stream', (stream, headers) => {
    stream.on('error', () => {});
    let body = '';
    stream.setEncoding('latin1');
    stream.on('data', (text: string) => {
      body += text;
    });
    let trailers: IncomingHttpHeaders = {};
    stream.on('trailers', (received: IncomingHttpHeaders) => {
      trailers = received;
    });
    stream.on('end', () => {
      if (headers[':path'] === '/large') {
        stream.respond({ ':status': 200 });
        stream.end(Buffer.alloc(1_000_000, 'a'));
        return;
      }
      if (headers[':path'] === '/hints') stream.additionalHeaders({ ':status': 103, link: '</a.css>; rel=preload' });
      stream.respond({ ':status': 200, 'x-path': headers[':path'] ?? '' }, { waitForTrailers: true });
      stream.on('wantTrailers', () => stream.sendTrailers({ 'x-trailer': String(trailers['x-sent'] ?? 'none') }));
      stream.end(`${headers[':method']} ${headers[':authority']} ${body}`);
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  closers.push(async () => {
    server.close();
  });
  return (server.address() as AddressInfo).port;
}

async function start(ports: readonly number[], options: ForwarderOptions = {}): Promise<Forwarder> {
  const forwarder = await startForwarder(ports, options);
  closers.push(forwarder.close);
  return forwarder;
}

function open(port: number): ClientHttp2Session {
  const session = connect(`http://127.0.0.1:${port}`);
  session.on('error', () => {});
  closers.push(async () => session.destroy());
  return session;
}

interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
  readonly trailers: IncomingHttpHeaders;
  readonly interims: number[];
}

function ask(
  session: ClientHttp2Session,
  headers: Record<string, string>,
  body?: string,
  trailers?: Record<string, string>,
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const options = { endStream: body === undefined, waitForTrailers: trailers !== undefined };
    const stream = session.request({ ':authority': 'shop.example', ...headers }, options);
    const answer = { status: 0, headers: {}, body: '', trailers: {}, interims: [] as number[] };
    stream.setEncoding('latin1');
    stream.on('headers', (received) => answer.interims.push(received[':status'] ?? 0));
    stream.on('response', (received) => Object.assign(answer, { status: received[':status'], headers: received }));
    stream.on('trailers', (received) => Object.assign(answer, { trailers: received }));
    stream.on('data', (text: string) => {
      answer.body += text;
    });
    stream.on('error', reject);
    stream.on('close', () => resolve(answer));
    if (trailers !== undefined) stream.on('wantTrailers', () => stream.sendTrailers(trailers));
    if (body !== undefined) stream.end(body, 'latin1');
  });
}

describe('HTTP/2 through the proxy', () => {
  it('goes to an application that speaks HTTP/2, with bodies and trailers both ways', async () => {
    const { port, recorded } = await start([await startApplication()], { cluster: { upstreamProtocol: 'downstream' } });
    const answer = await ask(open(port), { ':path': '/a?b=c', ':method': 'POST' }, 'hello', { 'x-sent': 'yes' });
    expect(answer).toMatchObject({ status: 200, body: 'POST shop.example hello', trailers: { 'x-trailer': 'yes' } });
    expect(answer.headers['x-path']).toBe('/a?b=c');
    expect(recorded).toMatchObject([{ method: 'POST', status: 200, flag: '-', attempts: 1 }]);
  });

  it('carries many streams over one connection to the application', async () => {
    const { port, cluster } = await start([await startApplication()], { cluster: { upstreamProtocol: 'http2' } });
    const session = open(port);
    const answers = await Promise.all(
      Array.from({ length: 50 }, (_, i) => ask(session, { ':path': `/${i}`, ':method': 'PUT' }, `body ${i}`)),
    );
    expect(answers.map(({ body }) => body)).toEqual(answers.map((_, i) => `PUT shop.example body ${i}`));
    expect([...cluster.endpoints][0]?.poolFor('http2').openConnections).toBe(1);
  });

  it('carries a body that is larger than every window, whole', async () => {
    const { port } = await start([await startApplication()], { cluster: { upstreamProtocol: 'http2' } });
    const session = open(port);
    const large = 'x'.repeat(3_000_000);
    const [echo, download] = await Promise.all([
      ask(session, { ':path': '/', ':method': 'POST' }, large),
      ask(session, { ':path': '/large', ':method': 'GET' }),
    ]);
    expect(echo.body.length).toBe('POST shop.example '.length + large.length);
    expect(download.body.length).toBe(1_000_000);
  });

  it('passes interim answers on', async () => {
    const { port } = await start([await startApplication()], { cluster: { upstreamProtocol: 'http2' } });
    const answer = await ask(open(port), { ':path': '/hints', ':method': 'GET' });
    expect(answer).toMatchObject({ status: 200, interims: [103] });
  });

  it('becomes HTTP/1.1 where the application speaks that, and its answer HTTP/2 again', async () => {
    const server = await startScriptedServer((socket, text) => {
      if (text.endsWith('hello')) {
        socket.write('HTTP/1.1 200 OK\r\nConnection: close\r\nX-Kind: one\r\nTransfer-Encoding: chunked\r\n\r\n');
        socket.write('3\r\nabc\r\n2\r\nde\r\n0\r\nX-Trailer: late\r\n\r\n');
      }
    });
    closers.push(server.close);
    const { port } = await start([server.port], { cluster: { upstreamProtocol: 'http1' } });
    const answer = await ask(
      open(port),
      { ':path': '/x', ':method': 'POST', 'content-length': '5', cookie: 'a=1' },
      'hello',
    );
    expect(server.received()).toContain('POST /x HTTP/1.1\r\nhost: shop.example\r\n');
    expect(server.received()).toContain('cookie: a=1\r\n');
    expect(answer).toMatchObject({ status: 200, body: 'abcde', trailers: { 'x-trailer': 'late' } });
    expect(answer.headers).toMatchObject({ 'x-kind': 'one' });
    expect(answer.headers['transfer-encoding']).toBeUndefined();
    expect(answer.headers.connection).toBeUndefined();
  });

  it('carries as many headers as a client may send through both sidecars, with what the first one adds', async () => {
    const close = (stop: () => Promise<void>) => closers.push(stop);
    const application = await startApplication();
    const { outbound } = await startMesh(application, close, { cluster: { upstreamProtocol: 'http2' } });
    const lines = Array.from({ length: 99 }, (_, index) => `X-N-${index}: 1\r\n`).join('');
    const request = (more: string) => `GET /many HTTP/1.1\r\nHost: a\r\n${lines}${more}\r\n`;
    const isAnswered = (text: string) => text.includes('\r\n\r\n');
    expect(await sendRaw(outbound.port, request(''), isAnswered)).toMatchObject({ status: 200 });
    expect(await sendRaw(outbound.port, request('X-More: 1\r\n'), isAnswered)).toMatchObject({ status: 431 });
  });

  it('repeats what an application refused before it looked at it, whatever the method', async () => {
    let streams = 0;
    const port = await startRaw((stream) => {
      if (++streams < 3) stream.close(constants.NGHTTP2_REFUSED_STREAM);
      else stream.respond({ ':status': 200 }, { endStream: true });
    });
    const { port: proxyPort, recorded } = await start([port], {
      cluster: { upstreamProtocol: 'http2' },
      action: {
        retry: compileRetryPolicy({
          retryOn: 'refused-stream',
          retriableStatusCodes: [],
          maxRetries: 2,
          perTryTimeoutMs: 0,
          backOffBaseMs: 1,
          backOffMaxMs: 2,
          retryNonIdempotent: false,
        }),
      },
    });
    const answer = await ask(open(proxyPort), { ':path': '/', ':method': 'POST', 'content-length': '2' }, 'ok');
    expect(answer.status).toBe(200);
    expect(recorded).toMatchObject([{ status: 200, attempts: 3 }]);
  });

  it.each([
    [1, 200],
    [2, 503],
  ])('asks once more without any policy: refused %i times, it answers %i', async (refusals, status) => {
    let streams = 0;
    const port = await startRaw((stream) => {
      if (++streams <= refusals) stream.close(constants.NGHTTP2_REFUSED_STREAM);
      else stream.respond({ ':status': 200 }, { endStream: true });
    });
    const { port: proxyPort, recorded } = await start([port], { cluster: { upstreamProtocol: 'http2' } });
    const answer = await ask(open(proxyPort), { ':path': '/', ':method': 'POST', 'content-length': '2' }, 'ok');
    expect(answer.status).toBe(status);
    expect(recorded).toMatchObject([{ status, attempts: 2 }]);
    expect(streams).toBe(2);
  });

  it('answers 503 with UR when the application gives a request up', async () => {
    const port = await startRaw((stream) => stream.close(constants.NGHTTP2_INTERNAL_ERROR));
    const { port: proxyPort, recorded } = await start([port], { cluster: { upstreamProtocol: 'http2' } });
    const session = open(proxyPort);
    const answer = await ask(session, { ':path': '/', ':method': 'POST' }, 'x');
    expect(answer.headers['x-heddle-reason']).toBe('UR');
    expect(answer.status).toBe(503);
    expect((await ask(session, { ':path': '/', ':method': 'GET' })).status).toBe(503); // the connection goes on
    expect(recorded.map(({ flag }) => flag)).toEqual(['UR', 'UR']);
  });

  it('resets an answer that broke off, and the connection goes on', async () => {
    const port = await startRaw((stream) => {
      stream.respond({ ':status': 200 });
      stream.write('part', () => stream.destroy(new Error('broken'))); // close would end the answer
    });
    const { port: proxyPort } = await start([port], { cluster: { upstreamProtocol: 'http2' } });
    const session = open(proxyPort);
    for (let i = 0; i < 2; i++) {
      await expect(ask(session, { ':path': '/', ':method': 'GET' })).rejects.toMatchObject({
        code: 'ERR_HTTP2_STREAM_ERROR',
      });
    }
    expect(session.closed).toBe(false);
  });

  it('tells the application at once that a client has given up', async () => {
    const { promise, resolve } = withResolvers<number>();
    const port = await startRaw((stream) => {
      stream.on('close', () => resolve(stream.rstCode));
      stream.respond({ ':status': 200 });
      stream.write('part');
    });
    const { port: proxyPort } = await start([port], { cluster: { upstreamProtocol: 'http2' } });
    const stream = open(proxyPort).request({ ':path': '/', ':authority': 'shop.example' });
    stream.on('error', () => {});
    await once(stream, 'response');
    stream.close(constants.NGHTTP2_CANCEL);
    expect(await promise).toBe(constants.NGHTTP2_CANCEL);
  });

  it('passes through two sidecars over mutual TLS as HTTP/2 all the way', async () => {
    const application = await startApplication();
    const close = (stop: () => Promise<void>) => closers.push(stop);
    const { inbound, outbound } = await startMesh(application, close, { cluster: { upstreamProtocol: 'downstream' } });
    const answer = await ask(open(outbound.port), { ':path': '/', ':method': 'POST' }, 'hi', { 'x-sent': 'yes' });
    expect(answer).toMatchObject({ status: 200, body: 'POST shop.example hi', trailers: { 'x-trailer': 'yes' } });
    expect(inbound.peers.map(({ metadata }) => metadata)).toEqual(['test;default;test;v1;heddle']);
  });
});
