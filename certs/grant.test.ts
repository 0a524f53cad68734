import { describe, expect, it } from 'vitest';
import { encodeDer, utf8String } from './der-writer.ts';
import type { JoinGrant } from './grant.ts';
import { encodeGrant, InvalidGrantError, maxGrantBytes, readGrant } from './grant.ts';
import { oids } from './object-identifier.ts';
import { createTestMesh } from './testing/test-identity.ts';

const mesh = createTestMesh();
const grant: JoinGrant = {
  namespace: 'default',
  service: 'cart',
  serviceAccount: 'cart',
  labels: { app: 'cart', version: 'v1', 'heddle.dev/größe': 'groß' },
};
const leafWith = (text: string, serviceAccount = 'cart') =>
  mesh.identity(serviceAccount, { extensions: [{ oid: oids.joinGrant, value: encodeDer(utf8String(text)) }] }).der;

describe('encodeGrant and readGrant', () => {
  it.each<JoinGrant>([
    grant,
    { ...grant, anyService: true },
    { ...grant, anyService: false },
    { ...grant, labels: {} },
  ])('carry a grant in a leaf: %j', (given) => {
    expect(readGrant(mesh.identity('cart', { extensions: [encodeGrant(given)] }).der)).toEqual(given);
  });

  it.each([0, 1, 100, 200, 1_800])(
    'write the very DER that node-forge writes, with labels of %i characters',
    (length) => {
      const { value } = encodeGrant({ ...grant, labels: { a: 'ß'.repeat(length / 2) } });
      const text = JSON.stringify({ ...grant, labels: { a: 'ß'.repeat(length / 2) } });
      expect(value.equals(encodeDer(utf8String(text)))).toBe(true);
    },
  );

  it('know no grant in a leaf that has none', () => {
    expect(readGrant(mesh.identity('cart').der)).toBe(null);
  });

  it('keep grants below 2 KiB', () => {
    const base = Buffer.byteLength(JSON.stringify({ ...grant, labels: { a: '' } }));
    const largest = { ...grant, labels: { a: 'x'.repeat(maxGrantBytes - base) } };
    expect(readGrant(mesh.identity('cart', { extensions: [encodeGrant(largest)] }).der)).toEqual(largest);
    expect(() => encodeGrant({ ...grant, labels: { a: `${largest.labels.a}x` } })).toThrow(/2049 bytes/);
    expect(() => readGrant(leafWith('x'.repeat(maxGrantBytes + 1)))).toThrow(InvalidGrantError);
  });

  it('take a label for a label, whatever it is called', () => {
    const text = '{"namespace":"default","service":"cart","serviceAccount":"cart","labels":{"__proto__":"x"}}';
    const labels = readGrant(leafWith(text))?.labels ?? {};
    expect(Object.entries(labels)).toEqual([['__proto__', 'x']]);
    expect(Object.getPrototypeOf(labels)).toBe(Object.prototype);
  });

  it('refuse a grant for another identity than the leaf has', () => {
    const { value } = encodeGrant(grant);
    const der = mesh.identity('web', { extensions: [{ oid: oids.joinGrant, value }] }).der;
    expect(() => readGrant(der)).toThrow(/another identity/);
  });

  it.each([
    'no json',
    'null',
    '[]',
    '{}',
    '{"namespace":"default","service":"","serviceAccount":"cart","labels":{}}',
    '{"namespace":"default","service":"cart","serviceAccount":"cart"}',
    '{"namespace":"default","service":"cart","serviceAccount":"cart","labels":["a"]}',
    '{"namespace":"default","service":"cart","serviceAccount":"cart","labels":{"a":1}}',
    '{"namespace":"default","service":"cart","serviceAccount":"cart","labels":{},"anyService":"yes"}',
    '['.repeat(2000),
  ])('refuse the malformed grant %s', (text) => {
    expect(() => readGrant(leafWith(text))).toThrow(InvalidGrantError);
  });

  it('refuse a grant that is no UTF8String, or has bytes behind it', () => {
    for (const hex of ['0400', '0c01ff', `${encodeGrant(grant).value.toString('hex')}00`, '']) {
      const extensions = [{ oid: oids.joinGrant, value: Buffer.from(hex, 'hex') }];
      expect(() => readGrant(mesh.identity('cart', { extensions }).der), hex).toThrow(InvalidGrantError);
    }
  });

  it('refuse what is no certificate', () => {
    expect(() => readGrant(Buffer.from('hello'))).toThrow(InvalidGrantError);
  });
});
