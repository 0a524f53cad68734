import { describe, expect, it } from 'vitest';
import { printableData } from './printable-data.ts';

describe('printableData', () => {
  it('goes through lists and objects, and keeps what is neither', () => {
    const map = new Map([['\u001b', '\u001b']]);
    expect(printableData({ a: ['\u001b[2J', { b: 'x\ny' }], c: 1, d: null, map })).toEqual({
      ...{ a: [' [2J', { b: 'x y' }], c: 1, d: null },
      map,
    });
  });
});
