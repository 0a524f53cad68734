import { HashKey } from '../balance/hash-key.ts';
import { xxh64 } from '../balance/xxh64.ts';
import type { CookieForm } from '../message/cookie.ts';
import { cookieValue, setCookieLine } from '../message/cookie.ts';
import type { RequestHead } from '../message-head.ts';
import { headerValues } from '../message-head.ts';
import { queryParameter } from './query-matcher.ts';

/** One thing that requests may have in common. `terminal`: what stands behind it counts only when nothing was found so far. */
export type HashRule = { readonly terminal: boolean } & (
  | { readonly kind: 'source-ip' }
  /** Lower case; also `:path`, `:authority` and `:method`. */
  | { readonly kind: 'header'; readonly name: string }
  | { readonly kind: 'query'; readonly name: string }
  /** `made` says what a client without the cookie is given; null gives it none. */
  | { readonly kind: 'cookie'; readonly name: string; readonly made: CookieForm | null }
);

/** What a request is to be balanced by. One belongs to each exchange and is written again for each request. */
export class RequestAffinity {
  readonly key = new HashKey();
  /** Header lines that the answer needs so that the client's next request comes the same way. */
  answerLines = '';
}

/**
 * Finds what a request has in common with others: the hashes of all rules that find something, joined.
 *
 * Hot path: bench/balance/pick.ts.
 *
 * Source: Envoy `RouteAction.HashPolicy`, `Http::HashPolicyImpl`; a header that was sent several times is hashed as one value
 * here, joined by `, `. A program of this host has no address of its own, and goes by its workload. The value of a cookie that is made is random: Envoy takes the client's address, which for a sidecar
 * is always that of its own application.
 */
export class HashPolicies {
  readonly #rules: readonly HashRule[];
  readonly #random: () => number;
  readonly #part = new HashKey();

  constructor(rules: readonly HashRule[], random: () => number) {
    this.#rules = rules;
    this.#random = random;
  }

  /** Writes into `affinity` and returns its key; null for a request of which nothing is known. `source`: `sourceOf` the client. */
  keyOf(head: RequestHead, source: string, affinity: RequestAffinity): HashKey | null {
    const { key } = affinity;
    let isFound = false;
    for (const rule of this.#rules) {
      const text = this.#textOf(rule, head, source, affinity);
      if (text !== null) {
        xxh64(text, this.#part);
        if (!isFound) {
          key.high = 0;
          key.low = 0;
        }
        key.join(this.#part);
        isFound = true;
      }
      if (isFound && rule.terminal) break;
    }
    return isFound ? key : null;
  }

  #textOf(rule: HashRule, head: RequestHead, source: string, affinity: RequestAffinity): string | null {
    switch (rule.kind) {
      case 'source-ip':
        return source === '' ? null : source;
      case 'header':
        return headerText(head, rule.name);
      case 'query': {
        const question = head.path.indexOf('?');
        return question < 0 ? null : queryParameter(head.path, question, rule.name);
      }
      case 'cookie': {
        const value = cookieValue(head.block, rule.name);
        // an empty cookie is none (Envoy)
        if ((value !== null && value !== '') || rule.made === null) return value === '' ? null : value;
        const made = randomHex(this.#random);
        affinity.answerLines += setCookieLine(rule.made, made);
        return made;
      }
    }
  }
}

function headerText(head: RequestHead, name: string): string | null {
  switch (name) {
    case ':path':
      return head.path;
    case ':authority':
    case 'host':
      return head.authority;
    case ':method':
      return head.method;
    default:
      return headerValues(head.block, name);
  }
}

/** 64 bits. */
function randomHex(random: () => number): string {
  const half = () => Math.floor(random() * 4_294_967_296).toString(16);
  return half().padStart(8, '0') + half().padStart(8, '0');
}
