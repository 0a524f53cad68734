import { once } from 'node:events';
import type { AddressInfo, Socket } from 'node:net';
import { connect as connectTls, createServer as createTlsServer } from 'node:tls';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { createTestMesh } from '../../certs/testing/test-identity.ts';
import { readText } from '../../examples/testing/tcp-client.ts';
import { responseFlag } from '../failure.ts';
import type { ForwardedConnection } from '../forward-tcp.ts';
import { OutboundFixture } from '../testing/outbound-fixture.ts';
import type { NamedListenersAnswer } from './connect-tunnels.ts';
import type { NamedRoutesAnswer } from './outbound-routes.ts';

let fixture: OutboundFixture;
const closers: (() => void)[] = [];

beforeEach(() => {
  fixture = new OutboundFixture();
});

afterEach(async () => {
  for (const close of closers.splice(0)) close();
  await fixture.close();
});

describe('a port that is declared to carry TCP', () => {
  it('is spliced at once: a server may speak first', async () => {
    const server = await fixture.server((socket) => socket.end('220 ready'));
    const port = await fixture.upstream(fixture.tcp(server));
    expect(await readText(await fixture.client(port))).toBe('220 ready');
  });
});

describe('a port that nobody declared', () => {
  it.each([
    ['in one piece', ['GET / HTTP/1.1\r\nHost: a\r\n\r\n']],
    ['byte by byte', [...'GET / HTTP/1.1\r\nHost: a\r\n\r\n']],
    ['of a method that nobody registered', ['PURGE / HTTP/1.1\r', '\nHost: a\r\n\r\n']],
  ])('carries HTTP/1 %s', async (_what, pieces) => {
    const port = await fixture.upstream(fixture.undeclared(await fixture.http()));
    const client = await fixture.client(port);
    for (const piece of pieces) {
      client.write(piece);
      await new Promise((resolve) => setImmediate(resolve));
    }
    const answer = await readText(client, 'from http');
    expect(answer).toMatch(/^HTTP\/1\.1 200 /);
    expect(answer).toContain('x-envoy-upstream-service-time');
  });

  it('tells HTTP/2 by its preface', async () => {
    const port = await fixture.upstream(fixture.undeclared(await fixture.http()));
    const client = await fixture.client(port);
    client.write('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n');
    // the first frame of a server is SETTINGS (RFC 9113 section 3.4)
    const [first] = (await once(client, 'data')) as [Buffer];
    expect(first[3]).toBe(4);
  });

  it.each([
    ['Redis', '*1\r\n$4\r\nPING\r\n'],
    ['memcached', 'get a\r\n'],
    ['PostgreSQL', '\x00\x00\x00\x08\x04\xd2\x16\x2f'],
    ['a client that ends before it is clear', 'GE'],
  ])('carries the bytes of %s', async (_what, bytes) => {
    const server = await fixture.server((socket) => {
      socket.on('data', (chunk) => socket.write(chunk));
      socket.on('end', () => socket.end());
    });
    const client = await fixture.client(await fixture.upstream(fixture.undeclared(server)));
    client.end(bytes, 'latin1');
    expect(await readText(client)).toBe(bytes);
    await vi.waitFor(() => expect(fixture.closed).toMatchObject([{ receivedBytes: bytes.length, failure: null }]));
  });

  it('lets a server speak first to a client that is silent', async () => {
    const server = await fixture.server((socket) => {
      socket.write('hello');
      socket.on('data', (chunk) => socket.end(`you said ${chunk}`));
    });
    const client = await fixture.client(await fixture.upstream(fixture.undeclared(server)));
    expect(await readText(client, 'hello')).toBe('hello');
    client.write('GET / HTTP/1.1\r\n\r\n');
    expect(await readText(client)).toBe('you said GET / HTTP/1.1\r\n\r\n');
  });

  it('drops the upstream that it dialled when the silent client then speaks HTTP', async () => {
    const sockets: Socket[] = [];
    const server = await fixture.server((socket) => {
      sockets.push(socket);
      socket.on('data', () => socket.end('HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nfrom http'));
      socket.on('end', () => socket.end());
    });
    const client = await fixture.client(await fixture.upstream(fixture.undeclared(server)));
    await vi.waitFor(() => expect(sockets).toHaveLength(1), 5_000);
    client.write('GET / HTTP/1.1\r\nHost: a\r\n\r\n');
    expect(await readText(client, 'from http')).toContain('x-envoy-upstream-service-time');
    await vi.waitFor(() => expect(sockets[0]?.destroyed).toBe(true));
    expect(sockets).toHaveLength(2);
    expect(fixture.closed).toEqual([]);
  });

  it('goes on listening to a silent client whose server had nothing to say', async () => {
    let accepted = 0;
    const server = await fixture.server((socket) => {
      if (++accepted === 1) socket.end();
      socket.on('data', () => socket.end('HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nfrom http'));
    });
    const client = await fixture.client(await fixture.upstream(fixture.undeclared(server)));
    await vi.waitFor(() => expect(accepted).toBe(1), 5_000);
    await vi.waitFor(() => expect(fixture.cluster?.breaker.connections.active).toBe(0));
    client.write('GET / HTTP/1.1\r\nHost: a\r\n\r\n');
    expect(await readText(client, 'from http')).toMatch(/^HTTP\/1\.1 200 /);
  });

  it('cancels what it dialled when the silent client goes', async () => {
    const sockets: Socket[] = [];
    const server = await fixture.server((socket) => {
      sockets.push(socket);
      socket.on('end', () => socket.end());
    });
    const client = await fixture.client(await fixture.upstream(fixture.undeclared(server)));
    await vi.waitFor(() => expect(sockets).toHaveLength(1), 5_000);
    client.resetAndDestroy();
    await vi.waitFor(() => expect(sockets[0]?.destroyed).toBe(true));
    expect(fixture.cluster?.breaker.connections.active).toBe(0);
    expect(fixture.openConnections).toBe(0);
  });
});

describe('TLS that is passed through', () => {
  const mesh = createTestMesh();

  async function tlsServer(answer: string): Promise<number> {
    const server = createTlsServer(mesh.identity(answer), (socket) => socket.end(answer)).listen(0, '127.0.0.1');
    await once(server, 'listening');
    closers.push(() => server.close());
    return (server.address() as AddressInfo).port;
  }

  async function call(port: number, servername: string): Promise<string> {
    const options = { port, host: '127.0.0.1', rejectUnauthorized: false };
    const socket = connectTls(servername === '' ? options : { ...options, servername });
    let text = '';
    socket.on('data', (chunk) => {
      text += chunk;
    });
    return new Promise((resolve) => {
      socket.on('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? ''));
      socket.on('end', () => resolve(text));
    });
  }

  it('goes by the server name, the most specific one first, and is closed where none fits', async () => {
    const [exact, suffix] = [await tlsServer('exact'), await tlsServer('suffix')];
    const port = await fixture.upstream(
      fixture.byServerName([
        { serverNames: ['*.shop.example'], server: suffix },
        { serverNames: ['cart.shop.example'], server: exact },
      ]),
    );
    expect(await call(port, 'cart.shop.example')).toBe('exact');
    expect(await call(port, 'db.shop.example')).toBe('suffix');
    expect(await call(port, 'CART.shop.example')).toBe('exact');
    expect(await call(port, 'other.example')).toBe('ECONNRESET');
    expect(await call(port, '')).toBe('ECONNRESET');
    await vi.waitFor(() => expect(fixture.closed).toHaveLength(5));
    expect(fixture.closed.map(({ serverName, failure }) => [serverName, responseFlag(failure)])).toEqual([
      ['cart.shop.example', '-'],
      ['db.shop.example', '-'],
      ['cart.shop.example', '-'],
      ['other.example', 'NR'],
      ['', 'NR'],
    ]);
  });
});

describe('a port of which the control plane', () => {
  it.each<[what: string, listener: NamedListenersAnswer, routes: NamedRoutesAnswer, status: number, flag: string]>([
    ['says that there is no such service', 'absent', 'absent', 404, 'NR'],
    ['says nothing', 'unknown', 'unknown', 503, 'NC'],
  ])('%s answers HTTP with the reason, and resets everything else', async (_what, listener, routes, status, flag) => {
    fixture.routes = routes;
    const port = await fixture.upstream(listener);
    const client = await fixture.client(port);
    client.write('GET / HTTP/1.1\r\nHost: a\r\n\r\n');
    expect(await readText(client, '}\n')).toMatch(
      new RegExp(`^HTTP/1\\.1 ${status} [\\s\\S]*x-heddle-reason: ${flag}`),
    );
    const other = await fixture.client(port);
    const failed = new Promise((resolve) => other.once('error', (error: NodeJS.ErrnoException) => resolve(error.code)));
    other.write('*1\r\n$4\r\nPING\r\n');
    expect(await failed).toBe('ECONNRESET');
    await vi.waitFor(() => expect(fixture.closed.map(flagOf)).toEqual([flag]));
  });

  it('only knows routes carries HTTP', async () => {
    await fixture.http();
    const port = await fixture.upstream('absent');
    const client = await fixture.client(port);
    client.write('GET / HTTP/1.1\r\nHost: a\r\n\r\n');
    expect(await readText(client, 'from http')).toMatch(/^HTTP\/1\.1 200 /);
  });

  it('answers later is waited for', async () => {
    const server = await fixture.server((socket) => socket.end('220 ready'));
    let answer: (chains: NamedListenersAnswer) => void = () => {};
    const port = await fixture.upstream(
      new Promise((resolve) => {
        answer = resolve;
      }),
    );
    const client = await fixture.client(port);
    answer(fixture.tcp(server));
    expect(await readText(client)).toBe('220 ready');
  });
});

function flagOf({ failure }: ForwardedConnection): string {
  return responseFlag(failure);
}
