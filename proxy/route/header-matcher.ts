import type { RequestHead } from '../message-head.ts';
import { headerValues } from '../message-head.ts';
import type { TextCondition } from './string-matcher.ts';

/** What the value of a header must be: there, not there, a text or pattern that it fits, or an integer in `[start, end)`. */
export type HeaderCondition =
  | { readonly kind: 'present' }
  | { readonly kind: 'absent' }
  | { readonly kind: 'string'; readonly matcher: TextCondition }
  | { readonly kind: 'range'; readonly start: number; readonly end: number };

/**
 * A condition on one header, or on one of `:method`, `:path` (with query), `:authority` and `:scheme`.
 *
 * A header that was sent several times is compared as one value, joined by `, ` in the order received (RFC 9110 section
 * 5.3): `accept: a` and `accept: b` equal `a, b`, and neither `a` nor `b`.
 *
 * A header that is not there fits `absent` alone. It fails every comparison, inverted or not, unless missing counts as
 * empty.
 *
 * Source: Envoy `HeaderMatcher`; Gateway API `HTTPHeaderMatch`.
 */
export class HeaderMatcher {
  readonly #name: string;
  readonly #condition: HeaderCondition;
  readonly #invert: boolean;
  readonly #missingIsEmpty: boolean;

  /** `name` in any case. `invert` turns the answer round (`invert_match`). */
  constructor(name: string, condition: HeaderCondition, invert = false, missingIsEmpty = false) {
    this.#name = name.toLowerCase();
    this.#condition = condition;
    this.#invert = invert;
    this.#missingIsEmpty = missingIsEmpty;
  }

  /** The one value that fits; null where it is not one text. For those who look conditions up instead of trying them. */
  get wantedValue(): { readonly name: string; readonly value: string } | null {
    const condition = this.#condition;
    const value = condition.kind === 'string' ? (condition.matcher.only ?? null) : null;
    return value === null || this.#invert || this.#missingIsEmpty ? null : { name: this.#name, value };
  }

  /** Whether the value is too long for the pattern that it is compared with: nobody knows whether it fits. */
  isUnknown(head: RequestHead): boolean {
    return (headerIn(head, this.#name)?.length ?? 0) > this.maxLength;
  }

  /** Characters of the longest value that is compared. */
  get maxLength(): number {
    const condition = this.#condition;
    return condition.kind === 'string'
      ? (condition.matcher.maxLength ?? Number.POSITIVE_INFINITY)
      : Number.POSITIVE_INFINITY;
  }

  matches(head: RequestHead): boolean {
    return this.#holds(headerIn(head, this.#name));
  }

  /** The same for the header lines of a message that is no request; pseudo-headers are never there. */
  matchesLines(block: string): boolean {
    return this.#holds(headerValues(block, this.#name));
  }

  #holds(value: string | null): boolean {
    const condition = this.#condition;
    if (condition.kind === 'present') return (value !== null) !== this.#invert;
    if (condition.kind === 'absent') return (value === null) !== this.#invert;
    if (value === null && !this.#missingIsEmpty) return false;
    const text = value ?? '';
    const holds = condition.kind === 'string' ? condition.matcher.matches(text) : isInRange(text, condition);
    return holds !== this.#invert;
  }
}

/** Value of a header, or of a pseudo header, of several lines in one; null where it is missing. */
export function headerIn(head: RequestHead, name: string): string | null {
  switch (name) {
    case ':method':
      return head.method;
    case ':path':
      return head.path;
    case ':authority':
    case 'host':
      return head.authority;
    case ':scheme':
      // A sidecar is spoken to in plain HTTP; the TLS between sidecars is not part of the request.
      return 'http';
    default:
      return headerValues(head.block, name);
  }
}

/** Only a plain decimal integer has a place in a range: `0x10`, `1e3` and the empty text have none. */
function isInRange(text: string, range: { readonly start: number; readonly end: number }): boolean {
  if (!/^-?\d{1,15}$/.test(text)) return false;
  const number = Number(text);
  return number >= range.start && number < range.end;
}
