import { Buffer } from 'node:buffer';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { UpstreamStream } from '../message-head.ts';
import { ReplayBuffer } from './replay-buffer.ts';

/** What a stream was sent. */
function sent(replay: ReplayBuffer, isEnded = true): { body: string; trailers: string | null } {
  let body = '';
  let trailers: string | null = null;
  const stream = {
    sendBody: (buffer: Buffer, start: number, end: number) => {
      body += buffer.toString('latin1', start, end);
      return true;
    },
    endRequest: (text: string) => {
      trailers = text;
    },
  };
  replay.sendTo(stream as unknown as UpstreamStream, isEnded, () => true);
  return { body, trailers };
}

describe('ReplayBuffer', () => {
  it('gives back what came, whatever its pieces, up to the bound and not beyond', () => {
    const pieces = fc.array(fc.string({ maxLength: 700 }), { maxLength: 12 });
    fc.assert(
      fc.property(pieces, fc.nat({ max: 4_000 }), fc.nat({ max: 100 }), (texts, limitBytes, heldBytes) => {
        const replay = new ReplayBuffer();
        for (let round = 0; round < 2; round++) {
          replay.begin(limitBytes, heldBytes);
          let expected = '';
          for (const text of texts) {
            const bytes = Buffer.from(`<${text}>`);
            const fits = heldBytes + expected.length + bytes.length - 2 <= limitBytes;
            expect(replay.keep(bytes, 1, bytes.length - 1)).toBe(fits);
            if (!fits) break;
            expected += bytes.toString('latin1', 1, bytes.length - 1);
          }
          expect(sent(replay).body).toBe(expected);
          replay.clear();
        }
      }),
    );
  });

  it('never writes to memory that was sent, and uses other memory again', () => {
    const lent: Buffer[] = [];
    const stream = { sendBody: (buffer: Buffer, start: number, end: number) => lent.push(buffer.subarray(start, end)) };
    const replay = new ReplayBuffer();
    const keep = (text: string) => {
      replay.begin(2_000, 0);
      replay.keep(Buffer.from(text), 0, text.length);
    };
    keep('one');
    replay.clear();
    for (const way of ['sendTo', 'moveTo'] as const) {
      keep('two');
      replay[way](stream as unknown as UpstreamStream, false, () => true);
      replay.clear();
      keep('six');
      replay.clear();
    }
    expect(lent.map(String)).toEqual(['two', 'two']);
    expect(lent[0]?.byteOffset).not.toBe(lent[1]?.byteOffset);
  });

  it('keeps nothing of one body for the next', () => {
    const replay = new ReplayBuffer();
    replay.begin(10, 0);
    replay.keep(Buffer.from('abc'), 0, 3);
    replay.end('x: 1\r\n');
    expect(sent(replay)).toEqual({ body: 'abc', trailers: 'x: 1\r\n' });
    expect(sent(replay, false).trailers).toBeNull();
    replay.clear();
    replay.begin(10, 0);
    expect(sent(replay)).toEqual({ body: '', trailers: '' });
  });
});
