import { X509Certificate } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Certificate } from './certificate.ts';
import { InvalidCertificateError, maxCertificateBytes, readCertificate } from './certificate.ts';
import { DerReader } from './der-reader.ts';
import * as der from './der-writer.ts';
import { encodeGrant, InvalidGrantError, readGrant } from './grant.ts';
import { oids } from './object-identifier.ts';
import { validateSvid } from './svid.ts';
import { rebuild, withUnknownCritical } from './testing/rebuild.ts';
import { createTestMesh } from './testing/test-identity.ts';

const nowMs = Date.now();
const mesh = createTestMesh('shop.local', nowMs);
const grant = encodeGrant({ namespace: 'default', service: 'cart', serviceAccount: 'cart', labels: { app: 'cart' } });
const leaf = mesh.identity('cart', { extensions: [grant] }).der;

const rebuilt = (change: (fields: Buffer[]) => Buffer[]) => rebuild(leaf, mesh.issuer.privateKey, change);

const withExtensions = (...extensions: der.DerNode[]) =>
  rebuilt((fields) => [...fields.slice(0, -1), der.encodeDer(der.tagged(3, der.sequence(...extensions)))]);

const extension = (oid: string, value: string) =>
  der.sequence(der.oid(oid), der.octetString(Buffer.from(value, 'hex')));

/** The constructed element with a NULL put behind its last child. */
function appended(element: Buffer): Buffer {
  const input = new DerReader(element);
  const tag = input.nextTag('it');
  const children = input.content(tag, 'it');
  const length = children.length + 2;
  const lengthBytes = length < 0x80 ? [length] : length < 0x100 ? [0x81, length] : [0x82, length >> 8, length & 0xff];
  return Buffer.concat([Buffer.from([tag, ...lengthBytes]), children, Buffer.from('0500', 'hex')]);
}

describe('readCertificate', () => {
  it('reads what OpenSSL reads', () => {
    for (const bytes of [leaf, mesh.issuer.certificate.der, mesh.root.certificate.der]) {
      const ours = readCertificate(bytes);
      const theirs = new X509Certificate(bytes);
      expect(ours.serialHex).toBe(theirs.serialNumber.toLowerCase());
      expect(ours.notBeforeMs).toBe(Date.parse(theirs.validFrom));
      expect(ours.notAfterMs).toBe(Date.parse(theirs.validTo));
      expect(ours.isCa).toBe(theirs.ca);
      expect(ours.spki).toEqual(theirs.publicKey.export({ format: 'der', type: 'spki' }));
      expect(`URI:${ours.uriSans.join(',')}`).toBe(theirs.subjectAltName);
      expect(ours.extendedKeyUsage ?? undefined).toEqual(theirs.keyUsage);
      expect(ours.signatureAlgorithm).toBe(oids.ecdsaWithSha256);
    }
  });

  it('gives extensions that it does not understand as they are', () => {
    const certificate = readCertificate(leaf);
    expect(certificate.extension(oids.joinGrant)).toEqual(grant.value);
    expect(certificate.isCritical(oids.joinGrant)).toBe(false);
    expect(certificate.extension('1.2.3')).toBe(null);
    expect(certificate.unknownCriticalExtensions).toEqual([]);
  });

  it('names critical extensions that it does not understand', () => {
    const certificate = readCertificate(withUnknownCritical(leaf, mesh.issuer.privateKey));
    expect(certificate.unknownCriticalExtensions).toEqual(['1.2.3']);
  });

  it('reads a URI name byte by byte, so that commas, quotes and NULs stay inside it', () => {
    const uri = 'spiffe://a/b, URI:spiffe://a/admin"\0\xff';
    const wrong = mesh.misissued({ uriSans: [uri] });
    expect(readCertificate(wrong.der).uriSans).toEqual([uri]);
  });

  it('tells URI names from other names', () => {
    const names = '300e8203612e62860473703a2f880101'; // DNS a.b, URI sp:/, a registered id
    expect(readCertificate(withExtensions(extension(oids.subjectAltName, names))).uriSans).toEqual(['sp:/']);
  });

  it('takes a certificate without any extension for one that may do nothing', () => {
    const certificate = readCertificate(rebuilt((fields) => fields.slice(0, -1)));
    expect(certificate).toMatchObject({ isCa: false, keyUsage: null, extendedKeyUsage: null, uriSans: [] });
  });

  it.each<[string, Buffer]>([
    ['nothing', Buffer.alloc(0)],
    ['more than 16 KiB', Buffer.alloc(maxCertificateBytes + 1, 0x30)],
    ['bytes after the end', Buffer.concat([leaf, Buffer.from([0])])],
    ['something after the signature', appended(leaf)],
    [
      'something after the validity',
      rebuilt((fields) => fields.map((field, at) => (at === 4 ? appended(field) : field))),
    ],
    [
      'something after the list of extensions',
      rebuilt((fields) => [...fields.slice(0, -1), appended(fields.at(-1) as Buffer)]),
    ],
    [
      'something after the value of an extension',
      withExtensions(der.encoded(appended(der.encodeDer(extension('1.2.3', '0500'))))),
    ],
    ['something after keyUsage', withExtensions(extension(oids.keyUsage, '030207800500'))],
    ['version 1', rebuilt((fields) => fields.slice(1))],
    ['version 2', rebuilt((fields) => [Buffer.from('a003020101', 'hex'), ...fields.slice(1)])],
    ['a negative serial number', rebuilt(([v, , ...rest]) => [v as Buffer, Buffer.from('0201ff', 'hex'), ...rest])],
    ['serial number zero', rebuilt(([v, , ...rest]) => [v as Buffer, Buffer.from('020100', 'hex'), ...rest])],
    [
      'a serial number of 21 bytes',
      rebuilt(([v, , ...rest]) => [v as Buffer, Buffer.from(`0215${'11'.repeat(21)}`, 'hex'), ...rest]),
    ],
    [
      'two signature algorithms',
      rebuilt(([v, s, , ...rest]) => [v as Buffer, s as Buffer, Buffer.from('300706052b8104000a', 'hex'), ...rest]),
    ],
    ['an issuer unique id', rebuilt((fields) => [...fields.slice(0, -1), Buffer.from('81020001', 'hex')])],
    ['something after the extensions', rebuilt((fields) => [...fields, Buffer.from('0500', 'hex')])],
    ['an extension twice', withExtensions(extension('1.2.3', '0500'), extension('1.2.3', '0500'))],
    [
      'subjectAltName twice',
      withExtensions(extension(oids.subjectAltName, '3003860161'), extension(oids.subjectAltName, '3003860162')),
    ],
    ['a name of unknown kind', withExtensions(extension(oids.subjectAltName, '3003890161'))],
    ['a URI name in constructed form', withExtensions(extension(oids.subjectAltName, '3005a603160161'))],
    ['bytes after the names', withExtensions(extension(oids.subjectAltName, '30038601610500'))],
    ['a cut-off name', withExtensions(extension(oids.subjectAltName, '3003860261'))],
    ['a keyUsage bit without meaning', withExtensions(extension(oids.keyUsage, '0303060040'))],
    ['a keyUsage that is no list of flags', withExtensions(extension(oids.keyUsage, '03020080'))],
    ['a CA bit that is neither true nor false', withExtensions(extension(oids.basicConstraints, '3003010101'))],
    ['a path length of two bytes', withExtensions(extension(oids.basicConstraints, '30070101ff02020100'))],
    ['something after the path length', withExtensions(extension(oids.basicConstraints, '30080101ff0201000500'))],
    ['a purpose that is no identifier', withExtensions(extension(oids.extendedKeyUsage, '3003060180'))],
  ])('refuses %s', (_, bytes) => {
    expect(() => readCertificate(bytes)).toThrow(InvalidCertificateError);
  });
});

/** What every reader of certificates promises for bytes of a stranger: an answer, or its own error. */
function survives(bytes: Buffer): Certificate | null {
  expect(typeof validateSvid(bytes, { trustDomains: 'shop.local', nowMs }).ok).toBe('boolean');
  try {
    readGrant(bytes);
  } catch (error) {
    expect(error).toBeInstanceOf(InvalidGrantError);
  }
  try {
    return readCertificate(bytes);
  } catch (error) {
    expect(error).toBeInstanceOf(InvalidCertificateError);
    return null;
  }
}

describe('readCertificate, validateSvid and readGrant', () => {
  it('refuse a certificate cut off anywhere', () => {
    for (let length = 0; length < leaf.length; length++) {
      expect(survives(leaf.subarray(0, length))).toBe(null);
    }
  });

  it('throw nothing but their own errors for a certificate with any one bit turned', () => {
    for (let bit = 0; bit < leaf.length * 8; bit++) {
      const turned = Buffer.from(leaf);
      turned.writeUInt8(turned.readUInt8(bit >> 3) ^ (1 << (bit & 7)), bit >> 3);
      survives(turned);
    }
  });

  it('throw nothing but their own errors for a certificate with parts cut out, doubled or overwritten', () => {
    const at = fc.nat(leaf.length - 1);
    fc.assert(
      fc.property(at, at, fc.uint8Array({ maxLength: 40 }), (start, end, filling) => {
        survives(Buffer.concat([leaf.subarray(0, start), filling, leaf.subarray(end)]));
      }),
      { numRuns: 2000 },
    );
  });

  it('end at once on deep nesting, endless lengths and thousands of tiny elements', () => {
    const nested = Buffer.concat(Array.from({ length: 4000 }, () => Buffer.from('3082ffff', 'hex')));
    const names = `3082${(3 * 4000).toString(16).padStart(4, '0')}${'860161'.repeat(4000)}`;
    for (const bytes of [nested, Buffer.alloc(maxCertificateBytes, 0x30), Buffer.alloc(maxCertificateBytes, 0xff)]) {
      expect(survives(bytes)).toBe(null);
    }
    expect(survives(withExtensions(extension(oids.subjectAltName, names)))?.uriSans).toHaveLength(4000);
  });
});
