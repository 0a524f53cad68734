import type { Certificate } from './certificate.ts';
import { InvalidCertificateError, outsideValidity, readCertificate } from './certificate.ts';
import { oids } from './object-identifier.ts';
import type { SpiffeId } from './spiffe-id.ts';
import { InvalidSpiffeIdError, parseSpiffeId, trustDomainOf } from './spiffe-id.ts';

export interface SvidExpectation {
  /** Our trust domain, or ours and the federated ones. An empty set trusts nobody. */
  readonly trustDomains: string | ReadonlySet<string>;
  readonly nowMs: number;
}

export type SvidResult =
  | { readonly ok: true; readonly id: SpiffeId; readonly expiresAtMs: number }
  | { readonly ok: false; readonly reason: string };

/**
 * Whether a leaf certificate is a SPIFFE X.509-SVID that may authenticate its holder now, and as whom.
 *
 * To be asked at both ends of every handshake, after TLS has verified the chain and in addition to it: TLS
 * libraries check none of these rules (Node's `rejectUnauthorized` passed 13 of 13 certificates that break
 * them). The chain itself is not looked at here. Where several trust domains are trusted, the caller also makes
 * sure that the chain ended in a root of this id's own trust domain.
 *
 * Never throws for any bytes; the reason says which rule was broken and is safe to log.
 *
 * Source: SPIFFE X509-SVID specification, sections 2 to 5.
 */
export function validateSvid(der: Uint8Array, { trustDomains, nowMs }: SvidExpectation): SvidResult {
  let certificate: Certificate;
  let id: SpiffeId;
  try {
    certificate = readCertificate(der);
    const [uri, ...others] = certificate.uriSans;
    if (uri === undefined || others.length > 0) {
      return refused(`the certificate has ${certificate.uriSans.length} URI names instead of exactly one`);
    }
    id = parseSpiffeId(uri);
  } catch (error) {
    if (error instanceof InvalidCertificateError || error instanceof InvalidSpiffeIdError) {
      return refused(error.message);
    }
    throw error;
  }
  const trustDomain = trustDomainOf(id);
  if (typeof trustDomains === 'string' ? trustDomain !== trustDomains : !trustDomains.has(trustDomain)) {
    return refused(`trust domain ${trustDomain} is neither ours nor federated`);
  }
  const reason = brokenLeafRule(certificate) ?? outsideValidity(certificate, nowMs);
  return reason === null ? { ok: true, id, expiresAtMs: certificate.notAfterMs } : refused(reason);
}

export type IdentityResult = { readonly ok: true } | { readonly ok: false; readonly reason: string };

/** Whether a verified id is one of those expected of this peer. With nothing expected nobody is let through. */
export function expectIdentity(id: SpiffeId, expected: readonly string[]): IdentityResult {
  return expected.includes(id)
    ? { ok: true }
    : { ok: false, reason: `the peer is ${id}, expected ${expected.join(' or ') || 'nobody'}` };
}

function brokenLeafRule(certificate: Certificate): string | null {
  const { keyUsage, extendedKeyUsage } = certificate;
  if (certificate.isCa) {
    return 'the certificate is an authority, which must not authenticate';
  }
  if (keyUsage === null || !certificate.isCritical(oids.keyUsage)) {
    return 'keyUsage is missing or not critical';
  }
  if (!keyUsage.has('digitalSignature')) {
    return 'keyUsage lacks digitalSignature';
  }
  if (keyUsage.has('keyCertSign') || keyUsage.has('cRLSign')) {
    return 'keyUsage has keyCertSign or cRLSign, which only authorities may have';
  }
  if (
    extendedKeyUsage !== null &&
    !(extendedKeyUsage.includes(oids.serverAuth) && extendedKeyUsage.includes(oids.clientAuth))
  ) {
    return 'extKeyUsage lacks serverAuth or clientAuth';
  }
  if (certificate.unknownCriticalExtensions.length > 0) {
    return `critical extension ${certificate.unknownCriticalExtensions[0]} is not understood`;
  }
  return null;
}

function refused(reason: string): SvidResult {
  return { ok: false, reason };
}
