import { createHash, sign } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import type { Authority } from './authority.ts';
import { createRoot, issueLeaf } from './authority.ts';
import { readCertificate } from './certificate.ts';
import type { CertificateContent } from './certificate-writer.ts';
import { randomSerial, writeCertificate } from './certificate-writer.ts';
import * as der from './der-writer.ts';
import { generateKeyPair } from './key-pair.ts';
import { oids } from './object-identifier.ts';
import { fromPem, InvalidPemError, toPem } from './pem.ts';
import { hasOpenssl, openssl } from './testing/openssl.ts';
import { withUnknownCritical } from './testing/rebuild.ts';
import { createTestMesh } from './testing/test-identity.ts';
import { InvalidTrustBundleError, rootFingerprint, TrustBundle, verifyPinnedChain } from './trust-bundle.ts';

const nowMs = Date.now();
const mesh = createTestMesh('shop.local', nowMs);
const rootDer = mesh.root.certificate.der;
const pin = rootFingerprint(rootDer);
const leafDer = mesh.identity('cart').der;
const issuerDer = mesh.issuer.certificate.der;

describe('TrustBundle', () => {
  it('holds the old and the new root while roots rotate', () => {
    const next = createRoot({ trustDomain: 'shop.local', nowMs }).certificate.der;
    const bundle = TrustBundle.fromPem('shop.local', mesh.bundlePem + toPem('CERTIFICATE', next));
    expect(bundle.roots.map((root) => root.fingerprintHex)).toEqual([pin, rootFingerprint(next)]);
    expect(bundle.contains(rootDer) && bundle.contains(next)).toBe(true);
    expect(TrustBundle.fromPem('shop.local', bundle.pem).pem).toBe(bundle.pem);
  });

  it('knows a root by all of it, not by its name or key', () => {
    const bundle = TrustBundle.fromPem('shop.local', mesh.bundlePem);
    expect(bundle.contains(issuerDer)).toBe(false);
    expect(bundle.contains(createRoot({ trustDomain: 'shop.local', nowMs }).certificate.der)).toBe(false);
  });

  it('keeps a root that is there twice once', () => {
    expect(TrustBundle.fromPem('shop.local', mesh.bundlePem + mesh.bundlePem).roots).toHaveLength(1);
  });

  it.each<[string, Uint8Array[]]>([
    ['nothing', []],
    ['a leaf', [leafDer]],
    ['an authority that is no root', [issuerDer]],
    ['what is no certificate', [Buffer.from('hello')]],
    ['a root with one bit changed', [withLastByteChanged(rootDer)]],
    ['17 roots', Array.from({ length: 17 }, () => createRoot({ trustDomain: 'shop.local' }).certificate.der)],
  ])('refuses %s', (_, ders) => {
    expect(() => TrustBundle.fromDer('shop.local', ders)).toThrow(InvalidTrustBundleError);
  });

  it('refuses the root of another trust domain, and takes one that names none', () => {
    expect(() => TrustBundle.fromPem('other.local', mesh.bundlePem)).toThrow(/another trust domain/);
    const { certificate } = createForeignAuthority(null, null);
    expect(TrustBundle.fromDer('other.local', [certificate.der]).contains(certificate.der)).toBe(true);
  });

  it('refuses a trust domain that no SPIFFE id could have', () => {
    expect(() => TrustBundle.fromPem('Shop.local', mesh.bundlePem)).toThrow(/lower-case/);
  });

  it('refuses a file without certificates', () => {
    expect(() => TrustBundle.fromPem('shop.local', '')).toThrow(InvalidPemError);
  });
});

describe('rootFingerprint', () => {
  it('is the SHA-256 of the DER', () => {
    expect(pin).toBe(createHash('sha256').update(rootDer).digest('hex'));
  });

  it.skipIf(!hasOpenssl)('is what openssl prints', () => {
    const { text } = openssl(
      { 'root.pem': mesh.bundlePem },
      'x509',
      '-in',
      'root.pem',
      '-noout',
      '-fingerprint',
      '-sha256',
    );
    expect(
      text
        .trim()
        .replace(/^.*=|:/g, '')
        .toLowerCase(),
    ).toBe(pin);
  });
});

/** An authority that our code would not create, and a leaf under it. */
function misissuedAuthority(upper: Authority, wrong: Partial<CertificateContent>): { leaf: Buffer; der: Buffer } {
  const { privateKey, publicKey } = generateKeyPair();
  const proper: CertificateContent = {
    serial: randomSerial(),
    subject: [{ oid: oids.commonName, text: 'test issuer' }],
    issuer: upper.certificate.subject,
    notBeforeMs: nowMs - 60_000,
    notAfterMs: nowMs + 60_000,
    publicKey,
    issuerPublicKey: upper.publicKey,
    authority: { pathLength: 0 },
    keyUsage: ['keyCertSign'],
    extendedKeyUsage: [],
    uriSans: [],
    extensions: [],
  };
  // The leaf comes from a proper twin with the same name and key, so that all that is wrong is the authority.
  const twin = readCertificate(writeCertificate(proper, upper.privateKey));
  const issuer: Authority = { ...upper, certificate: twin, privateKey, publicKey, parents: [upper.certificate] };
  const { certificatePem } = issueLeaf({ issuer, publicKey, id: mesh.id('cart'), nowMs: nowMs - 30_000 });
  const der = writeCertificate({ ...proper, ...wrong }, upper.privateKey);
  return { leaf: fromPem('CERTIFICATE', certificatePem)[0] as Buffer, der };
}

/** An authority under another one, or a root of its own. Neither bears the name of a trust domain. */
function createForeignAuthority(upper: Authority | null, pathLength: number | null): Authority {
  const { privateKey, publicKey } = generateKeyPair();
  const der = writeCertificate(
    {
      serial: randomSerial(),
      subject: [{ oid: oids.commonName, text: 'foreign authority' }],
      issuer: upper?.certificate.subject ?? null,
      notBeforeMs: nowMs - 60_000,
      notAfterMs: nowMs + 60_000,
      publicKey,
      issuerPublicKey: upper?.publicKey ?? publicKey,
      authority: { pathLength },
      keyUsage: ['keyCertSign'],
      extendedKeyUsage: [],
      uriSans: [],
      extensions: [],
    },
    upper?.privateKey ?? privateKey,
  );
  const parents = upper === null ? [] : [upper.certificate];
  return { trustDomain: 'shop.local', certificate: readCertificate(der), privateKey, publicKey, parents };
}

describe('verifyPinnedChain', () => {
  const chain = [leafDer, issuerDer, rootDer];

  it('gives the root of a chain that ends in the pinned one', () => {
    expect(verifyPinnedChain(chain, pin, nowMs)).toEqual({ ok: true, root: rootDer });
    expect(verifyPinnedChain(chain, pin.toUpperCase(), nowMs).ok).toBe(true);
  });

  it('takes the chain that issueLeaf gives out with its root', () => {
    const { chainPem } = issueLeaf({
      issuer: mesh.issuer,
      publicKey: generateKeyPair().publicKey,
      id: mesh.id('cart'),
      nowMs,
      includeRoot: true,
    });
    expect(verifyPinnedChain(fromPem('CERTIFICATE', chainPem), pin, nowMs).ok).toBe(true);
  });

  it('takes the issuer that all wrong ones are made from', () => {
    const { leaf, der } = misissuedAuthority(mesh.root, {});
    expect(verifyPinnedChain([leaf, der, rootDer], pin, nowMs)).toMatchObject({ ok: true });
  });

  it('takes an authority between issuer and root, as a root of others may want it', () => {
    const middle = createForeignAuthority(mesh.root, 1);
    const { leaf, der } = misissuedAuthority(middle, {});
    expect(verifyPinnedChain([leaf, der, middle.certificate.der, rootDer], pin, nowMs)).toMatchObject({ ok: true });
  });

  const other = createTestMesh('shop.local', nowMs);
  const noCa = misissuedAuthority(mesh.root, { authority: null });
  const noCertSign = misissuedAuthority(mesh.root, { keyUsage: ['cRLSign'] });
  const expired = misissuedAuthority(mesh.root, { notAfterMs: nowMs - 2000 });
  const early = misissuedAuthority(mesh.root, { notBeforeMs: nowMs + 10_000 });
  const proper = misissuedAuthority(mesh.root, {});
  const odd = withUnknownCritical(proper.der, mesh.root.privateKey);
  const tooDeep = misissuedAuthority(mesh.issuer, {});

  it.each<[string, Uint8Array[], RegExp]>([
    ['no chain', [], /a chain of 0 certificates/],
    ['the root alone', [rootDer], /a chain of 1 certificates/],
    ['twenty certificates', Array.from({ length: 20 }, () => rootDer), /a chain of 20 certificates/],
    ['a chain without its root', [leafDer, issuerDer], /pinned is/],
    [
      'another mesh’s chain',
      [other.identity('cart').der, other.issuer.certificate.der, other.root.certificate.der],
      /pinned is/,
    ],
    [
      'another mesh’s chain with our root put behind it',
      [other.identity('cart').der, other.issuer.certificate.der, rootDer],
      /names another issuer/,
    ],
    ['another mesh’s leaf', [other.identity('cart').der, issuerDer, rootDer], /names another issuer/],
    ['a leaf directly under the root that the issuer signed', [leafDer, rootDer], /names another issuer/],
    ['a leaf with one bit changed', [withLastByteChanged(leafDer), issuerDer, rootDer], /signature/],
    ['an issuer with one bit changed', [leafDer, withLastByteChanged(issuerDer), rootDer], /signature/],
    ['an issuer without the CA bit', [noCa.leaf, noCa.der, rootDer], /not an authority/],
    ['an issuer without keyCertSign', [noCertSign.leaf, noCertSign.der, rootDer], /not an authority/],
    ['an issuer that has expired', [expired.leaf, expired.der, rootDer], /certificate 2 of 3: the certificate expired/],
    [
      'an authority below an issuer that may have none',
      [tooDeep.leaf, tooDeep.der, issuerDer, rootDer],
      /fewer authorities/,
    ],
    ['an issuer that has not begun', [early.leaf, early.der, rootDer], /2 of 3: .* not valid before/],
    [
      'an issuer with a critical extension of unknown meaning',
      [proper.leaf, odd, rootDer],
      /critical extension 1\.2\.3/,
    ],
    ['what is no certificate', [Buffer.from('hello'), issuerDer, rootDer], /not a certificate/],
    ['a leaf of 200 KB', [Buffer.alloc(200_000, 0x30), issuerDer, rootDer], /at most/],
  ])('refuses %s', (_, ders, reason) => {
    expect(verifyPinnedChain(ders, pin, nowMs)).toEqual({ ok: false, reason: expect.stringMatching(reason) });
  });

  it('refuses a chain whose leaf has expired', () => {
    const lateMs = nowMs + 30 * 24 * 3_600_000;
    const reason = expect.stringMatching(/1 of 3: the certificate expired/);
    expect(verifyPinnedChain(chain, pin, lateMs)).toEqual({ ok: false, reason });
  });

  it('refuses a leaf that names another algorithm than the one that all of the mesh signs with', () => {
    const ecdsaWithSha256 = Buffer.from('06082a8648ce3d040302', 'hex');
    const ecdsaWithSha384 = Buffer.from('06082a8648ce3d040303', 'hex');
    const tbs = Buffer.from(readCertificate(leafDer).tbs);
    ecdsaWithSha384.copy(tbs, tbs.indexOf(ecdsaWithSha256));
    const signature = sign('sha256', tbs, { key: mesh.issuer.privateKey, dsaEncoding: 'der' });
    const algorithm = der.sequence(der.encoded(ecdsaWithSha384));
    const leaf = der.encodeDer(der.sequence(der.encoded(tbs), algorithm, der.bitString(signature)));
    const reason = expect.stringContaining('instead of ecdsa-with-SHA256');
    expect(verifyPinnedChain([leaf, issuerDer, rootDer], pin, nowMs)).toEqual({ ok: false, reason });
  });

  it('refuses everything when what is pinned is no fingerprint', () => {
    expect(verifyPinnedChain(chain, '', nowMs).ok).toBe(false);
  });
});

function withLastByteChanged(der: Buffer): Buffer {
  const changed = Buffer.from(der);
  changed.writeUInt8(changed.readUInt8(der.length - 1) ^ 1, der.length - 1);
  return changed;
}
