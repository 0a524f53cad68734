import { afterEach, describe, expect, it } from 'vitest';
import type { Forwarder, ForwarderOptions, ScriptedServer } from './testing/forwarder.ts';
import { startForwarder, startMesh, startScriptedServer } from './testing/forwarder.ts';
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

async function _forwarderTo(ports: readonly number[], options?: ForwarderOptions): Promise<Forwarder> {
  const forwarder = await startForwarder(ports, options);
  closers.push(forwarder.close);
  return forwarder;
}

const get = 'GET /x HTTP/1.1\r\nHost: a\r\n\r\n';
const answerOf = (bytes: number) => `HTTP/1.1 200 OK\r\nContent-Length: ${bytes}\r\n\r\n${'x'.repeat(bytes)}`;
const statuses = (text: string) => text.match(/HTTP\/1\.1 \d{3}/g) ?? [];

describe('HttpExchange and the flow of bytes', () => {
  it.each([10_000, 20_000, 300_000])('uses connections again after an answer of %i bytes', async (bytes) => {
    const upstream = await scripted((socket) => socket.write(answerOf(bytes)));
    const { inbound, outbound } = await startMesh(upstream.port, (close) => closers.push(close));
    const isWhole = (count: number) => (text: string) =>
      statuses(text).length === count && text.split('x').length > bytes * count;
    for (let i = 0; i < 3; i++) {
      expect(statuses((await sendRaw(outbound.port, [get, get], isWhole(2))).text)).toHaveLength(2);
    }
    expect([inbound.peers.length, upstream.connections.length]).toEqual([1, 1]);
  });
});
