import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { DerError } from './der-error.ts';
import { decodeOid, encodeOid, oids } from './object-identifier.ts';

describe('encodeOid', () => {
  it.each([
    [oids.ecdsaWithSha256, '2a8648ce3d040302'],
    [oids.subjectAltName, '551d11'],
    ['2.999.3', '883703'],
    ['2.25.340282366920938463463374607431768211455', '6983ffffffffffffffffffffffffffffffffff7f'],
  ])('writes %s as X.690 has it', (oid, hex) => {
    expect(encodeOid(oid).toString('hex')).toBe(hex);
    expect(decodeOid(encodeOid(oid))).toBe(oid);
  });

  it.each(['3.1', '1.40', '1', ''])('refuses %j, which is no object identifier', (oid) => {
    expect(() => encodeOid(oid)).toThrow();
  });

  it('is undone by decodeOid, whatever the size of the arcs', () => {
    const root = fc.oneof(
      fc.tuple(fc.constantFrom(0n, 1n), fc.bigInt({ min: 0n, max: 39n })),
      fc.tuple(fc.constant(2n), fc.bigInt({ min: 0n, max: 2n ** 64n })),
    );
    const arcs = fc.array(fc.bigInt({ min: 0n, max: 2n ** 128n }), { maxLength: 2 });
    fc.assert(
      fc.property(root, arcs, (first, rest) => {
        const oid = [...first, ...rest].join('.');
        expect(decodeOid(encodeOid(oid))).toBe(oid);
      }),
    );
  });
});

describe('decodeOid', () => {
  it.each([
    ['nothing', ''],
    ['a leading zero', '2a8003'],
    ['an unfinished number', '2a86'],
    ['65 bytes', '2a'.repeat(65)],
  ])('refuses %s', (_, hex) => {
    expect(() => decodeOid(Buffer.from(hex, 'hex'))).toThrow(DerError);
  });

  it('never reads two encodings as the same identifier', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 1, maxLength: 24 }), (bytes) => {
        let oid: string;
        try {
          oid = decodeOid(bytes);
        } catch (error) {
          expect(error).toBeInstanceOf(DerError);
          return;
        }
        expect([...encodeOid(oid)]).toEqual([...bytes]);
      }),
    );
  });
});
