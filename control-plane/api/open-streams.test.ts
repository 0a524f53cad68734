import { describe, expect, it } from 'vitest';
import { OpenStreams } from './open-streams.ts';

describe('OpenStreams', () => {
  it('refuses more than its bound, until one ends', () => {
    const streams = new OpenStreams(1);
    const first = streams.take(new AbortController().signal);
    expect(() => streams.take(new AbortController().signal)).toThrow('1 watches and long polls are under way');
    first.end();
    expect(first.signal.aborted).toBe(true);
    streams.take(new AbortController().signal);
    expect(streams.count).toBe(1);
  });

  it('frees the place of a caller that goes', () => {
    const streams = new OpenStreams(1);
    const caller = new AbortController();
    const { signal } = streams.take(caller.signal);
    caller.abort();
    expect([signal.aborted, streams.count]).toEqual([true, 0]);
    expect(streams.take(caller.signal).signal.aborted).toBe(true);
    expect(streams.count).toBe(0);
  });

  it('ends them all when it closes', () => {
    const streams = new OpenStreams();
    const signals = [1, 2].map(() => streams.take(new AbortController().signal).signal);
    streams.close();
    expect(signals.map(({ aborted }) => aborted)).toEqual([true, true]);
  });
});
