import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fromPem, InvalidPemError, toPem } from './pem.ts';

describe('fromPem', () => {
  it('reads what toPem wrote, any number of blocks with anything between them', () => {
    const blocks = fc.array(fc.uint8Array({ minLength: 1, maxLength: 300 }), { minLength: 1, maxLength: 4 });
    fc.assert(
      fc.property(blocks, (ders) => {
        const text = ders.map((der) => `# a root\r\n${toPem('CERTIFICATE', der)}`).join('\n');
        expect(fromPem('CERTIFICATE', text)).toEqual(ders.map((der) => Buffer.from(der)));
      }),
    );
  });

  it('passes over blocks of other kinds', () => {
    const text = toPem('CERTIFICATE REQUEST', Buffer.from([1])) + toPem('CERTIFICATE', Buffer.from([2]));
    expect(fromPem('CERTIFICATE', text)).toEqual([Buffer.from([2])]);
  });

  it.each([
    ['nothing', ''],
    ['no block', 'hello'],
    ['an empty block', '-----BEGIN CERTIFICATE-----\n-----END CERTIFICATE-----'],
    ['a block without an end', '-----BEGIN CERTIFICATE-----\nAAAA'],
    ['what is not base64', '-----BEGIN CERTIFICATE-----\nA!AA\n-----END CERTIFICATE-----'],
    ['256 KiB and more', 'x'.repeat(256 * 1024 + 1)],
  ])('refuses %s', (_, text) => {
    expect(() => fromPem('CERTIFICATE', text)).toThrow(InvalidPemError);
  });
});
