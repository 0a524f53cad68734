import { connect } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { BodyLimit } from '../filter/body-limit.ts';
import { data, open } from '../http2/testing/wire.ts';
import { startForwarder, startScriptedServer } from '../testing/forwarder.ts';
import { Http2Probe } from '../testing/http2-probe.ts';
import { sendRaw } from '../testing/raw-client.ts';

const closers: (() => Promise<void>)[] = [];

afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

/** In front of an application that answers what ends with `done`. */
async function limited(maxBytes: number) {
  const upstream = await startScriptedServer((socket, text) => {
    if (text.endsWith('done') || text.endsWith('0\r\n\r\n'))
      socket.write('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok');
  });
  closers.push(upstream.close);
  const counters = { tooLarge: 0 };
  const forwarder = await startForwarder([upstream.port], { filters: [new BodyLimit(maxBytes, counters)] });
  closers.push(() => forwarder.close());
  return { forwarder, upstream, counters };
}

const post = (lines: string) => `POST / HTTP/1.1\r\nHost: a\r\n${lines}\r\n\r\n`;
const chunked = post('Transfer-Encoding: chunked');

describe('a limit of request bodies', () => {
  it('refuses a length beyond it before the application hears of the request', async () => {
    const { forwarder, upstream, counters } = await limited(10);
    const { status, text, isClosed } = await sendRaw(forwarder.port, post('Content-Length: 11'));
    expect([status, isClosed, upstream.connections.length]).toEqual([413, true, 0]);
    expect(text).toContain('\r\nx-heddle-reason: request_payload_too_large\r\n');
    expect(JSON.parse(text.slice(text.indexOf('\r\n\r\n')))).toMatchObject({
      reason: 'requestPayloadTooLarge',
      detail: 'more than 10 bytes',
    });
    expect(forwarder.recorded).toMatchObject([{ status: 413, flag: '-', attempts: 0 }]);
    expect(counters.tooLarge).toBe(1);
  });

  it('lets a body through that ends at it, in however many chunks', async () => {
    const { forwarder } = await limited(10);
    const chunks = Array.from({ length: 10 }, () => '1\r\nx\r\n');
    const { status } = await sendRaw(forwarder.port, [chunked, ...chunks, '0\r\n\r\n'], (text) => text.endsWith('ok'));
    expect(status).toBe(200);
  });

  it('breaks the request to the application off when more comes than may', async () => {
    const { forwarder, upstream, counters } = await limited(10);
    const socket = connect(forwarder.port, '127.0.0.1');
    let answer = '';
    socket.on('data', (bytes) => {
      answer += bytes;
    });
    socket.write(`${chunked}a\r\n0123456789\r\n`);
    await expect.poll(() => upstream.received()).toContain('0123456789');
    const gone = new Promise((resolve) => upstream.connections[0]?.once('close', resolve));
    socket.write('1\r\nx\r\n');
    await gone;
    await expect.poll(() => answer).toMatch(/^HTTP\/1\.1 413 /);
    expect(upstream.received()).not.toContain('1\r\nx\r\n');
    expect(forwarder.recorded).toMatchObject([{ status: 413, attempts: 1 }]);
    expect([counters.tooLarge, forwarder.cluster.breaker.requests.active]).toEqual([1, 0]);
    expect([...forwarder.cluster.endpoints][0]).toMatchObject({ activeRequests: 0, requestsError: 0 });
    socket.destroy();
  });

  it('counts bodies of HTTP/2 that have no length', async () => {
    const { forwarder, counters } = await limited(10);
    const probe = new Http2Probe(connect(forwarder.port, '127.0.0.1'));
    probe.send(open(1));
    probe.send(data(1, '01234567'));
    probe.send(data(1, '89a'));
    expect(await probe.waitFor(/413/)).toBe(true);
    expect(counters.tooLarge).toBe(1);
    probe.destroy();
  });
});
