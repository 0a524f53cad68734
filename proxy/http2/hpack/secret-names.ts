/** Beyond as many, and for longer ones, a peer's word is no longer kept: nobody sends so many credentials. */
const MAX_NAMES = 64;
const MAX_NAME_LENGTH = 128;

/**
 * Names of fields that some peer has sent as never to be indexed, in this whole process. Whoever forwards such a field must
 * not index it either (RFC 7541 section 6.2.3); since heads travel as text, what is remembered is the name.
 */
class SecretNames {
  /** Grows with every name, so that an encoder can tell that it has to look again. */
  generation = 0;
  readonly #names = new Set<string>();

  add(name: string): void {
    if (this.#names.has(name) || this.#names.size >= MAX_NAMES || name.length > MAX_NAME_LENGTH) return;
    this.#names.add(name);
    this.generation++;
  }

  has(name: string): boolean {
    return this.#names.has(name);
  }
}

export const secretNames = new SecretNames();
