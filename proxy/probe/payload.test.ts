import { Buffer } from 'node:buffer';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { holdsAll, PayloadSearch } from './payload.ts';

describe('PayloadSearch', () => {
  it('finds what stands in the whole, with the piece that completes it', () => {
    const letters = fc.string({ unit: fc.constantFrom('a', 'b'), maxLength: 12 });
    const block = fc.string({ unit: fc.constantFrom('a', 'b'), minLength: 1, maxLength: 4 });
    fc.assert(
      fc.property(fc.array(letters, { maxLength: 8 }), fc.array(block, { maxLength: 3 }), (pieces, texts) => {
        const blocks = texts.map((text) => Buffer.from(text));
        const search = new PayloadSearch(blocks);
        let whole = '';
        for (const piece of pieces) {
          whole += piece;
          expect(search.take(Buffer.from(piece))).toBe(holdsAll(Buffer.from(whole), blocks));
        }
        expect(search.length).toBe(whole.length);
      }),
    );
  });

  it('takes pieces of a byte in a time that grows with their number', () => {
    const search = new PayloadSearch([Buffer.from('needle'), Buffer.from('end')]);
    const byte = Buffer.from('n');
    const began = performance.now();
    for (let i = 0; i < 1_000_000; i++) search.take(byte);
    // with a copy of all for each it would be minutes
    expect(performance.now() - began).toBeLessThan(10_000);
    expect(search.take(Buffer.from('needle and the end'))).toBe(true);
  });
});
