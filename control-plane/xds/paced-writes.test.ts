import { PassThrough } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { writePaced } from './paced-writes.ts';

describe('writePaced', () => {
  it('stops reading while what is written is not taken, and goes on after', async () => {
    const call = new PassThrough({ objectMode: true, highWaterMark: 2 });
    const calls: string[] = [];
    call.pause = () => {
      calls.push('pause');
      return call;
    };
    call.resume = () => {
      calls.push('resume');
      return call;
    };
    writePaced(call, 'a');
    expect(calls).toEqual([]);
    while (calls.length === 0) {
      writePaced(call, 'more');
    }
    expect(calls).toEqual(['pause']);
    const drained = new Promise((resolve) => call.once('drain', resolve));
    while (call.read() !== null);
    await drained;
    expect(calls).toEqual(['pause', 'resume']);
  });
});
