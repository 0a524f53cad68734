import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';

/** An admin token: 256 random bits. The prefix lets secret scanners and people tell what it is. */
export function newAdminToken(): string {
  return `heddle-admin-${randomBytes(32).toString('base64url')}`;
}

/** What is kept of a token. A fast hash will do: nobody guesses 256 random bits. */
export function adminTokenHash(token: string): Buffer {
  return createHash('sha256').update(token).digest();
}

/** The tokens that may do everything. Only their SHA-256 is here. */
export class AdminTokens {
  readonly #hashes: readonly Buffer[];

  /** @throws RangeError for what is no SHA-256 */
  constructor(hashes: readonly Buffer[]) {
    if (hashes.some(({ length }) => length !== 32)) throw new RangeError('a SHA-256 has 32 bytes');
    this.#hashes = hashes;
  }

  /** Takes as long for a wrong token as for a right one, whichever of them it is like. */
  includes(token: string): boolean {
    const hash = adminTokenHash(token);
    let isKnown = false;
    for (const known of this.#hashes) isKnown = timingSafeEqual(known, hash) || isKnown;
    return isKnown;
  }
}
