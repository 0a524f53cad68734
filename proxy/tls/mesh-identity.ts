import type { SecureContext } from 'node:tls';
import { createSecureContext } from 'node:tls';
import type { SpiffeId } from '../../certs/spiffe-id.ts';
import { validateSvid } from '../../certs/svid.ts';
import { tlsCiphers } from '../../certs/tls-ciphers.ts';

/** Who this sidecar is and whom it believes: leaf, key and roots, as issued and renewed by the control plane. */
export interface MeshIdentity {
  readonly id: SpiffeId;
  readonly trustDomain: string;
  /** Leaf first, then the issuing authority. */
  readonly certificateChainPem: string;
  readonly privateKeyPem: string;
  /** All trusted roots, one PEM block after another. */
  readonly trustBundlePem: string;
  readonly expiresAtMs: number;
}

/** A peer whose certificate was checked. */
export interface VerifiedPeer {
  readonly id: SpiffeId;
  readonly expiresAtMs: number;
}

/**
 * The present identity and the TLS context made from it. A renewal replaces both: new connections use the new ones,
 * open connections stay as they are, so that renewing costs nobody a request.
 */
export class IdentityHolder {
  readonly #now: () => number;
  readonly #listeners = new Set<(identity: MeshIdentity) => void>();
  #current: MeshIdentity | null = null;
  #clientContext: SecureContext | null = null;

  /** `now` is wall-clock time in milliseconds. */
  constructor(now: () => number = Date.now) {
    this.#now = now;
  }

  get current(): MeshIdentity | null {
    return this.#current;
  }

  /** Replaces the identity. Throws when key and certificate do not fit, and keeps the old one. */
  set(identity: MeshIdentity): void {
    this.#clientContext = createSecureContext(secureContextOptions(identity));
    this.#current = identity;
    for (const listener of this.#listeners) listener(identity);
  }

  /** Calls `listener` after each replacement; returns how to end that. */
  onChange(listener: (identity: MeshIdentity) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** The context for dialling; null before the first identity and once the leaf has expired. */
  clientContext(): SecureContext | null {
    return this.isUsable() ? this.#clientContext : null;
  }

  /** Has a leaf that is still valid: an expired one is never presented. */
  isUsable(): boolean {
    return this.#current !== null && this.#current.expiresAtMs > this.#now();
  }

  /** Checks a peer's leaf by the SPIFFE rules; TLS has verified the chain before. */
  verifyPeer(der: Uint8Array): VerifiedPeer | { readonly reason: string } {
    if (this.#current === null) return { reason: 'this sidecar has no identity yet' };
    const result = validateSvid(der, { trustDomains: this.#current.trustDomain, nowMs: this.#now() });
    return result.ok ? { id: result.id, expiresAtMs: result.expiresAtMs } : { reason: result.reason };
  }
}

/** TLS 1.3 only, our leaf, our roots: the same towards clients and servers of the mesh. */
export function secureContextOptions(identity: MeshIdentity): {
  readonly key: string;
  readonly cert: string;
  readonly ca: string;
  readonly minVersion: 'TLSv1.3';
  readonly maxVersion: 'TLSv1.3';
  readonly ciphers: string;
} {
  return {
    key: identity.privateKeyPem,
    cert: identity.certificateChainPem,
    ca: identity.trustBundlePem,
    minVersion: 'TLSv1.3',
    maxVersion: 'TLSv1.3',
    ciphers: tlsCiphers,
  };
}
