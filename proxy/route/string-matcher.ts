/** How a text is compared: the whole of it, its beginning, its end, or anywhere inside. */
export type StringMatchKind = 'exact' | 'prefix' | 'suffix' | 'contains';

/** A condition on a text. */
export interface TextCondition {
  /** The only text that fits, where there is one. */
  readonly only?: string | null;
  /** Of a longer text nobody knows whether it fits, and `matches` says no. None where there is no bound. */
  readonly maxLength?: number;
  matches(text: string): boolean;
}

/**
 * Compares a text with one fixed value; an empty value fits every text except under `exact`.
 *
 * Source: Envoy `type.matcher.v3.StringMatcher`.
 */
export class StringMatcher implements TextCondition {
  readonly #kind: StringMatchKind;
  readonly #value: string;
  readonly #ignoreCase: boolean;

  /** `ignoreCase` makes ASCII letters equal to their other case; other letters are compared as they are. */
  constructor(kind: StringMatchKind, value: string, ignoreCase = false) {
    this.#kind = kind;
    this.#value = ignoreCase ? asciiLowerCase(value) : value;
    this.#ignoreCase = ignoreCase;
  }

  get only(): string | null {
    return this.#kind === 'exact' && !this.#ignoreCase ? this.#value : null;
  }

  matches(text: string): boolean {
    const compared = this.#ignoreCase ? asciiLowerCase(text) : text;
    switch (this.#kind) {
      case 'exact':
        return compared === this.#value;
      case 'prefix':
        return compared.startsWith(this.#value);
      case 'suffix':
        return compared.endsWith(this.#value);
      case 'contains':
        return compared.includes(this.#value);
    }
  }
}

/** `toLowerCase` would also change letters beyond ASCII, some of them (U+212A, the Kelvin sign) into ASCII ones. */
export function asciiLowerCase(text: string): string {
  return text.replace(/[A-Z]+/g, (letters) => letters.toLowerCase());
}
