import { afterEach, describe, expect, it } from 'vitest';
import type { ForwarderOptions } from '../testing/forwarder.ts';
import { plainCluster, startForwarder, startScriptedServer } from '../testing/forwarder.ts';
import { sendRaw } from '../testing/raw-client.ts';

const closers: (() => Promise<unknown> | unknown)[] = [];

afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

async function server() {
  const scripted = await startScriptedServer((socket) => {
    socket.write('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok');
  });
  closers.push(scripted.close);
  return scripted;
}

/** The count that arrives at an endpoint of loopback; null for none. */
async function countOf(lines: string, options: ForwarderOptions = { countsHops: true }): Promise<string | null> {
  const upstream = await server();
  const forwarder = await startForwarder([upstream.port], options);
  closers.push(() => forwarder.close());
  await sendRaw(forwarder.port, `GET / HTTP/1.1\r\nHost: a\r\n${lines}\r\n`, (text) => text.endsWith('ok'));
  return /x-heddle-hops: (\d+)\r\n/.exec(upstream.received())?.[1] ?? null;
}

describe('the way of a request over sidecars', () => {
  it('is counted from the first one on that gets it with an id', async () => {
    expect(await countOf('')).toBeNull();
    expect(await countOf('X-Request-Id: a\r\n')).toBe('1');
    expect(await countOf('X-Request-Id: a\r\nX-Heddle-Hops: 1\r\n')).toBe('2');
  });

  it('is counted on where no count would begin', async () => {
    expect(await countOf('X-Request-Id: a\r\n', {})).toBeNull();
    expect(await countOf('X-Request-Id: a\r\nX-Heddle-Hops: 1\r\n', {})).toBe('2');
  });

  it('is that of its copies, too', async () => {
    const copies = await server();
    const destination = plainCluster([copies.port], { name: 'mirror' });
    closers.push(() => destination.close());
    const mirrors = [{ destination, isDrawn: null, hasHostSuffix: false }];
    await countOf('X-Request-Id: a\r\nX-Heddle-Hops: 4\r\n', { countsHops: true, action: { mirrors } });
    await expect.poll(copies.received).toContain('x-heddle-hops: 5\r\n');
  });

  it('ends with 508 after eight', async () => {
    expect(await countOf('X-Heddle-Hops: 8\r\n')).toBe('9');
    const upstream = await server();
    const forwarder = await startForwarder([upstream.port]);
    closers.push(() => forwarder.close());
    const { status } = await sendRaw(forwarder.port, 'GET / HTTP/1.1\r\nHost: a\r\nX-Heddle-Hops: 9\r\n\r\n', (text) =>
      text.endsWith('}\n'),
    );
    expect(status).toBe(508);
    expect(upstream.received()).toBe('');
    expect(forwarder.recorded).toMatchObject([{ status: 508, attempts: 0 }]);
  });
});
