import type { KeyObject } from 'node:crypto';
import type { Authority, LeafRequest } from '../authority.ts';
import { createIssuer, createRoot, issueLeaf } from '../authority.ts';
import type { CertificateContent } from '../certificate-writer.ts';
import { randomSerial, writeCertificate } from '../certificate-writer.ts';
import { generateKeyPair, privateKeyToPem } from '../key-pair.ts';
import { oids } from '../object-identifier.ts';
import { fromPem, toPem } from '../pem.ts';
import type { SpiffeId } from '../spiffe-id.ts';
import { spiffeId } from '../spiffe-id.ts';

/** What one end of a TLS connection needs: `key` and `cert` as Node's TLS takes them, and the leaf's DER. */
export interface TestIdentity {
  readonly key: string;
  readonly cert: string;
  readonly der: Buffer;
}

/** A root, an issuer and what it takes to trust them, for tests. */
export interface TestMesh {
  readonly root: Authority;
  readonly issuer: Authority;
  readonly bundlePem: string;
  id(serviceAccount: string): SpiffeId;
  /** A proper leaf for a service account of namespace `default`. */
  identity(serviceAccount: string, options?: Partial<LeafRequest>): TestIdentity;
  /** A leaf that our authority would never issue: proper but for what `wrong` says. */
  misissued(wrong: Partial<CertificateContent>): TestIdentity;
}

/** The keys of all test leaves: what is in a certificate matters to the tests, not who holds its key. */
const leafKeys = generateKeyPair();

export function createTestMesh(trustDomain = 'shop.local', nowMs = Date.now()): TestMesh {
  const root = createRoot({ trustDomain, nowMs });
  const issuer = createIssuer(root, { nowMs });
  const id = (serviceAccount: string) => spiffeId({ trustDomain, namespace: 'default', serviceAccount });
  return {
    root,
    issuer,
    bundlePem: toPem('CERTIFICATE', root.certificate.der),
    id,
    identity(serviceAccount, options) {
      const { chainPem } = issueLeaf({
        issuer,
        publicKey: leafKeys.publicKey,
        id: id(serviceAccount),
        nowMs,
        ...options,
      });
      return identityOf(chainPem, leafKeys.privateKey);
    },
    misissued(wrong) {
      const der = writeCertificate({ ...properLeaf(issuer, id('cart'), nowMs), ...wrong }, issuer.privateKey);
      const chainPem = toPem('CERTIFICATE', der) + toPem('CERTIFICATE', issuer.certificate.der);
      return identityOf(chainPem, leafKeys.privateKey);
    },
  };
}

function identityOf(chainPem: string, privateKey: KeyObject): TestIdentity {
  return { key: privateKeyToPem(privateKey), cert: chainPem, der: fromPem('CERTIFICATE', chainPem)[0] as Buffer };
}

function properLeaf(issuer: Authority, id: SpiffeId, nowMs: number): CertificateContent {
  const hourMs = 3_600_000;
  return {
    serial: randomSerial(),
    subject: [],
    issuer: issuer.certificate.subject,
    notBeforeMs: nowMs - hourMs,
    notAfterMs: nowMs + hourMs,
    publicKey: leafKeys.publicKey,
    issuerPublicKey: issuer.publicKey,
    authority: null,
    keyUsage: ['digitalSignature'],
    extendedKeyUsage: [oids.serverAuth, oids.clientAuth],
    uriSans: [id],
    extensions: [],
  };
}
