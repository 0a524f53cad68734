import { generateKeyPair, privateKeyToPem } from '../../certs/key-pair.ts';
import { parseSpiffeId } from '../../certs/spiffe-id.ts';
import { controlPlaneSpiffeId } from '../../proto/names.ts';
import type { CertificateAuthority } from './certificate-authority.ts';

/** What the TLS server presents. The chain ends with the root, so that a sidecar that knows only its hash can pin it. */
export interface ServerIdentity {
  readonly chainPem: string;
  readonly privateKeyPem: string;
  readonly expiresAtMs: number;
}

/** Between attempts after a failure, and at least between any two: a clock that is set must not make this spin. */
const minimumDelayMs = 60_000;

/** Renewals of many replicas spread over 1 % of the lifetime. */
const jitterShare = 0.01;

/**
 * The control plane's own certificate: in memory only, for 24 h, a new key and leaf at half of that. Open connections
 * stay; new ones see the new leaf.
 */
export class ServerCertificate {
  readonly #authority: CertificateAuthority;
  readonly #now: () => number;
  readonly #random: () => number;
  readonly #onRenew: (identity: ServerIdentity) => void;
  readonly #onError: (error: unknown) => void;
  #timer: NodeJS.Timeout | null = null;
  #current: ServerIdentity;

  constructor(options: {
    readonly authority: CertificateAuthority;
    /** Gets each later certificate; the first is {@link current}. */
    readonly onRenew: (identity: ServerIdentity) => void;
    /** Told of a renewal that failed; the next attempt is a minute later. */
    readonly onError: (error: unknown) => void;
    readonly now?: () => number;
    readonly random?: () => number;
  }) {
    this.#authority = options.authority;
    this.#onRenew = options.onRenew;
    this.#onError = options.onError;
    this.#now = options.now ?? Date.now;
    this.#random = options.random ?? Math.random;
    this.#current = this.#issue();
    this.#schedule((this.#current.expiresAtMs - this.#now()) / 2);
  }

  current(): ServerIdentity {
    return this.#current;
  }

  close(): void {
    clearTimeout(this.#timer ?? undefined);
  }

  #renew(): void {
    try {
      this.#current = this.#issue();
      this.#onRenew(this.#current);
      this.#schedule((this.#current.expiresAtMs - this.#now()) / 2);
    } catch (error) {
      this.#onError(error);
      this.#schedule(minimumDelayMs);
    }
  }

  #schedule(delayMs: number): void {
    const jittered = delayMs * (1 - jitterShare * this.#random());
    this.#timer = setTimeout(() => this.#renew(), Math.max(minimumDelayMs, jittered));
    this.#timer.unref();
  }

  #issue(): ServerIdentity {
    const { privateKey, publicKey } = generateKeyPair();
    const id = parseSpiffeId(controlPlaneSpiffeId(this.#authority.trustDomain));
    const leaf = this.#authority.issue({ publicKey, id, grant: null }, { includeRoot: true });
    return { chainPem: leaf.chainPem, privateKeyPem: privateKeyToPem(privateKey), expiresAtMs: leaf.expiresAtMs };
  }
}
