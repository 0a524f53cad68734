import { once } from 'node:events';
import type { RequestListener, Server } from 'node:http';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { LoadGenerator } from './load-generator.ts';

let server: Server | undefined;
afterEach(() => void server?.close());

async function load(listener: RequestListener): Promise<LoadGenerator> {
  server = createServer(listener);
  await once(server.listen(0, '127.0.0.1'), 'listening');
  return new LoadGenerator(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`, 2000, 4);
}

const page = (version: string) =>
  JSON.stringify({
    instance: 'web-1',
    cart: { instance: `cart-${version}-1`, version },
    recommend: { instance: 'recommend-2' },
  });

describe('LoadGenerator', () => {
  it('counts who took part in each answer', async () => {
    let calls = 0;
    const generator = await load((_request, response) => void response.end(page(calls++ % 10 === 0 ? 'v2' : 'v1')));
    generator.start();
    await generator.reached(20);
    await generator.stop();
    const counts = generator.counts;
    expect(counts.calls).toBe(calls);
    expect(counts).toMatchObject({ failed: 0, byStatus: { 200: calls }, failures: [] });
    expect(counts.byCartVersion.v2).toBe(Math.ceil(calls / 10));
    expect(counts.byInstance).toMatchObject({ 'web-1': calls, 'recommend-2': calls });
  });

  it.each([
    ['another status', (status: number) => status, '503 {"title":"no endpoint"}'],
    ['an answer that is not the shop’s', () => 200, '200 {"title":"no endpoint"}'],
  ])('counts %s as failed, and keeps the words', async (_what, statusFor, words) => {
    const generator = await load((_request, response) => {
      response.writeHead(statusFor(503)).end('{"title":"no endpoint"}');
    });
    generator.start();
    await generator.reached(8);
    await generator.stop();
    expect(generator.counts.failed).toBe(generator.counts.calls);
    expect(generator.counts.failures).toEqual(Array(5).fill(words));
  });

  it('counts a broken connection as failed with status 0', async () => {
    const generator = await load((request) => void request.socket.destroy());
    generator.start();
    await generator.reached(1);
    await generator.stop();
    expect(generator.counts.byStatus).toEqual({ 0: generator.counts.calls });
  });

  it('waits for the calls under way when it stops, and makes no more', async () => {
    let open = 0;
    let seen = 0;
    const generator = await load((_request, response) => {
      open += 1;
      seen += 1;
      setImmediate(() => {
        open -= 1;
        response.end(page('v1'));
      });
    });
    generator.start();
    await generator.reached(3);
    await generator.stop();
    expect(open).toBe(0);
    expect(generator.counts.calls).toBe(seen);
  });

  it('never has more calls under way than its concurrency', async () => {
    let most = 0;
    const held: (() => void)[] = [];
    const generator = await load((_request, response) => {
      held.push(() => response.end(page('v1')));
      most = Math.max(most, held.length);
      // Answers come only when all four are under way, so that the bound is reached again and again.
      if (held.length === 4) setImmediate(() => held.splice(0).forEach((release) => void release()));
    });
    generator.start();
    await generator.reached(40);
    expect(most).toBe(4);
    const stopped = generator.stop();
    held.splice(0).forEach((release) => void release());
    server?.on('request', (_request, response) => response.end(page('v1')));
    await stopped;
  });
});
