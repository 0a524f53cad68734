import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import type { RequestListener, Server } from 'node:http';
import { createServer, request } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { Client } from 'undici';
import { afterEach, describe, expect, it } from 'vitest';
import type { Nginx } from '../../examples/testing/nginx.ts';
import { startNginx } from '../../examples/testing/nginx.ts';
import { hasProgram } from '../../examples/testing/programs.ts';
import type { MeshOfTwo } from '../testing/forwarder.ts';
import { startForwarder, startMesh } from '../testing/forwarder.ts';
import { setTransportKind } from '../transport/open-transport.ts';

const closers: (() => Promise<unknown>)[] = [];

afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

const execute = promisify(execFile);

async function curl(...options: string[]): Promise<string> {
  const { stdout } = await execute('curl', ['-sS', '--noproxy', '', '--max-time', '20', ...options]);
  return stdout;
}

async function application(listener: RequestListener, prepare: (server: Server) => void = () => {}): Promise<number> {
  const server = createServer(listener);
  prepare(server);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  closers.push(async () => {
    server.closeAllConnections();
    server.close();
  });
  return (server.address() as AddressInfo).port;
}

const meshTo = (port: number): Promise<MeshOfTwo> => startMesh(port, (close) => closers.push(close));

/** Says what it was asked, and how long the body was. */
const describing: RequestListener = (message, response) => {
  let bytes = 0;
  message.on('data', (chunk: Buffer) => {
    bytes += chunk.length;
  });
  message.on('end', () => {
    response.setHeader('content-type', 'text/plain');
    response.end(`${message.method} ${message.url} ${message.headers.host} ${message.httpVersion} ${bytes}\n`);
  });
};

async function fileOf(bytes: number): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'heddle-upload-'));
  closers.push(() => rm(folder, { recursive: true, force: true }));
  const file = join(folder, 'upload');
  await writeFile(file, Buffer.alloc(bytes, 'heddle'));
  return file;
}

describe.skipIf(!hasProgram('curl'))('curl through two sidecars', () => {
  it.each([
    ['HTTP/1.0', ['--http1.0'], 'GET /a'],
    ['HEAD', ['-I'], ''],
    ['an absolute form', [], 'GET /a'],
  ])('is served with %s', async (kind, options, expected) => {
    const { outbound } = await meshTo(await application(describing));
    const url = kind === 'an absolute form' ? 'http://shop.example/a' : `http://127.0.0.1:${outbound.port}/a`;
    const proxy = kind === 'an absolute form' ? ['--proxy', `http://127.0.0.1:${outbound.port}`] : [];
    const host = kind === 'an absolute form' ? 'shop.example' : `127.0.0.1:${outbound.port}`;
    const text = await curl(...options, ...proxy, '-w', '%{http_code} %{http_version}', url);
    if (kind === 'HEAD') expect(text).toMatch(/^HTTP\/1\.1 200 OK\r\n.*200 1\.1$/s);
    else expect(text).toBe(`${expected} ${host} 1.1 0\n200 1.1`);
  });

  it('waits for 100 of the application, and sends its body then', async () => {
    const order: string[] = [];
    const port = await application(
      (message, response) => {
        message.once('data', () => order.push('body'));
        describing(message, response);
      },
      (server) =>
        server.on('checkContinue', (message, response) => {
          order.push('100');
          response.writeContinue();
          server.emit('request', message, response);
        }),
    );
    const { outbound } = await meshTo(port);
    const url = `http://127.0.0.1:${outbound.port}/up`;
    const text = await curl(
      '-T',
      await fileOf(3_000_000),
      '-H',
      'Expect: 100-continue',
      '--expect100-timeout',
      '15',
      '-v',
      url,
    );
    expect(text).toContain('PUT /up');
    expect(text).toContain(' 3000000\n');
    expect(order).toEqual(['100', 'body']);
  });

  it('reads the refusal of an application that takes no body', async () => {
    const port = await application(describing, (server) =>
      server.on('checkContinue', (_message, response) => response.writeHead(413).end('too large\n')),
    );
    const { outbound } = await meshTo(port);
    const options = ['-T', await fileOf(3_000_000), '-H', 'Expect: 100-continue', '-w', '%{http_code} %{size_upload}'];
    expect(await curl(...options, `http://127.0.0.1:${outbound.port}/up`)).toBe('too large\n413 0');
  });

  it('reads an answer that comes in the middle of its upload', async () => {
    const port = await application((message, response) => {
      message.once('data', () => response.writeHead(413).end('too large\n')); // Node reads the rest and drops it
    });
    const { outbound } = await meshTo(port);
    const options = ['-T', await fileOf(30_000_000), '-H', 'Expect:', '-w', '%{http_code}'];
    expect(await curl(...options, `http://127.0.0.1:${outbound.port}/up`)).toBe('too large\n413');
    await expect.poll(() => outbound.recorded).toMatchObject([{ status: 413 }]);
  });

  it('reads it also where the application closes at once, and its kernel resets', async () => {
    setTransportKind('handle'); // the public transport cannot read on when a write has failed
    closers.push(async () => setTransportKind('socket'));
    const port = await application((message, response) => {
      message.once('data', () => response.writeHead(413, { connection: 'close' }).end('too large\n'));
    });
    const { outbound } = await meshTo(port);
    const options = ['-T', await fileOf(30_000_000), '-H', 'Expect:', '-w', '%{http_code}'];
    for (let i = 0; i < 5; i++) {
      expect(await curl(...options, `http://127.0.0.1:${outbound.port}/up`)).toBe('too large\n413');
    }
  });

  it('sends a body in chunks', async () => {
    const { outbound } = await meshTo(await application(describing));
    const url = `http://127.0.0.1:${outbound.port}/up`;
    const text = await curl('-T', await fileOf(1_000_000), '-H', 'Transfer-Encoding: chunked', url);
    expect(text).toBe(`PUT /up 127.0.0.1:${outbound.port} 1.1 1000000\n`);
  });

  it('goes on over HTTP/1 when it offers h2c', async () => {
    const { outbound } = await meshTo(await application(describing));
    const url = `http://127.0.0.1:${outbound.port}/a`;
    expect(await curl('--http2', '-w', '%{http_code} %{http_version}', url)).toMatch(/^GET \/a .*\n200 1\.1$/s);
  });
});

describe('Node through two sidecars', () => {
  it('hears 103 before the answer', async () => {
    const port = await application((_message, response) => {
      response.writeEarlyHints({ link: '</style.css>; rel=preload; as=style' }, () => response.end('ok'));
    });
    const { outbound } = await meshTo(port);
    const call = request({ port: outbound.port, host: '127.0.0.1' });
    const heard: unknown[] = [];
    call.on('information', ({ statusCode, headers }) => heard.push([statusCode, headers.link]));
    call.end();
    const [response] = await once(call, 'response');
    response.resume();
    expect(heard).toEqual([[103, '</style.css>; rel=preload; as=style']]);
    expect(response.statusCode).toBe(200);
  });

  it('gets its pipelined requests answered in order, slow ones among them', async () => {
    const port = await application((message, response) => {
      const number = Number(message.url?.slice(1));
      if (number % 3 === 0) setImmediate(() => setImmediate(() => response.end(message.url)));
      else response.end(message.url);
    });
    const { outbound } = await meshTo(port);
    const client = new Client(`http://127.0.0.1:${outbound.port}`, { pipelining: 10 });
    closers.push(() => client.destroy());
    const numbers = Array.from({ length: 100 }, (_, index) => `/${index}`);
    const answers = numbers.map(async (path) => (await client.request({ path, method: 'GET' })).body.text());
    expect(await Promise.all(answers)).toEqual(numbers);
    expect(outbound.peers).toHaveLength(1);
  });

  it('sends and gets trailers', async () => {
    let sent: NodeJS.Dict<string> = {};
    const port = await application((message, response) => {
      message.resume();
      message.on('end', () => {
        sent = message.trailers;
        response.writeHead(200, { trailer: 'x-checksum' });
        response.write('ok');
        response.addTrailers({ 'x-checksum': '1' });
        response.end();
      });
    });
    const { outbound } = await meshTo(port);
    const call = request({ port: outbound.port, host: '127.0.0.1', method: 'POST', headers: { trailer: 'x-sent' } });
    call.write('body');
    call.addTrailers({ 'x-sent': '2' });
    call.end();
    const [response] = await once(call, 'response');
    response.resume();
    await once(response, 'end');
    expect(response.trailers).toEqual({ 'x-checksum': '1' });
    expect(sent).toEqual({ 'x-sent': '2' });
  });
});

describe.skipIf(!hasProgram('nginx') || !hasProgram('curl'))('nginx as the application', () => {
  async function serve(server?: string): Promise<{ nginx: Nginx; mesh: MeshOfTwo }> {
    const nginx = await startNginx(server);
    closers.push(() => nginx.stop());
    await writeFile(join(nginx.folder, 'page'), 'x'.repeat(100_000));
    return { nginx, mesh: await meshTo(nginx.port) };
  }

  it('answers ranges, conditions and HEAD over connections that are kept', async () => {
    const { mesh } = await serve();
    const url = `http://127.0.0.1:${mesh.outbound.port}/page`;
    const code = ['-o', '/dev/null', '-w', '%{http_code} %{size_download}\n'];
    const etag = /etag: (.*)\r\n/i.exec(await curl('-I', url))?.[1] ?? '';
    expect(await curl(...code, '-r', '10-19', url)).toBe('206 10\n');
    expect(await curl(...code, '-H', `If-None-Match: ${etag}`, url)).toBe('304 0\n');
    expect(await curl(...code, url)).toBe('200 100000\n');
    expect(await curl(...code, '--http1.0', url)).toBe('200 100000\n');
    const [endpoint] = [...mesh.inbound.cluster.endpoints];
    expect(endpoint?.poolCounters.connectionsTotal).toBe(1);
  });

  it('refuses a body that is too large before it has come', async () => {
    const { mesh } = await serve('client_max_body_size 1k; location /up { proxy_pass http://127.0.0.1:9; }');
    const url = `http://127.0.0.1:${mesh.outbound.port}/up`;
    const options = ['-T', await fileOf(20_000_000), '-H', 'Expect:', '-o', '/dev/null', '-w', '%{http_code}'];
    expect(await curl(...options, url)).toBe('413');
  });

  it('closes its connections after some requests without a request being lost', async () => {
    const { mesh } = await serve('keepalive_requests 3;');
    const url = `http://127.0.0.1:${mesh.outbound.port}/page?[1-50]`;
    const codes = await curl('-o', '/dev/null', '-w', '%{http_code}\n', url);
    expect(codes.trim().split('\n')).toEqual(Array.from({ length: 50 }, () => '200'));
  });

  it.skipIf(!hasProgram('wrk'))('stands the load of wrk with pipelined requests', async () => {
    const { nginx } = await serve();
    await writeFile(join(nginx.folder, 'small'), 'ok');
    const script = join(nginx.folder, 'pipeline.lua');
    await writeFile(
      script,
      'init = function() local r = {} for i = 1, 8 do r[i] = wrk.format("GET", "/small") end all = table.concat(r) end\nrequest = function() return all end\n',
    );
    const forwarder = await startForwarder([nginx.port]);
    closers.push(() => forwarder.close());
    const { stdout } = await execute('wrk', [
      '-t1',
      '-c8',
      '-d1s',
      '-s',
      script,
      `http://127.0.0.1:${forwarder.port}/`,
    ]);
    expect(stdout).not.toMatch(/Non-2xx|Socket errors/);
    expect(Number(/(\d+) requests in/.exec(stdout)?.[1])).toBeGreaterThan(100);
    // what was under way when wrk stopped is cut off
    const ends = new Set(forwarder.recorded.map(({ status, flag }) => `${status} ${flag}`));
    expect([...ends].filter((end) => end !== '0 DC')).toEqual(['200 -']);
  });
});
