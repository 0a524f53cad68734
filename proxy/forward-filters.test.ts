import { once } from 'node:events';
import { connect } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { BodyLimit } from './filter/body-limit.ts';
import type { EndedRequest, FilterAnswer, FilterVerdict, RequestFilter } from './filter/request-filter.ts';
import { TimerWheel } from './resilience/timer-wheel.ts';
import type { Forwarder, ScriptedServer } from './testing/forwarder.ts';
import { startForwarder, startScriptedServer } from './testing/forwarder.ts';
import { sendRaw } from './testing/raw-client.ts';

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

  onEnd({ status, respondedAtMs, endedAtMs, startedAtMs }: EndedRequest): void {
    expect(endedAtMs).toBeGreaterThanOrEqual(startedAtMs);
    this.ended.push([status, respondedAtMs > 0]);
  }
}

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

/** Holds each piece of the bodies up for a second, and what it has seen of them. */
class Slowing implements RequestFilter {
  readonly request: number[] = [];
  readonly answer: number[] = [];

  onRequest(): FilterVerdict {
    return {
      kind: 'watch',
      request: { takes: (_buffer, start, end) => this.#see(this.request, end - start), refusal: null },
      answer: {
        begins: ({ body }) => this.#see(this.answer, body.length),
        takes: (_buffer, start, end) => this.#see(this.answer, end - start),
      },
    };
  }

  #see(pieces: number[], bytes: number): number {
    if (bytes > 0) pieces.push(bytes);
    return bytes > 0 ? 1000 : 0;
  }
}

describe('filters that watch bodies', () => {
  /** Answers a request of 4 bytes with one of 4 bytes, piece by piece as the test wants it; and other requests at once. */
  async function slowed(...filters: RequestFilter[]) {
    let nowMs = 0;
    const wheel = new TimerWheel(() => nowMs);
    const upstream = await startScriptedServer((socket, text) => {
      if (text.startsWith('GET')) socket.write(ok);
    });
    closers.push(upstream.close);
    const forwarder = await startForwarder([upstream.port], { filters, wheel });
    closers.push(() => forwarder.close());
    const socket = connect(forwarder.port, '127.0.0.1');
    closers.push(async () => void socket.destroy());
    return {
      forwarder,
      upstream,
      socket,
      pass: (ms: number) => {
        nowMs += ms;
        wheel.advance();
      },
      /** Everybody has had the time to read what was there to be read. */
      settled: () => sendRaw(forwarder.port, get, isWhole),
    };
  }

  it('may hold up a request, piece by piece, with others that watch it too', async () => {
    const slowing = new Slowing();
    const limit = new BodyLimit(4, { tooLarge: 0 });
    const { upstream, socket, pass, settled, forwarder } = await slowed(limit, slowing);
    socket.write('POST /x HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n');
    await expect.poll(() => upstream.received()).toContain('POST');
    socket.write('2\r\nab\r\n');
    await expect.poll(() => slowing.request).toEqual([7]);
    socket.write('2\r\ncd\r\n');
    await settled();
    expect(slowing.request).toEqual([7]);
    pass(1020);
    await expect.poll(() => upstream.received()).toContain('2\r\ncd\r\n');
    socket.write('1\r\ne\r\n');
    await settled();
    expect(slowing.request).toEqual([7, 7]);
    pass(1020);
    await once(socket, 'data');
    expect(slowing.request).toEqual([7, 7]);
    expect(forwarder.recorded.at(-1)).toMatchObject({ method: 'POST', status: 413 });
  });

  it('may hold up an answer', async () => {
    const slowing = new Slowing();
    const { upstream, socket, pass, settled } = await slowed(slowing);
    let text = '';
    socket.on('data', (bytes) => {
      text += bytes;
    });
    socket.write('POST /x HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n');
    await expect.poll(() => upstream.received()).toContain('POST');
    const answering = upstream.connections[0];
    answering?.write('HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nab');
    await expect.poll(() => text).toMatch(/ab$/);
    answering?.write('c');
    await settled();
    expect([slowing.answer, text.slice(-2)]).toEqual([[2, 2], 'ab']); // the other one is that of the GET
    pass(1020);
    await expect.poll(() => text).toMatch(/abc$/);
    pass(1020);
    answering?.write('d');
    await expect.poll(() => text).toMatch(/abcd$/);
  });
});
