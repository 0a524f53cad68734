import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readToken, writeToken } from './session-token.ts';

const time = fc.integer({ min: 0, max: 2 ** 40 });
const address = fc.stringMatching(/^[0-9a-f.:[\]]{1,60}$/);

describe('readToken', () => {
  it('reads what writeToken has written', () => {
    fc.assert(
      fc.property(fc.record({ address, endsAt: time, idlesAt: time }), (token) => {
        expect(readToken(writeToken(token))).toEqual(token);
      }),
    );
  });

  it.each([
    ['nothing', []],
    ['an address that is cut off', [0x0a, 9, 0x31]],
    ['a number that is cut off', [0x0a, 1, 0x31, 0x10, 0x80]],
    ['a number that is too long', [0x0a, 1, 0x31, 0x10, ...Array(9).fill(0x80), 0x01]],
    ['a field that nobody knows', [0x0a, 1, 0x31, 0x20, 0x01]],
  ])('takes %s for an address', (_, bytes) => {
    const address = Buffer.from(bytes).toString('latin1');
    expect(readToken(Buffer.from(bytes))).toEqual({ address, endsAt: 0, idlesAt: 0 });
  });
});
