import { once } from 'node:events';
import type { ServiceError } from '@grpc/grpc-js';
import { Metadata, status } from '@grpc/grpc-js';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import type { RunningProxy } from '../../proxy/main.ts';
import { freePort } from '../testing/free-port.ts';
import { TestMesh } from '../testing/mesh.ts';
import type { EchoClient, EchoServer, Line } from './echo.ts';
import { echoClient, startEchoServer } from './echo.ts';

let mesh: TestMesh;
let servers: EchoServer[];
let web: RunningProxy;
let client: EchoClient;
let lostPort: number;

beforeAll(async () => {
  mesh = await TestMesh.start();
  servers = await Promise.all([startEchoServer('echo-1'), startEchoServer('echo-2')]);
  for (const [index, { port }] of servers.entries()) {
    await mesh.sidecar(`echo-${index + 1}`, { service: 'echo', ports: [{ port, protocol: 'grpc' }] });
  }
  const localPort = await freePort();
  lostPort = await freePort();
  web = await mesh.sidecar('web-1', {
    service: 'web',
    upstreams: [
      { service: 'echo', localPort },
      { service: 'nobody', localPort: lostPort },
    ],
  });
  client = echoClient(`127.0.0.1:${localPort}`);
  const seen = new Set<string>();
  await vi.waitUntil(async () => seen.add(await whoAnswers(client)).has('echo-1') && seen.has('echo-2'), {
    timeout: 15_000,
  });
});

afterAll(async () => {
  client?.close();
  await mesh?.close();
  for (const server of servers ?? []) server.stop();
});

function say(to: EchoClient, line: Partial<Line>, metadata = new Metadata()): Promise<Line> {
  return new Promise((resolve, reject) => {
    to.say(line, metadata, {}, (error, answer) => (error === null ? resolve(answer as Line) : reject(error)));
  });
}

async function whoAnswers(to: EchoClient): Promise<string> {
  return (await say(to, { text: 'who' }).catch(() => ({ instance: '' }))).instance;
}

async function linesOf(stream: AsyncIterable<Line>): Promise<Line[]> {
  const lines: Line[] = [];
  for await (const line of stream) lines.push(line);
  return lines;
}

describe('gRPC through two sidecars', () => {
  it('carries a unary call with its metadata, and trailers back', async () => {
    const metadata = new Metadata();
    metadata.set('x-mark', 'a b');
    const call = client.say({ text: 'hello' }, metadata, {}, () => {});
    const [ended] = (await once(call, 'status')) as [{ code: number; metadata: Metadata }];
    expect(ended.code).toBe(status.OK);
    expect(ended.metadata.get('x-mark')).toEqual(['a b']);
    expect(ended.metadata.get('x-payload-bin')).toEqual([Buffer.from([0, 255, 10, 13])]);
  });

  it('carries a stream of answers, of questions, and of both', async () => {
    const repeated = await linesOf(client.repeat({ text: 'again', count: 1000 }));
    expect(repeated.map(({ count }) => count)).toEqual(Array.from({ length: 1000 }, (_, index) => index + 1));

    const joined = await new Promise<Line>((resolve, reject) => {
      const call = client.join((error, line) => (error === null ? resolve(line as Line) : reject(error)));
      for (const text of ['warp', 'and', 'weft']) call.write({ text });
      call.end();
    });
    expect(joined).toMatchObject({ text: 'warp and weft', count: 3 });

    const chat = client.chat();
    const answers = linesOf(chat);
    for (let i = 0; i < 50; i++) chat.write({ text: `line ${i}` });
    chat.end();
    expect((await answers).map(({ text }) => text)).toEqual(Array.from({ length: 50 }, (_, i) => `line ${i}`));
  });

  it('answers each line of a chat before the next is sent', async () => {
    const chat = client.chat();
    for (const text of ['one', 'two', 'three']) {
      chat.write({ text });
      const [line] = (await once(chat, 'data')) as [Line];
      expect(line.text).toBe(text);
    }
    chat.end();
    await once(chat.resume(), 'end');
  });

  it('carries messages larger than every window', async () => {
    const text = 'x'.repeat(12 << 20);
    const answer = await say(client, { text });
    expect(answer.text === text).toBe(true);
  });

  it('balances calls, not connections', async () => {
    const counts = new Map<string, number>();
    for (let i = 0; i < 40; i++) {
      const instance = await whoAnswers(client);
      counts.set(instance, (counts.get(instance) ?? 0) + 1);
    }
    expect([...counts.keys()].sort()).toEqual(['echo-1', 'echo-2']);
    expect(Math.min(...counts.values())).toBeGreaterThan(8);
  });

  it.each([status.NOT_FOUND, status.INVALID_ARGUMENT, status.UNAVAILABLE])('hands status %i on', async (code) => {
    const error = await new Promise<ServiceError | null>((resolve) => {
      client.fail({ text: 'señor', count: code }, resolve);
    });
    expect(error).toMatchObject({ code, details: 'as asked: señor' });
  });

  it('ends a call at its deadline, on the server too', async () => {
    const before = servers.reduce((sum, server) => sum + server.cancelled, 0);
    const error = await new Promise<ServiceError | null>((resolve) => {
      client.wait({}, new Metadata(), { deadline: Date.now() + 200 }, resolve);
    });
    expect(error?.code).toBe(status.DEADLINE_EXCEEDED);
    await expect.poll(() => servers.reduce((sum, server) => sum + server.cancelled, 0)).toBe(before + 1);
  });

  it('tells the server when a caller gives up', async () => {
    const before = servers.reduce((sum, server) => sum + server.cancelled, 0);
    const chat = client.chat();
    chat.on('error', () => {});
    chat.write({ text: 'hello' });
    await once(chat, 'data');
    chat.cancel();
    await expect.poll(() => servers.reduce((sum, server) => sum + server.cancelled, 0)).toBe(before + 1);
  });

  it('says in a status why there is no answer', async () => {
    const lost = echoClient(`127.0.0.1:${lostPort}`);
    const error = await say(lost, {}).catch((reason: ServiceError) => reason);
    expect(error).toMatchObject({ code: status.UNIMPLEMENTED });
    expect((error as ServiceError).details).toContain('No service of that name is in the mesh');
    lost.close();
  });

  it('is reached through the proxy variables of gRPC', async () => {
    process.env.grpc_proxy = `http://127.0.0.1:${web.outboundPort}`;
    const proxied = echoClient('echo.default.svc.cluster.local:80', { 'grpc.enable_http_proxy': 1 });
    try {
      expect((await say(proxied, { text: 'through CONNECT' })).text).toBe('through CONNECT');
    } finally {
      delete process.env.grpc_proxy;
      proxied.close();
    }
  });

  it('counts calls by how they ended', async () => {
    const page = await (await fetch(`http://${web.adminAddress}/stats/prometheus`)).text();
    const totals = page.split('\n').filter((line) => line.startsWith('istio_requests_total{reporter="source"'));
    const calls = totals.filter((line) => line.includes('destination_service_name="echo"'));
    expect(calls.every((line) => line.includes('request_protocol="grpc"'))).toBe(true);
    for (const code of [status.OK, status.NOT_FOUND, status.UNAVAILABLE]) {
      expect(calls.some((line) => line.includes(`grpc_response_status="${code}"`))).toBe(true);
    }
  });
});
