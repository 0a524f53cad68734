import { isProtectedHeader } from '../../proto/protected-headers.ts';
import { findHeaderLine, trimWhitespace } from '../message-head.ts';

/** A header name and its value. */
export type HeaderPair = readonly [name: string, value: string];

/** Changes to the headers of a message. Names in any case. */
export interface HeaderChanges {
  /** Replaces every occurrence. Of two values for one name the last counts. */
  readonly set: readonly HeaderPair[];
  /** Adds a line and leaves those that are there, also those that `set` made. */
  readonly add: readonly HeaderPair[];
  /** Removes every occurrence. What `set` or `add` name as well is there in the end. */
  readonly remove: readonly string[];
}

/**
 * Sets, adds and removes headers in a block of header lines, without taking the rest of it apart: removed lines are cut
 * out, new ones stand at the end with their names in lower case.
 *
 * Source: Gateway API `HTTPHeaderFilter`; Envoy `request_headers_to_add`, `request_headers_to_remove`.
 */
export class HeaderMutation {
  /** Names to cut out, lower case: those to remove and those to replace. */
  readonly #cut: readonly string[];
  /** The lines that `set` and `add` put at the end. */
  readonly #appended: string;

  /** Throws when a change is not legal, naming every fault; `headerChangeFaults` tells them beforehand. */
  constructor(changes: HeaderChanges) {
    const faults = headerChangeFaults(changes);
    if (faults.length > 0) throw new Error(`header changes refused: ${faults.join('; ')}`);
    const set = new Map(changes.set.map(([name, value]) => [name.toLowerCase(), value]));
    this.#cut = [...new Set([...changes.remove.map((name) => name.toLowerCase()), ...set.keys()])];
    const lines = [...set, ...changes.add].map(
      ([name, value]) => `${name.toLowerCase()}: ${trimWhitespace(value)}\r\n`,
    );
    this.#appended = lines.join('');
  }

  /** Null when there is nothing to change, so that a route without changes costs one comparison. */
  static from(changes: HeaderChanges): HeaderMutation | null {
    const isEmpty = changes.set.length === 0 && changes.add.length === 0 && changes.remove.length === 0;
    return isEmpty ? null : new HeaderMutation(changes);
  }

  /** `block` is lines `name: value\r\n…` or empty; so is the result. */
  apply(block: string): string {
    let rest = block;
    for (let i = 0; i < this.#cut.length; i++) {
      rest = withoutHeader(rest, this.#cut[i] as string); // i is below the length
    }
    return rest + this.#appended;
  }
}

/** Everything that is wrong with the changes, each with its place: `set[0]: …`. Empty when they are legal. */
export function headerChangeFaults(changes: HeaderChanges): string[] {
  const faults: string[] = [];
  const check = (place: string, fault: string | null) => {
    if (fault !== null) faults.push(`${place}: ${fault}`);
  };
  for (const [index, [name, value]] of changes.set.entries())
    check(`set[${index}]`, nameFault(name) ?? valueFault(value));
  for (const [index, [name, value]] of changes.add.entries())
    check(`add[${index}]`, nameFault(name) ?? valueFault(value));
  for (const [index, name] of changes.remove.entries()) check(`remove[${index}]`, nameFault(name));
  return faults;
}

/** A name is a token (RFC 9110 section 5.6.2). */
function nameFault(name: string): string | null {
  if (!/^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/.test(name)) return `${JSON.stringify(name)} is not a header name`;
  const lower = name.toLowerCase();
  if (isProtectedHeader(lower)) return `${lower} may not be changed by a rule`;
  return null;
}

/** A value holds visible characters, spaces and tabs (RFC 9110 section 5.5): above all neither CR, LF nor NUL. */
function valueFault(value: string): string | null {
  return /^[\t\x20-\x7e\x80-\xff]*$/.test(value) ? null : `${JSON.stringify(value)} is not a header value`;
}

function withoutHeader(block: string, lowerCaseName: string): string {
  let at = findHeaderLine(block, lowerCaseName, 0);
  if (at < 0) return block;
  let kept = '';
  let from = 0;
  while (at >= 0) {
    kept += block.slice(from, at);
    from = block.indexOf('\r\n', at) + 2;
    at = findHeaderLine(block, lowerCaseName, from);
  }
  return kept + block.slice(from);
}
