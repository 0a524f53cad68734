import type { Socket } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { compileRetryPolicy } from '../resilience/retry-policy.ts';
import { startScriptedServer } from '../testing/forwarder.ts';
import type { SlowedOptions } from '../testing/slowed-answers.ts';
import { AT_ONCE, RATE, slowed as slowedBy, UNTIL_MS } from '../testing/slowed-answers.ts';

const closers: (() => Promise<unknown> | unknown)[] = [];

afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

const get = 'GET / HTTP/1.1\r\nHost: a\r\n\r\n';
const head = (lines: string) => `HTTP/1.1 200 OK\r\n${lines}\r\n\r\n`;
const x = (length: number) => 'x'.repeat(length);
const bodyOf = (text: string) => text.slice(text.indexOf('\r\n\r\n') + 4);
const slowed = (port: number, options?: SlowedOptions) => slowedBy(port, (stop) => closers.push(stop), options);

async function scripted(answer: (socket: Socket, text: string) => void) {
  const upstream = await startScriptedServer(answer);
  closers.push(upstream.close);
  return upstream;
}

describe('an answer that a fault slows down', () => {
  it('comes at its rate from the first byte on, whole and on a connection that is kept', async () => {
    const upstream = await scripted((socket) => socket.write(`${head('Content-Length: 2500')}${x(2500)}`));
    const { client, pass, faults, forwarder } = await slowed(upstream.port);
    const heard = client();
    for (let request = 1; request <= 2; request++) {
      heard.text = '';
      heard.socket.write(get);
      await expect.poll(() => bodyOf(heard.text)).toHaveLength(AT_ONCE);
      expect(faults).toMatchObject({ responseRlInjected: request, activeFaults: 1 });
      pass(1000);
      await expect.poll(() => bodyOf(heard.text).length).toBeGreaterThanOrEqual(RATE * 0.95);
      expect(bodyOf(heard.text).length).toBeLessThanOrEqual(RATE + AT_ONCE);
      pass(1500);
      await expect.poll(() => bodyOf(heard.text)).toHaveLength(2500);
      await expect.poll(() => forwarder.recorded).toHaveLength(request);
      expect(faults.activeFaults).toBe(0);
    }
    expect([upstream.connections.length, forwarder.recorded[1]]).toMatchObject([
      1,
      { status: 200, flag: '-', responseBytes: 2500 },
    ]);
  });

  it('has its rate for itself', async () => {
    const upstream = await scripted((socket) => socket.write(`${head('Content-Length: 5000')}${x(5000)}`));
    const { client, pass } = await slowed(upstream.port);
    const both = [client(), client()];
    for (const { socket } of both) socket.write(get);
    await expect.poll(() => both.map(({ text }) => bodyOf(text).length)).toEqual([AT_ONCE, AT_ONCE]);
    pass(5000);
    await expect.poll(() => both.map(({ text }) => bodyOf(text).length)).toEqual([5000, 5000]);
  });

  it('goes on at full speed when the fault is over', async () => {
    const total = 300_000;
    const upstream = await scripted((socket) => socket.write(`${head(`Content-Length: ${total}`)}${x(total)}`));
    const { client, pass, faults } = await slowed(upstream.port);
    const heard = client();
    heard.socket.write(get);
    await expect.poll(() => bodyOf(heard.text)).toHaveLength(AT_ONCE);
    pass(UNTIL_MS - 100);
    await expect.poll(() => bodyOf(heard.text).length).toBeGreaterThan(UNTIL_MS - 1000);
    expect(bodyOf(heard.text).length).toBeLessThan(UNTIL_MS + AT_ONCE);
    pass(200);
    await expect.poll(() => bodyOf(heard.text)).toHaveLength(total);
    await expect.poll(() => faults.activeFaults).toBe(0);
  });

  it('gives everything back when its client goes away', async () => {
    const upstream = await scripted((socket) => socket.write(`${head('Content-Length: 5000')}${x(5000)}`));
    const { client, pass, faults, forwarder, wheel } = await slowed(upstream.port);
    const heard = client();
    heard.socket.write(get);
    await expect.poll(() => bodyOf(heard.text)).toHaveLength(AT_ONCE);
    heard.socket.destroy();
    const recorded = () => {
      pass(100); // a client that is not read is found gone when it is
      return forwarder.recorded;
    };
    await expect.poll(recorded).toMatchObject([{ flag: 'DC' }]);
    pass(100);
    expect([faults.activeFaults, forwarder.cluster.breaker.requests.active, wheel.armedCount]).toEqual([0, 0, 0]);
  });

  it('is held up first where the request is, and answers of the sidecar itself are not slowed down', async () => {
    const upstream = await scripted((socket) => socket.write(`${head('Content-Length: 100')}${x(100)}`));
    const share = { numerator: 100, denominator: 100 } as const;
    const { client, pass, faults } = await slowed(upstream.port, {
      fault: { delay: { kind: 'fixed', ms: 500, share } },
    });
    const heard = client();
    heard.socket.write(get);
    await expect.poll(() => faults.activeFaults).toBe(1);
    pass(520);
    await expect.poll(() => bodyOf(heard.text)).toHaveLength(AT_ONCE);
    expect(faults).toMatchObject({ activeFaults: 1, delaysInjected: 1, responseRlInjected: 1 });
    pass(100);
    await expect.poll(() => bodyOf(heard.text)).toHaveLength(100);
    await upstream.close();
    const refused = client();
    refused.socket.write(get);
    await expect.poll(() => faults.activeFaults).toBe(1);
    pass(520);
    await expect.poll(() => refused.text).toMatch(/^HTTP\/1\.1 503 .*\}\s*$/s);
    expect(faults.activeFaults).toBe(0);
  });

  it('is no slower endpoint: the time of silence of a try does not run', async () => {
    const total = 100_000; // of which the first read takes more than a minute
    const upstream = await scripted((socket) => socket.write(`${head(`Content-Length: ${total}`)}${x(total)}`));
    const retry = compileRetryPolicy({
      retryOn: '',
      retriableStatusCodes: [],
      retryNonIdempotent: false,
      maxRetries: 0,
      perTryIdleTimeoutMs: 30_000,
    });
    const { client, pass, forwarder } = await slowed(upstream.port, {
      action: { retry },
      fault: { untilMs: Number.POSITIVE_INFINITY },
    });
    const heard = client();
    heard.socket.write(get);
    await expect.poll(() => bodyOf(heard.text)).toHaveLength(AT_ONCE);
    const whole = () => {
      pass(500); // reading goes on in between
      return bodyOf(heard.text).length;
    };
    await expect.poll(whole, { interval: 5, timeout: 20_000 }).toBe(total);
    await expect.poll(() => forwarder.recorded).toMatchObject([{ status: 200, flag: '-' }]);
    const [endpoint] = forwarder.cluster.endpoints;
    expect(endpoint?.requestsTimeout).toBe(0);
  });

  it('has no more time than its route gives', async () => {
    const upstream = await scripted((socket) => socket.write(`${head('Content-Length: 5000')}${x(5000)}`));
    const { client, pass, forwarder, faults } = await slowed(upstream.port, { action: { timeoutMs: 2000 } });
    const heard = client();
    heard.socket.write(get);
    await expect.poll(() => bodyOf(heard.text)).toHaveLength(AT_ONCE);
    pass(2100);
    await expect.poll(() => heard.isClosed).toBe(true);
    expect(bodyOf(heard.text).length).toBeLessThanOrEqual(2000 + AT_ONCE);
    expect(forwarder.recorded).toMatchObject([{ status: 200, flag: 'UT' }]);
    expect(faults.activeFaults).toBe(0);
  });

  it('keeps to a limit of bandwidth beside the fault: the slower decides', async () => {
    const upstream = await scripted((socket) => socket.write(`${head('Content-Length: 4000')}${x(4000)}`));
    const narrow = await slowed(upstream.port, { shared: RATE / 2 });
    const two = [narrow.client(), narrow.client()];
    for (const { socket } of two) socket.write(get);
    const total = () => two.reduce((sum, { text }) => sum + bodyOf(text).length, 0);
    await expect.poll(() => narrow.counters.pending).toBe(2);
    for (let second = 1; second <= 4; second++) {
      narrow.pass(1000);
      // a second's bytes passed the limit at once, and the fault has let them through by now
      await expect.poll(total).toBeGreaterThanOrEqual((RATE / 2) * (second + 1) * 0.9);
      expect(total()).toBeLessThanOrEqual((RATE / 2) * (second + 1));
    }
    const wide = await slowed(upstream.port, { shared: RATE * 1000 });
    const heard = wide.client();
    heard.socket.write(get);
    await expect.poll(() => bodyOf(heard.text)).toHaveLength(AT_ONCE);
    expect(wide.counters).toMatchObject({ enabled: 1, allowedBytes: 4000 });
    wide.pass(2000);
    await expect.poll(() => bodyOf(heard.text).length).toBeGreaterThanOrEqual(1900);
    expect(bodyOf(heard.text).length).toBeLessThanOrEqual(2000 + AT_ONCE);
    wide.pass(2100);
    await expect.poll(() => bodyOf(heard.text)).toHaveLength(4000);
  });

  it('reads no more of an application than both limits keep, one read each', async () => {
    const total = 1_000_000;
    const upstream = await scripted((socket) => socket.write(`${head(`Content-Length: ${total}`)}${x(total)}`));
    const { client, pass, counters } = await slowed(upstream.port, { shared: RATE * 100 });
    const heard = client();
    heard.socket.write(get);
    await expect.poll(() => bodyOf(heard.text)).toHaveLength(AT_ONCE);
    pass(10_000);
    await expect.poll(() => bodyOf(heard.text).length).toBeGreaterThan(RATE * 9.5);
    expect(counters.incomingBytes - bodyOf(heard.text).length).toBeLessThanOrEqual(2 * 65_536);
    pass(UNTIL_MS);
    const whole = () => {
      pass(1000);
      return bodyOf(heard.text).length;
    };
    await expect.poll(whole, { interval: 1, timeout: 10_000 }).toBe(total);
    expect(counters).toMatchObject({ enabled: 1, pending: 0, allowedBytes: total });
  });
});
