import { once } from 'node:events';
import { PassThrough, Writable } from 'node:stream';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { relayLines } from './relay-lines.ts';

describe('relayLines', () => {
  it('passes whole lines on, however they are cut, and the rest at the end', async () => {
    const pieces: string[] = [];
    const target = new Writable({
      write(chunk: Buffer, _encoding, done) {
        pieces.push(String(chunk));
        done();
      },
    });
    const source = new PassThrough();
    relayLines(source, target);
    for (const piece of ['one\ntw', 'o', '\nthree\n', 'fo', 'ur']) source.write(piece);
    source.end();
    await once(source, 'close');
    expect(pieces).toEqual(['one\n', 'two\nthree\n', 'four']);
  });

  it('holds up its source while the target takes nothing', async () => {
    let release: () => void = () => {};
    const target = new Writable({
      highWaterMark: 10,
      write(_chunk, _encoding, done) {
        release = done;
      },
    });
    const source = new PassThrough({ highWaterMark: 10 });
    relayLines(source, target);
    source.write('a line that is long enough\n');
    await nextTurn();
    expect(source.isPaused()).toBe(true);
    release();
    await nextTurn();
    expect(source.isPaused()).toBe(false);
    source.destroy();
  });
});
