import { generateKeyPairSync, X509Certificate } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import {
  AuthorityError,
  authorityFromPem,
  authorityToPem,
  backdateMs,
  createIssuer,
  createRoot,
  issueLeaf,
} from './authority.ts';
import { readCertificate } from './certificate.ts';
import { generateKeyPair, InvalidKeyError } from './key-pair.ts';
import { oids } from './object-identifier.ts';
import { fromPem, toPem } from './pem.ts';
import { parseSpiffeId } from './spiffe-id.ts';
import { hasOpenssl, openssl } from './testing/openssl.ts';

const hourMs = 3_600_000;
const dayMs = 24 * hourMs;
const nowMs = Date.UTC(2026, 5, 15, 12, 0, 0);
const id = parseSpiffeId('spiffe://shop.local/ns/default/sa/cart');
const root = createRoot({ trustDomain: 'shop.local', nowMs });
const issuer = createIssuer(root, { nowMs });
const { publicKey } = generateKeyPair();

const leafOf = (pem: string) => readCertificate(fromPem('CERTIFICATE', pem)[0] as Buffer);

describe('createRoot', () => {
  it('makes a ten-year authority that bears the name of its trust domain and no workload', () => {
    const { certificate, parents } = root;
    expect(certificate.isCa).toBe(true);
    expect(certificate.uriSans).toEqual(['spiffe://shop.local']);
    expect(certificate.keyUsage).toEqual(new Set(['keyCertSign', 'cRLSign']));
    expect(certificate.notAfterMs).toBe(nowMs + 3650 * dayMs);
    expect(parents).toEqual([]);
  });

  it('gives every root a name of its own, so that two can stand side by side', () => {
    const other = createRoot({ trustDomain: 'shop.local', nowMs });
    expect(other.certificate.subject.equals(root.certificate.subject)).toBe(false);
  });

  it('refuses a trust domain that no SPIFFE id could have', () => {
    expect(() => createRoot({ trustDomain: 'Shop.local' })).toThrow(/lower-case/);
  });
});

describe('createIssuer', () => {
  it('makes a one-year authority that may sign leaves and nothing else', () => {
    expect(issuer.certificate.isCa).toBe(true);
    expect(issuer.certificate.pathLength).toBe(0);
    expect(issuer.certificate.uriSans).toEqual(['spiffe://shop.local']);
    expect(issuer.certificate.notAfterMs).toBe(nowMs + 365 * dayMs);
    expect(issuer.parents).toEqual([root.certificate]);
  });

  it('never outlives its root', () => {
    const shortRoot = createRoot({ trustDomain: 'shop.local', nowMs, validityMs: 2 * dayMs });
    expect(createIssuer(shortRoot, { nowMs }).certificate.notAfterMs).toBe(nowMs + 2 * dayMs);
    expect(() => createIssuer(shortRoot, { nowMs: nowMs + 3 * dayMs })).toThrow(AuthorityError);
  });
});

describe('createRoot and createIssuer', () => {
  it.each([0, -1, Number.NaN, Number.POSITIVE_INFINITY])('refuse a validity of %d ms', (validityMs) => {
    expect(() => createRoot({ trustDomain: 'shop.local', nowMs, validityMs })).toThrow(AuthorityError);
    expect(() => createIssuer(root, { nowMs, validityMs })).toThrow(AuthorityError);
  });
});

describe('issueLeaf', () => {
  it('writes a leaf of 24 hours that began five minutes ago', () => {
    const certificate = leafOf(issueLeaf({ issuer, publicKey, id, nowMs: nowMs + hourMs }).certificatePem);
    expect(certificate.notBeforeMs).toBe(nowMs + hourMs - backdateMs);
    expect(certificate.notAfterMs).toBe(nowMs + hourMs + dayMs);
    expect(certificate.uriSans).toEqual([id]);
    expect(certificate.isCa).toBe(false);
    expect(certificate.keyUsage).toEqual(new Set(['digitalSignature']));
    expect(certificate.extendedKeyUsage).toEqual([oids.serverAuth, oids.clientAuth]);
    expect(certificate.isCritical(oids.subjectAltName)).toBe(true);
  });

  it('never lets a leaf begin before its issuer', () => {
    const { certificatePem } = issueLeaf({ issuer, publicKey, id, nowMs: nowMs - 60_000 });
    expect(leafOf(certificatePem).notBeforeMs).toBe(issuer.certificate.notBeforeMs);
  });

  it('answers with the times and the serial number that the certificate has', () => {
    const leaf = issueLeaf({ issuer, publicKey, id, nowMs });
    const certificate = leafOf(leaf.certificatePem);
    expect(leaf.expiresAtMs).toBe(certificate.notAfterMs);
    expect(leaf.serialHex).toBe(certificate.serialHex);
    expect(leaf.serialHex).toHaveLength(32);
  });

  it('presents leaf and issuer, and the root only where asked', () => {
    const leaf = issueLeaf({ issuer, publicKey, id, nowMs });
    const [own] = fromPem('CERTIFICATE', leaf.certificatePem);
    expect(fromPem('CERTIFICATE', leaf.chainPem)).toEqual([own, issuer.certificate.der]);
    const withRoot = issueLeaf({ issuer, publicKey, id, nowMs, includeRoot: true });
    expect(fromPem('CERTIFICATE', withRoot.chainPem)[2]).toEqual(root.certificate.der);
  });

  it('never lets a leaf outlive its issuer', () => {
    const shortIssuer = createIssuer(root, { nowMs, validityMs: hourMs });
    expect(issueLeaf({ issuer: shortIssuer, publicKey, id, nowMs }).expiresAtMs).toBe(nowMs + hourMs);
    expect(() => issueLeaf({ issuer: shortIssuer, publicKey, id, nowMs: nowMs + 2 * hourMs })).toThrow(AuthorityError);
  });

  it.each([90 * dayMs + 1, 0, -1, Number.NaN, Number.POSITIVE_INFINITY])('refuses a lifetime of %d ms', (ttlMs) => {
    expect(() => issueLeaf({ issuer, publicKey, id, nowMs, ttlMs })).toThrow(AuthorityError);
  });

  it('issues for 90 days, the longest lifetime', () => {
    expect(issueLeaf({ issuer, publicKey, id, nowMs, ttlMs: 90 * dayMs }).expiresAtMs).toBe(nowMs + 90 * dayMs);
  });

  it('refuses an id of another trust domain', () => {
    const foreign = parseSpiffeId('spiffe://other.local/ns/default/sa/cart');
    expect(() => issueLeaf({ issuer, publicKey, id: foreign, nowMs })).toThrow(/not in trust domain shop.local/);
  });

  it('refuses a key that is not on P-256', () => {
    const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 }).publicKey;
    const p384 = generateKeyPairSync('ec', { namedCurve: 'P-384' }).publicKey;
    expect(() => issueLeaf({ issuer, publicKey: rsa, id, nowMs })).toThrow(InvalidKeyError);
    expect(() => issueLeaf({ issuer, publicKey: p384, id, nowMs })).toThrow(InvalidKeyError);
  });

  it('writes times from 2050 on as GeneralizedTime', () => {
    const lateMs = Date.UTC(2049, 11, 31, 12);
    const lateRoot = createRoot({ trustDomain: 'shop.local', nowMs: lateMs });
    const leaf = issueLeaf({ issuer: createIssuer(lateRoot, { nowMs: lateMs }), publicKey, id, nowMs: lateMs });
    expect(leaf.expiresAtMs).toBe(Date.UTC(2050, 0, 1, 12));
    expect(new X509Certificate(leaf.certificatePem).validTo).toBe('Jan  1 12:00:00 2050 GMT');
  });

  it.skipIf(!hasOpenssl).each(['sslserver', 'sslclient'])(
    'makes chains that openssl verifies strictly as %s',
    (purpose) => {
      const leaf = issueLeaf({
        issuer,
        publicKey,
        id,
        nowMs,
        extensions: [{ oid: oids.joinGrant, value: Buffer.from('0c0178', 'hex') }],
      });
      const { status, text } = openssl(
        {
          'root.pem': toPem('CERTIFICATE', root.certificate.der),
          'chain.pem': leaf.chainPem,
          'leaf.pem': leaf.certificatePem,
        },
        ...['verify', '-x509_strict', '-check_ss_sig', '-attime', String(nowMs / 1000), '-purpose', purpose],
        ...['-CAfile', 'root.pem', '-untrusted', 'chain.pem', 'leaf.pem'],
      );
      expect(text).toBe('leaf.pem: OK\n');
      expect(status).toBe(0);
    },
  );

  it('agrees with OpenSSL on what the certificate says', () => {
    const leaf = issueLeaf({ issuer, publicKey, id, nowMs });
    const theirs = new X509Certificate(leaf.certificatePem);
    expect(theirs.serialNumber.toLowerCase()).toBe(leaf.serialHex);
    expect(Date.parse(theirs.validTo)).toBe(leaf.expiresAtMs);
    expect(theirs.subjectAltName).toBe(`URI:${id}`);
    expect(theirs.checkIssued(new X509Certificate(issuer.certificate.der))).toBe(true);
  });
});

describe('authorityFromPem', () => {
  it('loads what authorityToPem saved, and can go on issuing', () => {
    const loaded = authorityFromPem(authorityToPem(issuer));
    expect(loaded.trustDomain).toBe('shop.local');
    expect(loaded.certificate.der).toEqual(issuer.certificate.der);
    expect(loaded.parents.map(({ der }) => der)).toEqual([root.certificate.der]);
    const leaf = leafOf(issueLeaf({ issuer: loaded, publicKey, id, nowMs }).certificatePem);
    expect(new X509Certificate(leaf.der).verify(new X509Certificate(issuer.certificate.der).publicKey)).toBe(true);
  });

  it('loads an expired authority, so that its owner can replace it', () => {
    const expired = createRoot({ trustDomain: 'shop.local', nowMs: 0, validityMs: hourMs });
    expect(authorityFromPem(authorityToPem(expired)).certificate.notAfterMs).toBe(hourMs);
  });

  it('refuses the key of another authority', () => {
    const { privateKeyPem } = authorityToPem(root);
    expect(() => authorityFromPem({ ...authorityToPem(issuer), privateKeyPem })).toThrow(/does not belong/);
  });

  it('refuses a chain that does not lead to a root', () => {
    const [own] = fromPem('CERTIFICATE', authorityToPem(issuer).certificatePem);
    const alone = { ...authorityToPem(issuer), certificatePem: toPem('CERTIFICATE', own as Buffer) };
    expect(() => authorityFromPem(alone)).toThrow(/certificate 1 of the authority's chain/);
    const otherRoot = authorityToPem(createRoot({ trustDomain: 'shop.local' })).certificatePem;
    expect(() => authorityFromPem({ ...alone, certificatePem: alone.certificatePem + otherRoot })).toThrow(
      AuthorityError,
    );
  });

  it('refuses a leaf, which is no authority', () => {
    const pair = generateKeyPair();
    const leaf = issueLeaf({ issuer, publicKey: pair.publicKey, id, nowMs, includeRoot: true });
    const { privateKeyPem } = authorityToPem({ ...issuer, privateKey: pair.privateKey });
    expect(() => authorityFromPem({ certificatePem: leaf.chainPem, privateKeyPem })).toThrow(AuthorityError);
  });
});
