import type { Socket } from 'node:net';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { readText } from '../../examples/testing/tcp-client.ts';
import { plainCluster, routeTable } from '../testing/forwarder.ts';
import { OutboundFixture } from '../testing/outbound-fixture.ts';
import type { NamedListenersAnswer } from './connect-tunnels.ts';

let fixture: OutboundFixture;

beforeEach(() => {
  fixture = new OutboundFixture();
});

afterEach(() => fixture.close());

const connectTo = (authority: string) => `CONNECT ${authority} HTTP/1.1\r\nHost: ${authority}\r\n\r\n`;
const opened = 'HTTP/1.1 200 OK\r\n\r\n';

/** Echoes, and ends when its client does. */
const echo = (socket: Socket): void => {
  socket.on('data', (chunk) => socket.write(chunk));
  socket.on('end', () => socket.end());
};

describe('ConnectTunnels', () => {
  it('forwards what the client sent without waiting for the answer', async () => {
    const { port } = await fixture.proxy(fixture.tcp(await fixture.server(echo)));
    const client = await fixture.client(port);
    client.write(`${connectTo('cart:80')}at once`);
    expect(await readText(client, 'at once')).toBe(`${opened}at once`);
    client.end('\xff and bytes', 'latin1');
    expect(await readText(client)).toBe('\xff and bytes');
    await vi.waitFor(() => expect(fixture.closed).toMatchObject([{ failure: null, receivedBytes: 18 }]));
    expect(fixture.openConnections).toBe(0);
  });

  it('answers with the reason when a destination that is TCP cannot be had', async () => {
    const { port } = await fixture.proxy(fixture.tcp(1));
    const client = await fixture.client(port);
    client.write(connectTo('cart:80'));
    expect(await readText(client, '}\n')).toMatch(/^HTTP\/1\.1 503 [\s\S]*x-heddle-reason: UF/);
    expect([fixture.answered, fixture.closed]).toEqual([[503], []]);
  });

  it('finds out what is inside a tunnel to a port that nobody declared', async () => {
    const server = await fixture.server((socket) => {
      socket.on('data', (chunk) => {
        const isHttp = chunk.toString().startsWith('GET / HTTP/1.1\r\nHost: cart');
        socket.write(isHttp ? 'HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nfrom http' : chunk);
      });
    });
    const { port } = await fixture.proxy(fixture.undeclared(server));
    const http = await fixture.client(port);
    http.write(`${connectTo('cart:80')}GET / HTTP/1.1\r\nHost: cart\r\n\r\n`);
    expect(await readText(http, 'from http')).toContain('x-envoy-upstream-service-time');
    const redis = await fixture.client(port);
    redis.write(`${connectTo('cart:80')}*1\r\n$4\r\nPING\r\n`);
    expect(await readText(redis, 'PING\r\n')).toBe(`${opened}*1\r\n$4\r\nPING\r\n`);
  });

  it('answers 421 to a request inside that names another host, and refuses a tunnel in a tunnel', async () => {
    const { port } = await fixture.proxy(fixture.undeclared(await fixture.http()));
    const client = await fixture.client(port);
    client.write(`${connectTo('cart:80')}GET / HTTP/1.1\r\nHost: db\r\n\r\n`);
    expect(await readText(client, '}\n')).toMatch(/^HTTP\/1\.1 200 OK\r\n\r\nHTTP\/1\.1 421 /);
    client.write(connectTo('cart:80'));
    expect(await readText(client, '}\n')).toMatch(/^HTTP\/1\.1 403 /);
  });

  it('takes all ports for HTTP where the control plane only knows routes', async () => {
    await fixture.http();
    const { port } = await fixture.proxy('absent');
    const client = await fixture.client(port);
    client.write(`${connectTo('cart:80')}GET / HTTP/1.1\r\nHost: cart\r\n\r\n`);
    expect(await readText(client, 'from http')).toMatch(/^HTTP\/1\.1 200 OK\r\n\r\nHTTP\/1\.1 200 /);
  });

  it.each([
    ['unknown', 'cart:80', 503, 'NC'],
    ['absent', 'gone.default.svc.cluster.local:80', 404, 'NR'],
    ['absent', '127.0.0.1:22', 403, 'NR'],
    ['absent', 'www.example.com:443', 503, 'NC'],
  ] as const)('says before there is a tunnel why there is none (%s, %s)', async (listener, authority, status, flag) => {
    const { port } = await fixture.proxy(listener);
    const client = await fixture.client(port);
    client.write(connectTo(authority));
    const expected = new RegExp(`^HTTP/1\\.1 ${status} [\\s\\S]*x-heddle-reason: ${flag}`);
    expect(await readText(client, '}\n')).toMatch(expected);
    client.write(connectTo(authority)); // the connection does not go on: RFC 9931 section 8
    expect(await readText(client)).toBe('');
    expect(fixture.answered).toEqual([status]);
  });

  it('asks where a host outside is, and refuses one that is this host', async () => {
    const outside = plainCluster([], { discovery: 'passthrough' });
    const { port } = await fixture.proxy('absent', routeTable(outside));
    const client = await fixture.client(port);
    client.write(connectTo('0:6379')); // no address by its spelling, and the host itself to the resolver
    expect(await readText(client, '}\n')).toMatch(/^HTTP\/1\.1 403 /);
    outside.close();
  });

  it('forgets a client that goes while its tunnel is being opened', async () => {
    let answer: (chains: NamedListenersAnswer) => void = () => {};
    const pending = new Promise<NamedListenersAnswer>((resolve) => {
      answer = resolve;
    });
    let accepted = 0;
    const server = await fixture.server(() => accepted++);
    const { port } = await fixture.proxy(pending);
    const client = await fixture.client(port);
    client.write(connectTo('cart:80'));
    await vi.waitFor(() => expect(fixture.openConnections).toBe(1));
    await new Promise((resolve) => setImmediate(resolve));
    client.destroy();
    await vi.waitFor(() => expect(fixture.openConnections).toBe(0));
    answer(fixture.tcp(server));
    for (let turn = 0; turn < 10; turn++) await new Promise((resolve) => setImmediate(resolve));
    expect(accepted).toBe(0);
  });
});
