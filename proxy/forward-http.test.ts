import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import type { Server } from 'node:http';
import { createServer, request } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { defaultLimits } from './resilience/circuit-breaker.ts';
import { envoyOutlierDefaults } from './resilience/outlier/outlier-settings.ts';
import { compileRetryPolicy } from './resilience/retry-policy.ts';
import type { Forwarder, ForwarderOptions, ScriptedServer } from './testing/forwarder.ts';
import { startForwarder, startScriptedServer } from './testing/forwarder.ts';
import { sendRaw } from './testing/raw-client.ts';

const closers: (() => Promise<void>)[] = [];

afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

async function scripted(...args: Parameters<typeof startScriptedServer>): Promise<ScriptedServer> {
  const server = await startScriptedServer(...args);
  closers.push(server.close);
  return server;
}

async function forwarderTo(ports: readonly number[], options?: ForwarderOptions): Promise<Forwarder> {
  const forwarder = await startForwarder(ports, options);
  closers.push(forwarder.close);
  return forwarder;
}

async function httpServer(handler: Parameters<typeof createServer>[1]): Promise<number> {
  const server: Server = createServer({ keepAliveTimeout: 60_000 }, handler as never);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  closers.push(async () => {
    server.closeAllConnections();
    await new Promise<void>((resolve) => server.close(() => resolve()));
  });
  return (server.address() as AddressInfo).port;
}

/** A port that refuses connections. */
async function refusingPort(): Promise<number> {
  const server = await startScriptedServer(() => {});
  await server.close();
  return server.port;
}

const ok = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok';
const get = 'GET /x HTTP/1.1\r\nHost: a\r\n\r\n';
const isWhole = (text: string) => text.endsWith('ok');
const retry = (overrides: Partial<Parameters<typeof compileRetryPolicy>[0]> = {}) =>
  compileRetryPolicy({
    retryOn: 'connect-failure,refused-stream,reset,reset-before-request,gateway-error',
    retriableStatusCodes: [],
    maxRetries: 2,
    perTryTimeoutMs: 0,
    backOffBaseMs: 1,
    backOffMaxMs: 2,
    retryNonIdempotent: false,
    ...overrides,
  });

describe('HttpExchange', () => {
  it('forwards the head as it came, without hop-by-hop and mesh headers', async () => {
    const upstream = await scripted((socket) => socket.write(ok));
    const forwarder = await forwarderTo([upstream.port]);
    const lines = [
      'Host: a',
      'X-Keep:  spaced ',
      'Connection: keep-alive, X-Hop, Host',
      'X-Hop: 1',
      'Keep-Alive: timeout=5',
      'Upgrade: h2c',
      'HTTP2-Settings: AAMAAABkAAQAAP__',
      'TE: trailers',
      'Proxy-Connection: close',
      'X-Forwarded-Client-Cert: URI=spiffe://forged',
      'x_forwarded_client_cert: URI=spiffe://forged',
      'x.forwarded.client~cert: URI=spiffe://forged',
      'content.length: 7',
      'transfer!encoding: chunked',
      'X-Heddle-Peer: forged',
      'X-Request-Id: r1',
      '__proto__: 1',
    ];
    await sendRaw(forwarder.port, `GET /x?y=1 HTTP/1.1\r\n${lines.join('\r\n')}\r\n\r\n`, isWhole);
    expect(upstream.received()).toBe(
      'GET /x?y=1 HTTP/1.1\r\nHost: a\r\nX-Keep:  spaced \r\nX-Request-Id: r1\r\n__proto__: 1\r\n\r\n',
    );
  });

  it('forwards the path in its normal form, and refuses one that hides a slash where the mesh says so', async () => {
    const upstream = await scripted((socket) => socket.write(ok));
    const pathNormalization = { normalizePath: true, mergeSlashes: true, escapedSlashes: 'reject' as const };
    const forwarder = await forwarderTo([upstream.port], { http: { pathNormalization } });
    const line = 'Host: a\r\nX-Request-Id: r\r\n\r\n';
    await sendRaw(forwarder.port, `GET /public/..//%61dmin?q=/../ HTTP/1.1\r\n${line}`, isWhole);
    expect(upstream.received()).toBe(`GET /admin?q=/../ HTTP/1.1\r\n${line}`);
    const refused = await sendRaw(forwarder.port, `GET /public%2f..%2fadmin HTTP/1.1\r\n${line}`, isWhole);
    expect(refused.text).toMatch(/^HTTP\/1.1 400 /);
    expect(refused.text).toContain('pathRefused');
    expect(forwarder.recorded.map(({ status }) => status)).toEqual([200, 400]);
  });

  it('answers 503 at once while the process is overloaded, and takes requests again afterwards', async () => {
    const upstream = await scripted((socket) => socket.write(ok));
    const overload = { isShedding: true, shedRequests: 0 };
    const forwarder = await forwarderTo([upstream.port], { overload });
    const request = 'GET / HTTP/1.1\r\nHost: a\r\n\r\n';
    const shed = await sendRaw(forwarder.port, request, isWhole);
    expect(shed.status).toBe(503);
    expect(shed.text).toContain('\r\nx-envoy-overloaded: true\r\n');
    expect([overload.shedRequests, upstream.received()]).toEqual([1, '']);
    overload.isShedding = false;
    expect((await sendRaw(forwarder.port, request, isWhole)).status).toBe(200);
    expect(forwarder.recorded.map(({ flag }) => flag)).toEqual(['OM', '-']);
  });

  it('lets the authority of an absolute target win over Host', async () => {
    const upstream = await scripted((socket) => socket.write(ok));
    const forwarder = await forwarderTo([upstream.port]);
    await sendRaw(forwarder.port, 'GET http://B:80/x HTTP/1.1\r\nHost: a\r\nX-Request-Id: r\r\n\r\n', isWhole);
    expect(upstream.received()).toBe('GET /x HTTP/1.1\r\nhost: b:80\r\nX-Request-Id: r\r\n\r\n');
  });

  it('answers pipelined requests in order over one upstream connection', async () => {
    const port = await httpServer((req, res) => res.end(req.url));
    const forwarder = await forwarderTo([port]);
    const requests = ['/1', '/2', '/3', '/4'].map((path) => `GET ${path} HTTP/1.1\r\nHost: a\r\n\r\n`).join('');
    const answer = await sendRaw(forwarder.port, requests, (text) => text.endsWith('/4'));
    expect(answer.text.match(/\r\n\r\n\/[0-9]/g)).toEqual(['\r\n\r\n/1', '\r\n\r\n/2', '\r\n\r\n/3', '\r\n\r\n/4']);
    expect([...forwarder.cluster.endpoints][0]?.poolCounters.connectionsTotal).toBe(1);
  });

  it('carries large bodies both ways unchanged, with a length and in chunks', async () => {
    const port = await httpServer((req, res) => req.pipe(res));
    const forwarder = await forwarderTo([port]);
    for (const isChunked of [false, true]) {
      const body = randomBytes(5_000_000);
      const req = request({ port: forwarder.port, host: '127.0.0.1', method: 'POST', path: '/' });
      if (!isChunked) req.setHeader('content-length', body.length);
      for (let at = 0; at < body.length; at += 100_000) req.write(body.subarray(at, at + 100_000));
      req.end();
      const [res] = await once(req, 'response');
      const hash = createHash('sha256');
      for await (const chunk of res) hash.update(chunk);
      expect(hash.digest('hex')).toBe(createHash('sha256').update(body).digest('hex'));
    }
    expect(forwarder.recorded.map(({ status }) => status)).toEqual([200, 200]);
  });

  it('passes 100-continue on before the body is sent', async () => {
    const port = await httpServer((req, res) => req.pipe(res));
    const forwarder = await forwarderTo([port]);
    const req = request({ port: forwarder.port, method: 'POST', headers: { expect: '100-continue' } });
    req.flushHeaders();
    await once(req, 'continue');
    req.end('hello');
    const [res] = await once(req, 'response');
    let text = '';
    for await (const chunk of res) text += chunk;
    expect(text).toBe('hello');
  });

  it('takes the chunks off for an HTTP/1.0 client and closes', async () => {
    const port = await httpServer((_req, res) => {
      res.write('ab');
      res.end('cd');
    });
    const forwarder = await forwarderTo([port]);
    const answer = await sendRaw(forwarder.port, 'GET / HTTP/1.0\r\n\r\n');
    expect(answer.text.toLowerCase()).not.toContain('transfer-encoding');
    expect(answer.text.endsWith('\r\n\r\nabcd')).toBe(true);
    expect(answer.isClosed).toBe(true);
  });

  it('sends no body for HEAD, and keeps the connection', async () => {
    const port = await httpServer((_req, res) => res.writeHead(200, { 'content-length': 5 }).end());
    const forwarder = await forwarderTo([port]);
    const requests = 'HEAD / HTTP/1.1\r\nHost: a\r\n\r\nHEAD / HTTP/1.1\r\nHost: a\r\n\r\n';
    const answer = await sendRaw(forwarder.port, requests, (text) => text.split('\r\n\r\n').length === 3);
    expect(answer.text.match(/HTTP\/1\.1 200/g)).toHaveLength(2);
  });

  it('answers 503 UF with the reason when no instance takes connections', async () => {
    const forwarder = await forwarderTo([await refusingPort()]);
    const answer = await sendRaw(forwarder.port, get, (text) => text.endsWith('}\n'));
    expect(answer.status).toBe(503);
    expect(JSON.parse(answer.text.split('\r\n\r\n')[1] ?? '')).toMatchObject({
      reason: 'connectFailure',
      detail: 'ECONNREFUSED',
      service: 'test.default.svc.cluster.local',
      answered_by: 'test',
    });
    expect(forwarder.recorded).toMatchObject([{ status: 503, flag: 'UF', attempts: 1 }]);
  });

  it('answers 503 UH when there is no instance at all', async () => {
    const forwarder = await forwarderTo([]);
    expect((await sendRaw(forwarder.port, get, (text) => text.endsWith('}\n'))).text).toContain('x-heddle-reason: UH');
  });

  it('tries another instance after a refused connection, whatever the method', async () => {
    const upstream = await scripted((socket) => socket.write(ok));
    const forwarder = await forwarderTo([await refusingPort(), upstream.port], { action: { retry: retry() } });
    const post = 'POST /pay HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\npay';
    for (let i = 0; i < 4; i++) expect((await sendRaw(forwarder.port, post, isWhole)).status).toBe(200);
    expect(forwarder.recorded.map(({ attempts }) => attempts)).toContain(2);
    expect(upstream.received().match(/\r\n\r\npay/g)).toHaveLength(4);
    expect(upstream.received()).toContain('x-envoy-attempt-count: 2');
    expect(forwarder.cluster.breaker.retries.active).toBe(0);
    expect(forwarder.cluster.breaker.requests.active).toBe(0);
  });

  it('never repeats a POST that an instance may have seen', async () => {
    const upstream = await scripted((socket) => socket.destroy());
    const forwarder = await forwarderTo([upstream.port], { action: { retry: retry() } });
    const answer = await sendRaw(forwarder.port, 'POST /pay HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n', (text) =>
      text.endsWith('}\n'),
    );
    expect(answer.text).toContain('x-heddle-reason: UC');
    expect(upstream.connections).toHaveLength(1);
  });

  it('repeats a POST that was reset when the user asked for it', async () => {
    const upstream = await scripted((socket) =>
      upstream.connections.length < 3 ? socket.destroy() : socket.write(ok),
    );
    const forwarder = await forwarderTo([upstream.port], { action: { retry: retry({ retryNonIdempotent: true }) } });
    const answer = await sendRaw(forwarder.port, 'POST /pay HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n', (text) =>
      /ok$|\}\n$/.test(text),
    );
    expect(answer.status).toBe(200);
    expect(upstream.connections).toHaveLength(3);
  });

  it('repeats a GET after a gateway error, and passes the last answer on when tries run out', async () => {
    const upstream = await scripted((socket) => socket.write('HTTP/1.1 503 Busy\r\nContent-Length: 2\r\n\r\nno'));
    const forwarder = await forwarderTo([upstream.port], { action: { retry: retry() } });
    const answer = await sendRaw(forwarder.port, get, (text) => text.endsWith('no'));
    expect(answer.status).toBe(503);
    expect(forwarder.recorded).toMatchObject([{ status: 503, flag: 'URX', attempts: 3 }]);
  });

  it('gives up a try that takes too long, and the whole request at its time-out', async () => {
    const upstream = await scripted(() => {});
    const perTry = await forwarderTo([upstream.port], {
      action: { retry: retry({ perTryTimeoutMs: 20, maxRetries: 1 }) },
    });
    expect((await sendRaw(perTry.port, get, (text) => text.endsWith('}\n'))).text).toContain('perTryTimeout');
    expect(perTry.recorded).toMatchObject([{ status: 504, flag: 'UT', attempts: 2 }]);
    const overall = await forwarderTo([upstream.port], { action: { timeoutMs: 20 } });
    expect((await sendRaw(overall.port, get, (text) => text.endsWith('}\n'))).text).toContain('requestTimeout');
    expect(overall.recorded).toMatchObject([{ status: 504, flag: 'UT', attempts: 1 }]);
    expect([...overall.cluster.endpoints][0]?.activeRequests).toBe(0);
  });

  it('ejects an instance that keeps failing, and does not ask it again', async () => {
    const good = await scripted((socket) => socket.write(ok));
    const bad = await refusingPort();
    const outlierDetection = { ...envoyOutlierDefaults, consecutive5xx: 2, alwaysEjectOneHost: true };
    const forwarder = await forwarderTo([bad, good.port], {
      cluster: { outlierDetection },
      action: { retry: retry() },
    });
    for (let i = 0; i < 10; i++) expect((await sendRaw(forwarder.port, get, isWhole)).status).toBe(200);
    const ejected = [...forwarder.cluster.endpoints].find((endpoint) => endpoint.config.port === bad);
    expect(ejected?.isEjected).toBe(true);
    expect(ejected?.requestsTotal).toBe(2);
  });

  it('tells outlier detection connections and answers apart', async () => {
    const good = await scripted((socket) => socket.write(ok));
    const failing = await scripted((socket) => socket.write('HTTP/1.1 500 Oh no\r\nContent-Length: 0\r\n\r\n'));
    const bad = await refusingPort();
    const outlierDetection = {
      ...envoyOutlierDefaults,
      ...{
        consecutive5xx: 3,
        consecutiveLocalOriginFailure: 2,
        splitsLocalOriginErrors: true,
        maxEjectionPercent: 100,
      },
    };
    const forwarder = await forwarderTo([bad, failing.port, good.port], { cluster: { outlierDetection } });
    for (let i = 0; i < 12; i++) await sendRaw(forwarder.port, get, (text) => text.length > 0);
    const { enforced } = forwarder.cluster.detector?.counters ?? { enforced: null };
    expect(enforced).toMatchObject({ consecutive_local_origin_failure: 1, consecutive_5xx: 1, success_rate: 0 });
    const out = [...forwarder.cluster.endpoints].filter(({ isEjected }) => isEjected).map(({ config }) => config.port);
    expect(out).toEqual([bad, failing.port]);
  });

  it('opens the circuit at the limit of requests, with 503 UO', async () => {
    const upstream = await scripted(() => {});
    const circuitBreaker = { ...defaultLimits, maxRequests: 1 };
    const forwarder = await forwarderTo([upstream.port], { cluster: { circuitBreaker } });
    const first = sendRaw(forwarder.port, get, undefined, 300);
    while (forwarder.cluster.breaker.requests.active === 0) await new Promise((resolve) => setImmediate(resolve));
    const second = await sendRaw(forwarder.port, get, (text) => text.endsWith('}\n'));
    expect(second.text).toContain('x-heddle-reason: UO');
    await first;
  });

  it('gives the upstream up when the client goes away', async () => {
    const upstream = await scripted(() => {});
    const forwarder = await forwarderTo([upstream.port]);
    await sendRaw(forwarder.port, get, undefined, 50);
    while (forwarder.recorded.length === 0) await new Promise((resolve) => setImmediate(resolve));
    expect(forwarder.recorded).toMatchObject([{ status: 0, flag: 'DC' }]);
    expect([...forwarder.cluster.endpoints][0]).toMatchObject({ activeRequests: 0 });
  });
});

/** What an instance sends, and what the client must see; never a clean end of something that was not whole. */
const misbehaving: readonly [name: string, bytes: string, status: number, text?: RegExp][] = [
  ['two lengths', 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\nok', 502],
  ['length and chunks', 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n', 502],
  ['NUL in a header', 'HTTP/1.1 200 OK\r\nX: a\0b\r\nContent-Length: 2\r\n\r\nok', 502],
  ['a bare CR in a header', 'HTTP/1.1 200 OK\r\nX: a\rb\r\nContent-Length: 2\r\n\r\nok', 502],
  ['no status line', 'hello\r\n\r\n', 502],
  ['HTTP/2', 'HTTP/2.0 200 OK\r\n\r\n', 502],
  ['status 999', 'HTTP/1.1 999 X\r\n\r\n', 502],
  ['101 that nobody asked for', 'HTTP/1.1 101 Switching\r\n\r\n', 502],
  ['a storm of 103', 'HTTP/1.1 103 Early Hints\r\n\r\n'.repeat(1000), 103],
  ['101 headers', `HTTP/1.1 200 OK\r\n${'X: 1\r\n'.repeat(101)}\r\n`, 502],
];

describe('HttpExchange, given answers that break the rules', () => {
  it.each(misbehaving)('turns %s into an error', async (_name, bytes, status) => {
    const upstream = await scripted((socket) => socket.write(bytes, 'latin1'));
    const forwarder = await forwarderTo([upstream.port]);
    const answer = await sendRaw(forwarder.port, get, (text) => text.endsWith('}\n'));
    expect(answer.status).toBe(status);
    expect(answer.text).toContain('x-heddle-reason: UPE');
    expect([...forwarder.cluster.endpoints][0]?.openConnections).toBe(0);
  });

  it.each([
    ['a length that is not reached', 'HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf', ''],
    ['chunks that do not end', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n', ''],
    ['a malformed chunk', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nhalf', 'zz'],
  ])('cuts the connection after %s', async (_name, bytes, rest) => {
    const upstream = await scripted((socket) => socket.write(bytes));
    const forwarder = await forwarderTo([upstream.port]);
    let isContinued = false;
    const answer = await sendRaw(forwarder.port, get, (text) => {
      if (text.endsWith('half') || text.endsWith('half\r\n')) {
        if (!isContinued) upstream.connections[0]?.end(rest);
        isContinued = true;
      }
      return false;
    });
    expect(answer.isClosed).toBe(true);
    expect(answer.text.endsWith('\r\n0\r\n\r\n')).toBe(false);
    expect(forwarder.recorded).toMatchObject([{ status: 200, flag: 'UC' }]);
  });

  it('never uses a connection again on which something came after the answer', async () => {
    const upstream = await scripted((socket) => socket.write(`${ok}HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nEVIL`));
    const forwarder = await forwarderTo([upstream.port]);
    for (let i = 0; i < 3; i++) expect((await sendRaw(forwarder.port, get, isWhole)).text).not.toContain('EVIL');
    expect(upstream.connections).toHaveLength(3);
  });
});
