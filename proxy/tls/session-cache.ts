import type { Buffer } from 'node:buffer';
import type { VerifiedPeer } from './mesh-identity.ts';

interface StoredSession<Peer> {
  readonly session: Buffer;
  readonly peer: Peer;
}

/** Sessions with what is outside the mesh, where a name is verified and no identity. */
export type OriginSessions = SessionCache<Pick<VerifiedPeer, 'expiresAtMs'>>;

/** One session per endpoint is enough: a pool seldom opens two connections at once. */
const MAX_SESSIONS = 1000;

/**
 * TLS sessions to resume, each with the identity that was verified when it began.
 *
 * A resuming client is shown no certificate, so a session may only be used where the very same identities are
 * expected, and not beyond the end of the certificate that was checked. Keys join endpoint and expected identities.
 * Everything is dropped when our identity or the trust bundle changes.
 */
export class SessionCache<Peer extends { readonly expiresAtMs: number } = VerifiedPeer> {
  readonly #sessions = new Map<string, StoredSession<Peer>>();
  readonly #now: () => number;

  constructor(now: () => number = Date.now) {
    this.#now = now;
  }

  static key(endpoint: string, sni: string, expectedIdentities: readonly string[]): string {
    return `${endpoint}\n${sni}\n${expectedIdentities.join('\n')}`;
  }

  /** Keeps a session; the oldest goes when there are too many. */
  put(key: string, session: Buffer, peer: Peer): void {
    this.#sessions.delete(key);
    this.#sessions.set(key, { session, peer });
    if (this.#sessions.size > MAX_SESSIONS) {
      const oldest = this.#sessions.keys().next().value;
      if (oldest !== undefined) this.#sessions.delete(oldest);
    }
  }

  get(key: string): StoredSession<Peer> | null {
    const stored = this.#sessions.get(key);
    if (stored === undefined) return null;
    if (stored.peer.expiresAtMs > this.#now()) return stored;
    this.#sessions.delete(key);
    return null;
  }

  clear(): void {
    this.#sessions.clear();
  }
}
