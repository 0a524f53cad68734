import { Buffer } from 'node:buffer';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { RequestHead } from '../message-head.ts';
import { BodyLimit, ChunkedBytes } from './body-limit.ts';
import type { FilterVerdict } from './request-filter.ts';

const peer = { principal: '', address: '127.0.0.1' };

function limit(maxBytes: number) {
  const counters = { tooLarge: 0 };
  const filter = new BodyLimit(maxBytes, counters, 'cart.yaml');
  return {
    counters,
    ask: (fields: Partial<RequestHead>): FilterVerdict =>
      filter.onRequest({ head: Object.assign(new RequestHead(), { method: 'POST', path: '/', ...fields }), peer }),
  };
}

/** Whether each piece may go on, up to the first that may not. */
function watch(verdict: FilterVerdict, pieces: readonly string[]): boolean[] {
  if (verdict?.kind !== 'watch') throw new Error('no watch');
  const said: boolean[] = [];
  for (const piece of pieces) {
    const bytes = Buffer.from(`..${piece}..`);
    said.push(verdict.takes(bytes, 2, bytes.length - 2));
    if (said.at(-1) === false) break;
  }
  return said;
}

describe('BodyLimit', () => {
  it('lets bodies go on that say they are within it, and refuses those that say they are not', () => {
    const { ask, counters } = limit(10);
    expect(ask({ framing: 'length', contentLength: 10 })).toBeNull();
    expect(ask({ framing: 'none' })).toBeNull();
    expect(ask({ framing: 'length', contentLength: 11 })).toMatchObject({
      kind: 'answer',
      failure: 'requestPayloadTooLarge',
      rule: 'cart.yaml',
      grpcStatus: 8,
      detail: 'more than 10 bytes',
    });
    expect(counters.tooLarge).toBe(1);
  });

  it('counts a body that does not say how long it is', () => {
    const { ask, counters } = limit(10);
    expect(watch(ask({ framing: 'stream' }), ['12345', '67890'])).toEqual([true, true]);
    expect(counters.tooLarge).toBe(0);
    expect(watch(ask({ framing: 'stream' }), ['12345', '678901'])).toEqual([true, false]);
    expect(counters.tooLarge).toBe(1);
  });

  it('counts what came with the head', () => {
    const { ask } = limit(5);
    const head = { framing: 'chunked', body: '5\r\nhello\r\n' } as const;
    expect(watch(ask(head), ['0\r\n\r\n'])).toEqual([true]);
    expect(watch(ask(head), ['1\r\n!\r\n'])).toEqual([false]);
    expect(ask({ ...head, body: '5\r\nhello\r\n0\r\n\r\n', isComplete: true })).toBeNull();
    expect(ask({ ...head, body: '6\r\nhello!\r\n0\r\n\r\n', isComplete: true })).toMatchObject({ kind: 'answer' });
  });

  it('leaves tunnels alone', () => {
    expect(limit(1).ask({ upgrade: 'websocket', framing: 'stream' })).toBeNull();
  });
});

describe('ChunkedBytes', () => {
  const chunk = fc.record({
    size: fc.integer({ min: 1, max: 40 }),
    extension: fc.constantFrom('', ';a=1', ';ff="a"', ' ;f'),
    hex: fc.constantFrom(
      (size: number) => size.toString(16),
      (size: number) => `00${size.toString(16).toUpperCase()}`,
    ),
    fill: fc.constantFrom('f', '\r', '\n', '0'),
  });

  it('counts the data and nothing else, however the body is cut', () => {
    fc.assert(
      fc.property(
        fc.array(chunk, { maxLength: 8 }),
        fc.constantFrom('\r\n', 'ff: 12\r\n3: 4\r\n\r\n'),
        fc.array(fc.nat(400), { maxLength: 12 }),
        (chunks, end, cuts) => {
          const lines = chunks.map(
            ({ size, extension, hex, fill }) => `${hex(size)}${extension}\r\n${fill.repeat(size)}\r\n`,
          );
          const bytes = Buffer.from(`${lines.join('')}0\r\n${end}`);
          const count = new ChunkedBytes();
          let data = 0;
          let from = 0;
          for (const cut of [...cuts.filter((at) => at < bytes.length).sort((a, b) => a - b), bytes.length]) {
            data += count.dataIn(bytes, from, cut);
            from = cut;
          }
          expect(data).toBe(chunks.reduce((sum, { size }) => sum + size, 0));
        },
      ),
    );
  });
});
