import { verify } from 'node:crypto';
import type { Certificate } from './certificate.ts';
import { outsideValidity } from './certificate.ts';
import { publicKeyFromSpki } from './key-pair.ts';
import { oids } from './object-identifier.ts';

/**
 * Why a certificate does not belong under the one above it, or null when it does: names, signature, and whether
 * the upper one is an authority that may sign at this height. Times are not looked at.
 *
 * `authoritiesBetween` counts the authorities between the upper certificate and the leaf.
 *
 * Source: RFC 5280, section 6.1, for the one kind of chain that we make: P-256 and SHA-256 throughout.
 */
export function brokenLink(lower: Certificate, upper: Certificate, authoritiesBetween: number): string | null {
  if (!lower.issuer.equals(upper.subject)) {
    return 'it names another issuer than the certificate above it';
  }
  if (!upper.isCa || !upper.keyUsage?.has('keyCertSign')) {
    return 'the certificate above it is not an authority';
  }
  if (upper.pathLength !== null && authoritiesBetween > upper.pathLength) {
    return 'the authority above it allows fewer authorities below itself';
  }
  if (upper.unknownCriticalExtensions.length > 0) {
    return `the authority above it has critical extension ${upper.unknownCriticalExtensions[0]}, which is not understood`;
  }
  if (lower.signatureAlgorithm !== oids.ecdsaWithSha256) {
    return `it is signed with ${lower.signatureAlgorithm} instead of ecdsa-with-SHA256`;
  }
  return isSignedBy(lower, upper) ? null : 'its signature is not by the certificate above it';
}

/**
 * Why a chain, leaf first and root last, does not hold together now, or null when it does. The root vouches for
 * itself: that it is one to be trusted is for the caller to know.
 */
export function brokenChain(chain: readonly Certificate[], nowMs: number): string | null {
  for (const [height, certificate] of chain.entries()) {
    const upper = chain[height + 1] ?? certificate;
    // A root stands above height - 1 authorities, just as the link below it does.
    const authoritiesBetween = upper === certificate ? height - 1 : height;
    const reason = outsideValidity(certificate, nowMs) ?? brokenLink(certificate, upper, authoritiesBetween);
    if (reason !== null) {
      return `certificate ${height + 1} of ${chain.length}: ${reason}`;
    }
  }
  return null;
}

function isSignedBy(lower: Certificate, upper: Certificate): boolean {
  try {
    return verify('sha256', lower.tbs, { key: publicKeyFromSpki(upper.spki), dsaEncoding: 'der' }, lower.signature);
  } catch {
    return false; // a key that is not on P-256 has signed nothing of ours
  }
}
