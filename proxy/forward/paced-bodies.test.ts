import { Buffer } from 'node:buffer';
import { once } from 'node:events';
import type { IncomingHttpHeaders } from 'node:http2';
import { connect as connectHttp2 } from 'node:http2';
import type { Socket } from 'node:net';
import { connect } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { BandwidthLimit, HeadBandwidthLimit } from '../filter/bandwidth-limit.ts';
import { noBandwidth, SharedBandwidth } from '../filter/shared-bandwidth.ts';
import { TimerWheel } from '../resilience/timer-wheel.ts';
import { startForwarder, startScriptedServer } from '../testing/forwarder.ts';

const closers: (() => Promise<void>)[] = [];

afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

const RATE = 1000;
const get = 'GET / HTTP/1.1\r\nHost: a\r\n\r\n';
const head = (lines: string) => `HTTP/1.1 200 OK\r\n${lines}\r\n\r\n`;
const x = (length: number) => 'x'.repeat(length);

/** In front of an application that a test scripts: RATE bytes a second each way, and as many at once at first. */
async function limited(answer: (socket: Socket, text: string) => void, trailerPrefix: string | null = null) {
  let nowMs = 0;
  const wheel = new TimerWheel(() => nowMs);
  const make = () => ({
    bandwidth: new SharedBandwidth(RATE, 50, { wheel, now: () => nowMs }),
    counters: noBandwidth(),
  });
  const [request, response] = [make(), make()];
  const upstream = await startScriptedServer(answer);
  closers.push(upstream.close);
  const filters = [new HeadBandwidthLimit(request), new BandwidthLimit(request, response, trailerPrefix)];
  const forwarder = await startForwarder([upstream.port], { filters, wheel });
  closers.push(() => forwarder.close());
  return {
    upstream,
    forwarder,
    wheel,
    request: request.counters,
    response: response.counters,
    pass(ms: number) {
      for (let i = 0; i < ms; i += 10) {
        nowMs += 10;
        wheel.advance();
      }
    },
    client() {
      const socket = connect(forwarder.port, '127.0.0.1');
      socket.on('error', () => {});
      closers.push(async () => void socket.destroy());
      const heard = { socket, text: '', isClosed: false };
      socket.on('data', (bytes) => {
        heard.text += bytes.toString('latin1');
      });
      socket.on('close', () => {
        heard.isClosed = true;
      });
      return heard;
    },
  };
}

const bodyOf = (text: string) => text.slice(text.indexOf('\r\n\r\n') + 4);

describe('a limit of bandwidth', () => {
  it('lets an answer pass as fast as it allows, also one that came at once', async () => {
    const { client, pass, response } = await limited((socket) => {
      socket.write(`${head('Content-Length: 2500')}${x(2500)}`);
    });
    const heard = client();
    heard.socket.write(get);
    await expect.poll(() => bodyOf(heard.text)).toHaveLength(1000);
    expect(response).toMatchObject({ enabled: 1, enforced: 1, pending: 1, incomingBytes: 2500, allowedBytes: 1000 });
    pass(500);
    await expect.poll(() => bodyOf(heard.text)).toHaveLength(1500);
    pass(1000);
    await expect.poll(() => bodyOf(heard.text)).toHaveLength(2500);
    expect(response).toMatchObject({ pending: 0, allowedBytes: 2500 });
  });

  it('keeps connections of both sides for the next request', async () => {
    const { client, pass, upstream, forwarder } = await limited((socket) => {
      socket.write(`${head('Content-Length: 1500')}${x(1500)}`);
    });
    const heard = client();
    for (let request = 1; request <= 2; request++) {
      heard.text = '';
      heard.socket.write(get);
      await expect.poll(() => heard.text).toContain('\r\n\r\n');
      pass(1600);
      await expect.poll(() => bodyOf(heard.text)).toHaveLength(1500);
      await expect.poll(() => forwarder.recorded).toHaveLength(request);
      pass(1000);
    }
    expect([upstream.connections.length, forwarder.recorded]).toMatchObject([
      1,
      [
        { status: 200, responseBytes: 1500 },
        { status: 200, responseBytes: 1500 },
      ],
    ]);
  });

  it('reads no more of an application than it can pass on, and all of it in the end', async () => {
    const total = 400_000;
    const { client, pass, response } = await limited((socket) => {
      socket.write(`${head(`Content-Length: ${total}`)}${x(total)}`);
    });
    const heard = client();
    heard.socket.write(get);
    let [seconds, most] = [0, 0];
    const isWhole = () => {
      pass(4000);
      seconds += 4;
      expect(bodyOf(heard.text).length).toBeLessThanOrEqual(RATE * (1 + seconds));
      most = Math.max(most, response.incomingBytes - response.allowedBytes);
      return bodyOf(heard.text).length;
    };
    await expect.poll(isWhole, { interval: 1, timeout: 10_000 }).toBe(total);
    expect(most).toBeGreaterThan(0);
    expect(most).toBeLessThanOrEqual(65_536);
    expect(response).toMatchObject({ enabled: 1, enforced: 1, pending: 0, allowedBytes: total });
  });

  it('divides itself among answers', async () => {
    const { client, pass } = await limited((socket) => {
      socket.write(`${head('Content-Length: 60000')}${x(60_000)}`);
    });
    const [one, other] = [client(), client()];
    one.socket.write(get);
    await expect.poll(() => bodyOf(one.text)).toHaveLength(1000);
    other.socket.write(get);
    await expect.poll(() => other.text).toContain('\r\n\r\n');
    pass(10_000);
    await expect.poll(() => bodyOf(one.text).length + bodyOf(other.text).length).toBeGreaterThanOrEqual(10_900);
    // of either the last slices may still be on their way
    expect(Math.abs(bodyOf(one.text).length - 1000 - bodyOf(other.text).length)).toBeLessThanOrEqual(200);
  });

  it('lets a request pass as fast as it allows, and its end behind the last byte', async () => {
    const { client, pass, upstream, request } = await limited((socket, text) => {
      if (text.endsWith('done')) socket.write(head('Content-Length: 0'));
    });
    const heard = client();
    heard.socket.write('POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3004\r\n\r\n');
    await expect.poll(() => upstream.received()).toContain('\r\n\r\n');
    heard.socket.write(`${x(3000)}done`);
    await expect.poll(() => bodyOf(upstream.received())).toHaveLength(1000);
    pass(1000);
    await expect.poll(() => bodyOf(upstream.received())).toHaveLength(2000);
    expect(heard.text).toBe('');
    pass(1100);
    await expect.poll(() => heard.text).toContain('200 OK');
    expect(request).toEqual({ enabled: 1, enforced: 1, pending: 0, incomingBytes: 3004, allowedBytes: 3004 });
  });

  it('holds up requests that come with their body, one after the other', async () => {
    const { client, pass, upstream, request } = await limited((socket, text) => {
      if (text.endsWith('y')) socket.write(head('Content-Length: 0'));
    });
    const post = `POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 800\r\n\r\n${x(799)}y`;
    const [one, other] = [client(), client()];
    one.socket.write(post);
    await expect.poll(() => one.text).toContain('200 OK');
    other.socket.write(post);
    await expect.poll(() => request).toMatchObject({ enabled: 2, enforced: 1, pending: 1, allowedBytes: 1000 });
    pass(500);
    expect([request.allowedBytes, upstream.received().match(/POST/g)]).toEqual([1500, ['POST']]);
    pass(100);
    await expect.poll(() => other.text).toContain('200 OK');
    expect(request).toMatchObject({ pending: 0, allowedBytes: 1600 });
  });

  it('forgets a request whose client goes away', async () => {
    const { client, pass, wheel, forwarder, request, response } = await limited((socket, text) => {
      if (text.startsWith('GET')) socket.write(`${head('Content-Length: 5000')}${x(5000)}`);
    });
    const heard = [client(), client(), client()] as const;
    heard[0].socket.write(get);
    await expect.poll(() => response.pending).toBe(1);
    heard[1].socket.write(`POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1500\r\n\r\n${x(1500)}`);
    await expect.poll(() => request).toMatchObject({ pending: 1, enabled: 1 });
    heard[2].socket.write('POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1500\r\n\r\n');
    await expect.poll(() => request.enabled).toBe(2);
    heard[2].socket.write(x(1000));
    await expect.poll(() => request.pending).toBe(2);
    for (const { socket } of heard) socket.destroy();
    const recorded = () => {
      pass(100); // a client that is not read is found gone when it is
      return forwarder.recorded;
    };
    await expect.poll(recorded).toHaveLength(3);
    expect([request.pending, response.pending, forwarder.cluster.breaker.requests.active]).toEqual([0, 0, 0]);
    pass(100);
    expect(wheel.armedCount).toBe(0);
  });

  it('cuts an answer off that breaks off while some of it waits', async () => {
    const { client, pass, forwarder, upstream } = await limited((socket) => {
      socket.write(`${head('Content-Length: 5000')}${x(3000)}`);
    });
    const heard = client();
    heard.socket.write(get);
    await expect.poll(() => bodyOf(heard.text)).toHaveLength(1000);
    upstream.connections[0]?.destroy();
    pass(2500);
    await expect.poll(() => heard.isClosed).toBe(true);
    expect(bodyOf(heard.text)).toHaveLength(3000);
    expect(forwarder.recorded).toMatchObject([{ status: 200, responseBytes: 3000, flag: 'UC' }]);
  });

  it('keeps the trailers of HTTP/1, behind the last byte', async () => {
    const { client, pass } = await limited((socket) => {
      socket.write(`${head('Transfer-Encoding: chunked')}5dc\r\n${x(1500)}\r\n0\r\nx-sum: 7\r\n\r\n`);
    });
    const heard = client();
    heard.socket.write(get);
    await expect.poll(() => bodyOf(heard.text)).toHaveLength(1000);
    pass(1000);
    await expect.poll(() => heard.text).toMatch(/x\r\n0\r\nx-sum: 7\r\n\r\n$/);
  });

  it('slows streams of HTTP/2 down, and says for how long in their trailers', async () => {
    const { forwarder, pass, response } = await limited((socket) => {
      socket.write(`${head('Transfer-Encoding: chunked')}5dc\r\n${x(1500)}\r\n0\r\nx-sum: 7\r\n\r\n`);
    }, 'x-cart');
    const session = connectHttp2(`http://127.0.0.1:${forwarder.port}`);
    closers.push(async () => session.destroy());
    const stream = session.request({ ':path': '/' });
    let body = 0;
    stream.on('data', (bytes: Buffer) => {
      body += bytes.length;
    });
    const trailers = once(stream, 'trailers') as Promise<[IncomingHttpHeaders]>;
    await expect.poll(() => body).toBeGreaterThan(950); // the chunk line is no data
    expect(body).toBeLessThanOrEqual(1000);
    pass(300);
    await expect.poll(() => body).toBeGreaterThan(1250);
    expect(body).toBeLessThanOrEqual(1300);
    pass(1000);
    const [told] = await trailers;
    expect([body, told['x-sum'], response.pending]).toEqual([1500, '7', 0]);
    expect(told['x-cart-bandwidth-response-delay-ms']).toMatch(/^\d+$/);
    expect(told['x-cart-bandwidth-response-filter-delay-ms']).toMatch(/^\d+$/);
    expect(told).not.toHaveProperty('x-cart-bandwidth-request-delay-ms');
  });

  it('slows the requests of HTTP/2 down', async () => {
    const { forwarder, pass, upstream, request } = await limited((socket, text) => {
      if (text.includes('\r\n0\r\n')) socket.write(head('Content-Length: 0'));
    });
    const session = connectHttp2(`http://127.0.0.1:${forwarder.port}`);
    closers.push(async () => session.destroy());
    const stream = session.request({ ':path': '/', ':method': 'POST' });
    stream.write(Buffer.alloc(40_000, 'x'));
    await expect.poll(() => request.allowedBytes).toBe(1000);
    stream.end('last');
    const answered = once(stream, 'response');
    let seconds = 0;
    const passing = () => {
      pass(1000);
      expect(request.allowedBytes).toBeLessThanOrEqual(RATE * (1 + ++seconds));
      return request.allowedBytes;
    };
    await expect.poll(passing, { interval: 1, timeout: 10_000 }).toBe(40_004);
    await answered;
    expect(request.pending).toBe(0);
    expect(upstream.received().match(/x/g)?.length).toBeGreaterThanOrEqual(40_000);
  });

  it('slows tunnels down in both directions', async () => {
    const { client, pass, upstream } = await limited((socket, text) => {
      if (text.endsWith('\r\n\r\n')) {
        socket.write('HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n');
        socket.write(x(1500));
      }
    });
    const heard = client();
    heard.socket.write('GET / HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n');
    await expect.poll(() => bodyOf(heard.text)).toHaveLength(1000);
    heard.socket.write(x(1500));
    await expect.poll(() => bodyOf(upstream.received())).toHaveLength(1000);
    pass(600);
    await expect.poll(() => [bodyOf(heard.text).length, bodyOf(upstream.received()).length]).toEqual([1500, 1500]);
    heard.socket.end();
    upstream.connections[0]?.end();
    await expect.poll(() => heard.isClosed).toBe(true);
  });

  it('holds up nothing that the sidecar says itself', async () => {
    const { client, upstream } = await limited(() => {});
    await upstream.close();
    const heard = client();
    heard.socket.write(get);
    await expect.poll(() => heard.text).toMatch(/^HTTP\/1\.1 503 .*\}\s*$/s);
  });
});
