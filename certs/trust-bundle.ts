import { createHash } from 'node:crypto';
import type { Certificate } from './certificate.ts';
import { InvalidCertificateError, readCertificate } from './certificate.ts';
import { brokenChain, brokenLink } from './chain.ts';
import { fromPem, toPem } from './pem.ts';
import { trustDomainUri } from './spiffe-id.ts';

/** A root certificate that is trusted for one trust domain. */
export interface TrustedRoot {
  readonly der: Buffer;
  /** SHA-256 of the DER, 64 lower-case hexadecimal digits: what join tokens carry. */
  readonly fingerprintHex: string;
  readonly notBeforeMs: number;
  readonly notAfterMs: number;
}

/** A bundle was offered that is empty, too large, or has something in it that is not a root. */
export class InvalidTrustBundleError extends Error {
  override readonly name = 'InvalidTrustBundleError';
}

/** Rotation needs two roots at a time; a bundle with more than this is a mistake, and every handshake pays for it. */
const maxRoots = 16;

/** A chain of ours has three certificates; one more authority may come in between. */
const maxChainLength = 4;

/**
 * The roots of one trust domain. It never changes: rotation makes a new bundle, first with the old and the new
 * root, and without the old one when every leaf under it has expired.
 */
export class TrustBundle {
  readonly trustDomain: string;
  readonly roots: readonly TrustedRoot[];
  /** All roots, one PEM block after the other, as TLS libraries take them. */
  readonly pem: string;

  private constructor(trustDomain: string, roots: readonly TrustedRoot[]) {
    this.trustDomain = trustDomain;
    this.roots = Object.freeze(roots);
    this.pem = roots.map((root) => toPem('CERTIFICATE', root.der)).join('');
  }

  /** A root that occurs twice is kept once. Throws {@link InvalidTrustBundleError}, or `InvalidSpiffeIdError`. */
  static fromDer(trustDomain: string, ders: readonly Uint8Array[]): TrustBundle {
    const uri = trustDomainUri(trustDomain);
    const roots = new Map<string, TrustedRoot>();
    for (const der of ders) {
      const root = trustedRoot(der, uri);
      roots.set(root.fingerprintHex, root);
    }
    if (roots.size === 0 || roots.size > maxRoots) {
      throw new InvalidTrustBundleError(`a trust bundle of ${roots.size} roots; it has between 1 and ${maxRoots}`);
    }
    return new TrustBundle(trustDomain, [...roots.values()]);
  }

  /** From PEM with one or more roots. Throws {@link InvalidTrustBundleError} or `InvalidPemError`. */
  static fromPem(trustDomain: string, pem: string): TrustBundle {
    return TrustBundle.fromDer(trustDomain, fromPem('CERTIFICATE', pem));
  }

  contains(der: Uint8Array): boolean {
    const fingerprintHex = rootFingerprint(der);
    return this.roots.some((root) => root.fingerprintHex === fingerprintHex);
  }
}

/** SHA-256 of a certificate's DER in lower-case hexadecimal. */
export function rootFingerprint(der: Uint8Array): string {
  return createHash('sha256').update(der).digest('hex');
}

export type PinnedChainResult =
  | { readonly ok: true; readonly root: Buffer }
  | { readonly ok: false; readonly reason: string };

/**
 * Whether a chain, leaf first, ends in the root whose SHA-256 is pinned, and every link of it holds now.
 *
 * This is how a sidecar that has nothing but a join token knows the control plane: it has no trust bundle yet,
 * so the server sends its root along. Whose leaf it is remains to be asked (`validateSvid`, `expectIdentity`).
 * Never throws for any bytes.
 */
export function verifyPinnedChain(
  chainDer: readonly Uint8Array[],
  pinSha256Hex: string,
  nowMs: number,
): PinnedChainResult {
  const last = chainDer.at(-1);
  if (last === undefined || chainDer.length < 2 || chainDer.length > maxChainLength) {
    return { ok: false, reason: `a chain of ${chainDer.length} certificates; it has between 2 and ${maxChainLength}` };
  }
  const fingerprintHex = rootFingerprint(last);
  if (fingerprintHex !== pinSha256Hex.toLowerCase()) {
    return { ok: false, reason: `the chain ends in ${fingerprintHex}, pinned is ${pinSha256Hex}` };
  }
  try {
    const reason = brokenChain(chainDer.map(readCertificate), nowMs);
    return reason === null ? { ok: true, root: Buffer.from(last) } : { ok: false, reason };
  } catch (error) {
    if (error instanceof InvalidCertificateError) {
      return { ok: false, reason: error.message };
    }
    throw error;
  }
}

function trustedRoot(der: Uint8Array, trustDomain: string): TrustedRoot {
  let certificate: Certificate;
  try {
    certificate = readCertificate(der);
  } catch (cause) {
    throw new InvalidTrustBundleError('the trust bundle has something in it that is not a certificate', { cause });
  }
  const reason = brokenLink(certificate, certificate, 0);
  if (reason !== null) {
    throw new InvalidTrustBundleError('the trust bundle has a certificate in it that is not a root of a P-256 chain');
  }
  // Roots made by others may bear no name of a trust domain; one that does must not vouch for a different one.
  if (certificate.uriSans.some((uri) => uri !== trustDomain)) {
    throw new InvalidTrustBundleError(`the trust bundle of ${trustDomain} has the root of another trust domain in it`);
  }
  return {
    der: Buffer.from(certificate.der),
    fingerprintHex: rootFingerprint(certificate.der),
    notBeforeMs: certificate.notBeforeMs,
    notAfterMs: certificate.notAfterMs,
  };
}
