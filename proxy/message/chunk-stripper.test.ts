import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ChunkStripper } from './chunk-stripper.ts';

function stripAll(wire: Buffer, cuts: readonly number[]): { body: string; trailers: string } {
  const stripper = new ChunkStripper();
  let body = '';
  let from = 0;
  for (const cut of [...cuts].sort((a, b) => a - b).concat(wire.length)) {
    body += stripper.strip(wire.subarray(from, cut)).toString('latin1');
    from = cut;
  }
  return { body, trailers: stripper.trailers };
}

describe('ChunkStripper', () => {
  it.each([
    ['0\r\n\r\n', '', ''],
    ['5\r\nhello\r\n0\r\n\r\n', 'hello', ''],
    ['5;name=value\r\nhello\r\n1\r\n!\r\n0\r\n\r\n', 'hello!', ''],
    ['A\r\n0123456789\r\n0\r\ngrpc-status: 0\r\nx: y\r\n\r\n', '0123456789', 'grpc-status: 0\r\nx: y\r\n'],
    ['2\r\n\r\n\r\n000\r\n\r\n', '\r\n', ''],
  ])('takes %j apart', (wire, body, trailers) => {
    expect(stripAll(Buffer.from(wire), [])).toEqual({ body, trailers });
  });

  it('gives the same whatever the cuts', () => {
    const chunk = fc.string({ minLength: 1, maxLength: 40 });
    const cut = fc.nat({ max: 400 });
    fc.assert(
      fc.property(fc.array(chunk, { maxLength: 6 }), fc.array(cut, { maxLength: 8 }), (chunks, cuts) => {
        const lines = chunks.map((text) => `${Buffer.byteLength(text).toString(16)}\r\n${text}\r\n`).join('');
        const wire = Buffer.from(`${lines}0\r\na: b\r\n\r\n`);
        const expected = { body: Buffer.from(chunks.join('')).toString('latin1'), trailers: 'a: b\r\n' };
        expect(
          stripAll(
            wire,
            cuts.map((at) => Math.min(at, wire.length)),
          ),
        ).toEqual(expected);
      }),
    );
  });
});
