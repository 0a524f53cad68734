import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import xxhash from 'xxhash-wasm';
import { HashKey } from './hash-key.ts';
import { xxh64 } from './xxh64.ts';

const reference = await xxhash();

function hashOf(text: string, seed = 0): bigint {
  const key = new HashKey();
  xxh64(text, key, seed);
  return (BigInt(key.high) << 32n) | BigInt(key.low);
}

describe('xxh64', () => {
  // published with the algorithm and with its ports
  it.each<[text: string, seed: number, hash: bigint]>([
    ['', 0, 0xef46db3751d8e999n],
    ['a', 0, 0xd24ec4f1a98c6e5bn],
    ['abc', 0, 0x44bc2cf5ad770999n],
    ['foobar', 0, 0xa2aa05ed9085aaf9n],
    ['Nobody inspects the spammish repetition', 0, 0xfbcea83c8a378bf1n],
  ])('of %j with seed %d is as published', (text, seed, hash) => {
    expect(hashOf(text, seed)).toBe(hash);
  });

  it('agrees with another implementation for any bytes of any length', () => {
    const bytes = fc.uint8Array({ maxLength: 200 });
    fc.assert(
      fc.property(bytes, fc.nat({ max: 0x7fffffff }), (input, seed) => {
        const text = Buffer.from(input).toString('latin1');
        expect(hashOf(text, seed)).toBe(reference.h64Raw(input, BigInt(seed)));
      }),
      { numRuns: 1_000 },
    );
  });
});

describe('HashKey', () => {
  const half = fc.nat({ max: 0xffffffff });

  it('has the remainder of the whole 64 bits', () => {
    fc.assert(
      fc.property(half, half, fc.integer({ min: 1, max: 5_000_011 }), (high, low, divisor) => {
        const key = Object.assign(new HashKey(), { high, low });
        expect(BigInt(key.modulo(divisor))).toBe(((BigInt(high) << 32n) | BigInt(low)) % BigInt(divisor));
      }),
    );
  });

  it('joins another as Envoy does: rotated by one bit, exclusive or', () => {
    fc.assert(
      fc.property(half, half, half, half, (high, low, otherHigh, otherLow) => {
        const key = Object.assign(new HashKey(), { high, low });
        key.join(Object.assign(new HashKey(), { high: otherHigh, low: otherLow }));
        const value = (BigInt(high) << 32n) | BigInt(low);
        const other = (BigInt(otherHigh) << 32n) | BigInt(otherLow);
        const joined = BigInt.asUintN(64, (value << 1n) | (value >> 63n)) ^ other;
        expect((BigInt(key.high) << 32n) | BigInt(key.low)).toBe(joined);
      }),
    );
  });
});
