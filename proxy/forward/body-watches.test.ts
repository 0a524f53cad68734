import { Buffer } from 'node:buffer';
import { describe, expect, it } from 'vitest';
import type { FilterAnswer, FilterWatch, HoldMs, RequestWatch } from '../filter/request-filter.ts';
import { refused } from '../filter/request-filter.ts';
import { ResponseHead } from '../message-head.ts';
import { TimerWheel } from '../resilience/timer-wheel.ts';
import { BodyWatches } from './body-watches.ts';

const bytes = Buffer.from('..abc..');

function watched() {
  const log: string[] = [];
  let nowMs = 0;
  const wheel = new TimerWheel(() => nowMs);
  const flow = (name: string) => ({ pause: () => log.push(`stop ${name}`), resume: () => log.push(`go ${name}`) });
  return {
    log,
    wheel,
    watches: new BodyWatches(wheel, flow('request'), flow('answer')),
    pass: (ms: number) => {
      nowMs += ms;
      wheel.advance();
    },
  };
}

/** Says the same of every piece, and what it was asked. */
function saying(verdict: HoldMs, asked: string[] = [], name = ''): FilterWatch {
  const takes = (buffer: Buffer, start: number, end: number) => {
    asked.push(`${name}${buffer.toString('latin1', start, end)}`);
    return verdict;
  };
  return {
    kind: 'watch',
    request: { takes, refusal: null },
    answer: { begins: ({ body }) => takes(Buffer.from(body), 0, body.length), takes },
  };
}

function refusing(asked: string[], name: string): FilterWatch & { readonly request: RequestWatch } {
  const refusal: FilterAnswer = {
    kind: 'answer',
    failure: 'requestPayloadTooLarge',
    status: 0,
    grpcStatus: -1,
    detail: name,
    lines: '',
    rule: '',
  };
  const takes = () => {
    asked.push(name);
    return refused;
  };
  return { kind: 'watch', request: { takes, refusal }, answer: null };
}

describe('BodyWatches', () => {
  it('asks all about each piece, in their order', () => {
    const { watches, log } = watched();
    const asked: string[] = [];
    watches.add(saying(0, asked, '1'));
    watches.add(saying(0, asked, '2'));
    expect(watches.takeRequest(bytes, 2, 5)).toBeNull();
    watches.takeAnswer(bytes, 1, 3);
    expect(asked).toEqual(['1abc', '2abc', '1.a', '2.a']);
    expect([log, watches.isHolding]).toEqual([[], false]);
  });

  it('refuses with the first that does, and does not ask those behind', () => {
    const { watches } = watched();
    const asked: string[] = [];
    watches.add(saying(0, asked));
    const second = refusing(asked, 'second');
    watches.add(second);
    watches.add(refusing(asked, 'third'));
    expect(watches.takeRequest(bytes, 2, 5)).toBe(second.request.refusal);
    expect(asked).toEqual(['abc', 'second']);
  });

  it('holds a direction up as long as the one says that says longest', () => {
    const { watches, log, pass } = watched();
    for (const ms of [20, 100, 50]) watches.add(saying(ms));
    watches.takeRequest(bytes, 2, 5);
    expect([log, watches.isHolding]).toEqual([['stop request'], true]);
    pass(90);
    expect(log).toEqual(['stop request']);
    pass(30);
    expect(log).toEqual(['stop request', 'go request']);
    watches.takeAnswer(bytes, 2, 5);
    pass(120);
    expect(log.slice(2)).toEqual(['stop answer', 'go answer']);
  });

  it('counts a hold from the last piece', () => {
    const { watches, log, pass } = watched();
    watches.add(saying(100));
    watches.takeRequest(bytes, 2, 5);
    pass(60);
    watches.takeRequest(bytes, 2, 5);
    pass(60);
    expect(log).not.toContain('go request');
    pass(60);
    expect(log.at(-1)).toBe('go request');
  });

  it('begins with what came with the head of an answer, unless that is all', () => {
    const { watches, log } = watched();
    const asked: string[] = [];
    watches.add(saying(50, asked));
    watches.beginAnswer(Object.assign(new ResponseHead(), { body: 'whole', isComplete: true }));
    expect([asked, log]).toEqual([['whole'], []]);
    watches.beginAnswer(Object.assign(new ResponseHead(), { body: 'first' }));
    expect(log).toEqual(['stop answer']);
  });

  it('lets a direction flow when neither a hold nor the one who takes the bytes stands in its way', () => {
    const { watches, log, pass } = watched();
    watches.add(saying(100));
    watches.takeRequest(bytes, 2, 5);
    watches.request.stop();
    expect(watches.request.mayFlow()).toBe(false);
    pass(120);
    expect(log).toEqual(['stop request', 'go request']);
    watches.takeRequest(bytes, 2, 5);
    watches.request.stop();
    pass(120);
    expect(log).toEqual(['stop request', 'go request', 'stop request']);
    expect(watches.request.mayFlow()).toBe(true);
  });

  it('forgets everything with the end of the request', () => {
    const { watches, log, pass, wheel } = watched();
    const asked: string[] = [];
    watches.add(saying(100, asked));
    watches.takeRequest(bytes, 2, 5);
    watches.request.stop();
    watches.end();
    pass(200);
    expect([log, wheel.armedCount, watches.request.mayFlow()]).toEqual([['stop request'], 0, true]);
    expect(watches.takeRequest(bytes, 2, 5)).toBeNull();
    expect(asked).toEqual(['abc']);
  });
});
