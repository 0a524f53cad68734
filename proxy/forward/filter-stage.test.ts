import { once } from 'node:events';
import { connect } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { AdaptiveConcurrency } from '../filter/adaptive-concurrency.ts';
import { BodyLimit } from '../filter/body-limit.ts';
import type { EndedRequest, FilterAnswer, FilterVerdict, RequestFilter } from '../filter/request-filter.ts';
import { GradientController } from '../resilience/gradient-controller.ts';
import { Activity } from '../telemetry/activity.ts';
import type { Forwarder, ScriptedServer } from '../testing/forwarder.ts';
import { startForwarder, startScriptedServer } from '../testing/forwarder.ts';
import { sendRaw } from '../testing/raw-client.ts';

const closers: (() => Promise<void>)[] = [];

afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

const ok = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok';
const get = 'GET /x HTTP/1.1\r\nHost: a\r\n\r\n';
const isWhole = (text: string) => text.endsWith('ok');
const isAnswered = (text: string) => text.includes('}\n');

const teapot: FilterAnswer = {
  kind: 'answer',
  failure: 'faultAbort',
  status: 418,
  grpcStatus: -1,
  detail: 'as asked for',
  lines: 'x-told: 1\r\n',
  rule: 'FaultInjection/default/f (f.yaml:1)',
};

/** Says the same to every request, and what it was asked. */
class Saying implements RequestFilter {
  readonly asked: string[] = [];
  readonly #verdict: FilterVerdict;

  constructor(verdict: FilterVerdict) {
    this.#verdict = verdict;
  }

  onRequest({ head }: Parameters<RequestFilter['onRequest']>[0]): FilterVerdict {
    this.asked.push(`${head.method} ${head.path}`);
    return this.#verdict;
  }
}

/** Holds every request up until it is told to let it go on. */
class Holding implements RequestFilter {
  readonly held: ((answer: FilterAnswer | null) => void)[] = [];
  cancelled = 0;

  onRequest(): FilterVerdict {
    return {
      kind: 'wait',
      failure: 'faultDelay',
      start: (resume) => {
        this.held.push(resume);
        return () => {
          this.cancelled++;
        };
      },
    };
  }
}

async function through(
  ...filters: RequestFilter[]
): Promise<{ readonly forwarder: Forwarder; readonly upstream: ScriptedServer }> {
  const upstream = await startScriptedServer((socket) => socket.write(ok));
  closers.push(upstream.close);
  const forwarder = await startForwarder([upstream.port], { filters });
  closers.push(() => forwarder.close());
  return { forwarder, upstream };
}

describe('the filters of a route', () => {
  it('are all asked, in their order, before a request goes on', async () => {
    const [first, second] = [new Saying(null), new Saying(null)];
    const { forwarder } = await through(first, second);
    expect((await sendRaw(forwarder.port, get, isWhole)).status).toBe(200);
    expect([first.asked, second.asked]).toEqual([['GET /x'], ['GET /x']]);
  });

  it('answer in place of the application, with the rule that says so', async () => {
    const behind = new Saying(null);
    const { forwarder, upstream } = await through(new Saying(teapot), behind);
    const { status, text } = await sendRaw(forwarder.port, get, isAnswered);
    expect(status).toBe(418);
    expect(text).toContain('\r\nx-told: 1\r\n');
    expect(JSON.parse(text.slice(text.indexOf('\r\n\r\n')))).toMatchObject({
      status: 418,
      reason: 'faultAbort',
      rule: 'FaultInjection/default/f (f.yaml:1)',
      detail: 'as asked for',
    });
    expect([behind.asked, upstream.received()]).toEqual([[], '']);
    expect(forwarder.recorded).toMatchObject([{ status: 418, flag: 'FI', attempts: 0 }]);
  });

  it('leave the connection as it is for the next request', async () => {
    const { forwarder } = await through(new Saying(teapot));
    const two = await sendRaw(forwarder.port, get + get, (text) => text.split('}\n').length > 2);
    expect(two.text.match(/HTTP\/1.1 418 /g)).toHaveLength(2);
  });

  it('hold a request up, body and all, and let it go on as it was', async () => {
    const holding = new Holding();
    const { forwarder, upstream } = await through(holding);
    const post = 'POST /x HTTP/1.1\r\nHost: a\r\nX-Request-Id: r\r\nContent-Length: 5\r\n\r\nhe';
    const socket = connect(forwarder.port, '127.0.0.1');
    socket.write(post);
    await expect.poll(() => holding.held.length).toBe(1);
    socket.write('llo');
    expect(upstream.received()).toBe('');
    holding.held[0]?.(null);
    await once(socket, 'data');
    expect(upstream.received()).toBe(`${post}llo`);
    expect(forwarder.recorded).toMatchObject([{ status: 200, flag: 'DI', requestBytes: 5 }]);
    socket.destroy();
  });

  it('may answer what they have held up', async () => {
    const holding = new Holding();
    const { forwarder, upstream } = await through(holding);
    const answered = sendRaw(forwarder.port, get, isAnswered);
    await expect.poll(() => holding.held.length).toBe(1);
    holding.held[0]?.(teapot);
    expect((await answered).status).toBe(418);
    expect(upstream.received()).toBe('');
  });

  it('hear of it when a client goes away that they hold up', async () => {
    const holding = new Holding();
    const { forwarder, upstream } = await through(holding);
    const socket = connect(forwarder.port, '127.0.0.1');
    socket.write(get);
    await expect.poll(() => holding.held.length).toBe(1);
    socket.destroy();
    await expect.poll(() => holding.cancelled).toBe(1);
    expect(upstream.received()).toBe('');
    expect(forwarder.recorded).toMatchObject([{ status: 0, flag: 'DC' }]);
  });
});

/** What it was told of the ends of requests. */
class Ending extends Saying {
  readonly ended: (readonly [status: number, isAnswered: boolean])[] = [];
  /** Whether it has ended before, of each that was answered. */
  readonly begun: boolean[] = [];

  onAnswer({ status, respondedAtMs, endedAtMs }: EndedRequest): void {
    expect(status).toBe(200);
    expect(respondedAtMs).toBeGreaterThan(0);
    this.begun.push(endedAtMs > 0);
  }

  onEnd({ status, respondedAtMs, endedAtMs, startedAtMs }: EndedRequest): void {
    expect(endedAtMs).toBeGreaterThanOrEqual(startedAtMs);
    this.ended.push([status, respondedAtMs > 0]);
  }
}

describe('the beginning of an answer', () => {
  it('is told, once and before the end, of answers of the service', async () => {
    const [first, second] = [new Ending(null), new Ending(null)];
    const { forwarder } = await through(first, second);
    await sendRaw(forwarder.port, get + get, (text) => text.split('ok').length > 2);
    expect([first.begun, second.begun]).toEqual([
      [false, false],
      [false, false],
    ]);
    const refused = new Ending(null);
    const { forwarder: other } = await through(refused, new Saying(teapot));
    await sendRaw(other.port, get, isAnswered);
    expect([refused.begun, refused.ended]).toEqual([[], [[418, false]]]);
  });
});

describe('the end of a request', () => {
  it('is told, once, to the filters that have let it go on', async () => {
    const [first, second] = [new Ending(null), new Ending(null)];
    const { forwarder } = await through(first, second);
    await sendRaw(forwarder.port, get + get, (text) => text.split('ok').length > 2);
    expect([first.ended, second.ended]).toEqual([
      [
        [200, true],
        [200, true],
      ],
      [
        [200, true],
        [200, true],
      ],
    ]);
  });

  it('is not told to the one that refuses it, nor to those behind', async () => {
    const [before, refusing, behind] = [new Ending(null), new Ending(teapot), new Ending(null)];
    const { forwarder } = await through(before, refusing, behind);
    await sendRaw(forwarder.port, get, isAnswered);
    expect([before.ended, refusing.ended, behind.ended]).toEqual([[[418, false]], [], []]);
  });

  it('is told also of requests that a filter behind held up when their clients went away', async () => {
    const [before, holding] = [new Ending(null), new Holding()];
    const { forwarder } = await through(before, holding);
    const socket = connect(forwarder.port, '127.0.0.1');
    socket.write(get);
    await expect.poll(() => holding.held.length).toBe(1);
    socket.destroy();
    await expect.poll(() => before.ended).toEqual([[0, false]]);
  });
});

describe('filters that watch a body', () => {
  const chunks = 'POST /x HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n';

  it.each([
    [4, 100],
    [100, 4],
  ])('are all asked about each piece: a limit of %d beside one of %d', async (one, other) => {
    const upstream = await startScriptedServer(() => {});
    closers.push(upstream.close);
    const counters = [{ tooLarge: 0 }, { tooLarge: 0 }] as const;
    const filters = [new BodyLimit(one, counters[0]), new BodyLimit(other, counters[1])];
    const forwarder = await startForwarder([upstream.port], { filters });
    closers.push(() => forwarder.close());
    const socket = connect(forwarder.port, '127.0.0.1');
    socket.write(`${chunks}4\r\nabcd\r\n`);
    await expect.poll(() => upstream.received()).toContain('abcd');
    socket.write('1\r\ne\r\n');
    await once(socket, 'data');
    expect(forwarder.recorded).toMatchObject([{ status: 413 }]);
    expect(counters.map(({ tooLarge }) => tooLarge)).toEqual(one < other ? [1, 0] : [0, 1]);
    expect(upstream.received()).not.toContain('e\r\n1');
    socket.destroy();
  });
});

it('what a filter has held a request up for is no part of the time that its service took', async () => {
  const upstream = await startScriptedServer((socket) => socket.write(ok));
  closers.push(upstream.close);
  const environment = { adaptive: { blocked: 0 }, now: () => performance.now() };
  const measuring = { percentile: 50, maxConcurrency: 10, updateIntervalMs: 100, minRttIntervalMs: 60_000 };
  const rest = { minRttRequests: 1, jitter: 0, minConcurrency: 3, buffer: 0.25 };
  const controller = new GradientController({ ...measuring, ...rest }, 0, () => 0);
  const holding = new Holding();
  const adaptive = new AdaptiveConcurrency(controller, environment, new Activity('concurrency', ''));
  const forwarder = await startForwarder([upstream.port], { filters: [holding, adaptive] });
  closers.push(() => forwarder.close());
  const asked = sendRaw(forwarder.port, get, isWhole);
  await expect.poll(() => holding.held.length).toBe(1);
  const heldMs = 300;
  const beganAtMs = performance.now();
  await expect.poll(() => performance.now() - beganAtMs).toBeGreaterThan(heldMs);
  holding.held[0]?.(null);
  const { status, text } = await asked;
  expect(status).toBe(200);
  expect(Number(/x-envoy-upstream-service-time: (\d+)/.exec(text)?.[1])).toBeLessThan(heldMs);
  expect(controller.isMeasuring).toBe(false);
  expect(controller.idealMs).toBeLessThan(heldMs);
});
