import type { KeyObject } from 'node:crypto';
import type { Certificate } from './certificate.ts';
import { readCertificate } from './certificate.ts';
import type { ExtraExtension } from './certificate-writer.ts';
import { randomSerial, writeCertificate } from './certificate-writer.ts';
import { brokenLink } from './chain.ts';
import { generateKeyPair, privateKeyFromPem, privateKeyToPem, spkiOf } from './key-pair.ts';
import { oids } from './object-identifier.ts';
import { fromPem, toPem } from './pem.ts';
import type { SpiffeId } from './spiffe-id.ts';
import { parseTrustDomainUri, trustDomainOf, trustDomainUri } from './spiffe-id.ts';

/** A certificate that may sign others, its key, and the certificates above it. */
export interface Authority {
  readonly trustDomain: string;
  readonly certificate: Certificate;
  readonly privateKey: KeyObject;
  readonly publicKey: KeyObject;
  /** From the certificate directly above up to the root; empty for a root. */
  readonly parents: readonly Certificate[];
}

/** An authority as files hold it. The caller writes the key with mode 0600. */
export interface AuthorityPem {
  /** The authority's own certificate first, the root last. */
  readonly certificatePem: string;
  readonly privateKeyPem: string;
}

/** The authority cannot be loaded, or cannot issue what was asked of it. */
export class AuthorityError extends Error {
  override readonly name = 'AuthorityError';
}

const dayMs = 24 * 60 * 60 * 1000;
const defaultRootValidityMs = 3650 * dayMs;
/** Thirty years: room for any policy, and still a year of four digits. */
const maxAuthorityValidityMs = 3 * defaultRootValidityMs;
const defaultIssuerValidityMs = 365 * dayMs;
export const defaultLeafTtlMs = dayMs;
export const maxLeafTtlMs = 90 * dayMs;

/** Certificates begin this much in the past, so that peers whose clocks are behind accept them at once. */
export const backdateMs = 5 * 60 * 1000;

export interface AuthorityValidity {
  readonly nowMs?: number;
  readonly validityMs?: number;
}

/**
 * A new root for a trust domain, valid for ten years unless told otherwise. Each root has a name of its own, so
 * that during rotation a chain never seems to fit under the other one.
 */
export function createRoot(options: AuthorityValidity & { readonly trustDomain: string }): Authority {
  const { trustDomain, nowMs = Date.now(), validityMs = defaultRootValidityMs } = options;
  const { privateKey, publicKey } = generateKeyPair();
  const serial = randomSerial();
  const der = writeCertificate(
    {
      serial,
      subject: authorityName('Heddle root', serial),
      issuer: null,
      notBeforeMs: nowMs - backdateMs,
      notAfterMs: endOf(nowMs, validityMs),
      publicKey,
      issuerPublicKey: publicKey,
      authority: { pathLength: null },
      keyUsage: ['keyCertSign', 'cRLSign'],
      extendedKeyUsage: [],
      uriSans: [trustDomainUri(trustDomain)],
      extensions: [],
    },
    privateKey,
  );
  return { trustDomain, certificate: readCertificate(der), privateKey, publicKey, parents: [] };
}

/**
 * A new issuing authority under a root, valid for a year or as long as the root, whichever ends first. It signs
 * leaves and no further authorities, so that the root's key can be kept away from the running control plane.
 */
export function createIssuer(root: Authority, options: AuthorityValidity = {}): Authority {
  const { nowMs = Date.now(), validityMs = defaultIssuerValidityMs } = options;
  refuseExpired(root, nowMs);
  const { privateKey, publicKey } = generateKeyPair();
  const serial = randomSerial();
  const der = writeCertificate(
    {
      serial,
      subject: authorityName('Heddle issuer', serial),
      issuer: root.certificate.subject,
      notBeforeMs: Math.max(nowMs - backdateMs, root.certificate.notBeforeMs),
      notAfterMs: Math.min(endOf(nowMs, validityMs), root.certificate.notAfterMs),
      publicKey,
      issuerPublicKey: root.publicKey,
      authority: { pathLength: 0 },
      keyUsage: ['keyCertSign', 'cRLSign'],
      extendedKeyUsage: [],
      uriSans: [trustDomainUri(root.trustDomain)],
      extensions: [],
    },
    root.privateKey,
  );
  const parents = [root.certificate, ...root.parents];
  return { trustDomain: root.trustDomain, certificate: readCertificate(der), privateKey, publicKey, parents };
}

export interface LeafRequest {
  readonly issuer: Authority;
  /** From a verified signing request, or from a key of our own. */
  readonly publicKey: KeyObject;
  /** Decided by who the authenticated caller is, never by the request. */
  readonly id: SpiffeId;
  /** Default 24 h, at most 90 days; the leaf ends earlier where its issuer does. */
  readonly ttlMs?: number;
  readonly nowMs?: number;
  readonly extensions?: readonly ExtraExtension[];
  /** Puts the root at the end of the chain, for peers who know only the root's fingerprint. Default false. */
  readonly includeRoot?: boolean;
}

export interface IssuedLeaf {
  readonly certificatePem: string;
  /** Leaf, issuer and, where asked, root: what a TLS server or client presents. */
  readonly chainPem: string;
  readonly issuedAtMs: number;
  readonly expiresAtMs: number;
  readonly serialHex: string;
}

/**
 * Issues an X.509-SVID: empty subject, one critical URI name, usable as server and as client.
 *
 * Throws {@link AuthorityError} when the id belongs to another trust domain, the lifetime is out of bounds, or
 * the issuer has expired; `InvalidKeyError` when the key is not on P-256.
 */
export function issueLeaf(request: LeafRequest): IssuedLeaf {
  const { issuer, publicKey, id, ttlMs = defaultLeafTtlMs, nowMs = Date.now(), extensions = [] } = request;
  refuseExpired(issuer, nowMs);
  if (trustDomainOf(id) !== issuer.trustDomain) {
    throw new AuthorityError(`${id} is not in trust domain ${issuer.trustDomain}`);
  }
  if (!(ttlMs > 0 && ttlMs <= maxLeafTtlMs)) {
    throw new AuthorityError(`a lifetime of ${ttlMs} ms; leaves live up to ${maxLeafTtlMs} ms (90 days)`);
  }
  const der = writeCertificate(
    {
      serial: randomSerial(),
      subject: [],
      issuer: issuer.certificate.subject,
      notBeforeMs: Math.max(nowMs - backdateMs, issuer.certificate.notBeforeMs),
      notAfterMs: Math.min(nowMs + ttlMs, issuer.certificate.notAfterMs),
      publicKey,
      issuerPublicKey: issuer.publicKey,
      authority: null,
      keyUsage: ['digitalSignature'],
      extendedKeyUsage: [oids.serverAuth, oids.clientAuth],
      uriSans: [id],
      extensions,
    },
    issuer.privateKey,
  );
  const certificate = readCertificate(der);
  const certificatePem = toPem('CERTIFICATE', der);
  const authorities = [issuer.certificate, ...issuer.parents];
  const presented = request.includeRoot === true ? authorities : authorities.slice(0, -1);
  return {
    certificatePem,
    chainPem: certificatePem + presented.map((authority) => toPem('CERTIFICATE', authority.der)).join(''),
    issuedAtMs: nowMs,
    expiresAtMs: certificate.notAfterMs,
    serialHex: certificate.serialHex,
  };
}

export function authorityToPem(authority: Authority): AuthorityPem {
  const chain = [authority.certificate, ...authority.parents];
  return {
    certificatePem: chain.map((certificate) => toPem('CERTIFICATE', certificate.der)).join(''),
    privateKeyPem: privateKeyToPem(authority.privateKey),
  };
}

/**
 * Loads an authority, and makes sure that key, certificate and chain belong together, so that a mixed-up file
 * shows at start and not at the first handshake. An expired one is loaded: what to do then is the caller's choice.
 *
 * Throws {@link AuthorityError}, or the error of the part that cannot be read.
 */
export function authorityFromPem({ certificatePem, privateKeyPem }: AuthorityPem): Authority {
  const { privateKey, publicKey } = privateKeyFromPem(privateKeyPem);
  const [certificate, ...parents] = fromPem('CERTIFICATE', certificatePem).map(readCertificate) as [
    Certificate, // fromPem returns at least one
    ...Certificate[],
  ];
  if (!certificate.spki.equals(spkiOf(publicKey))) {
    throw new AuthorityError('the private key does not belong to the certificate');
  }
  const chain = [certificate, ...parents];
  for (const [height, lower] of chain.entries()) {
    const reason = brokenLink(lower, chain[height + 1] ?? lower, 0);
    if (reason !== null) {
      throw new AuthorityError(`certificate ${height + 1} of the authority's chain: ${reason}`);
    }
  }
  return { trustDomain: trustDomainOfAuthority(certificate), certificate, privateKey, publicKey, parents };
}

function trustDomainOfAuthority({ uriSans, isCa }: Certificate): string {
  const [uri, ...others] = uriSans;
  if (!isCa || uri === undefined || others.length > 0) {
    throw new AuthorityError('the certificate is not the authority of exactly one trust domain');
  }
  return parseTrustDomainUri(uri);
}

function authorityName(commonName: string, serial: Buffer): { oid: string; text: string }[] {
  return [
    { oid: oids.organizationName, text: 'Heddle' },
    { oid: oids.commonName, text: commonName },
    { oid: oids.serialNumberAttribute, text: serial.toString('hex') },
  ];
}

function endOf(nowMs: number, validityMs: number): number {
  if (!(validityMs > 0 && validityMs <= maxAuthorityValidityMs)) {
    throw new AuthorityError(`a validity of ${validityMs} ms; authorities live up to ${maxAuthorityValidityMs} ms`);
  }
  return nowMs + validityMs;
}

function refuseExpired({ certificate }: Authority, nowMs: number): void {
  if (nowMs > certificate.notAfterMs) {
    throw new AuthorityError(`the authority expired at ${new Date(certificate.notAfterMs).toISOString()}`);
  }
}
