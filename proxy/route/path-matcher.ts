import type { TextCondition } from './string-matcher.ts';
import { asciiLowerCase } from './string-matcher.ts';

type PathMatchKind = 'any' | 'exact' | 'prefix' | 'separated-prefix' | 'pattern';

/**
 * A condition on the path of a request target, query excluded. Paths are compared byte by byte as they were sent: no
 * decoding, `/a%2Fb` is not `/a/b`.
 *
 * One class instead of one per kind, so that the loop over the routes always calls the same function.
 *
 * Source: Envoy `RouteMatch.path_specifier`; Gateway API `HTTPPathMatch`.
 */
export class PathMatcher {
  readonly #kind: PathMatchKind;
  readonly #value: string;
  readonly #ignoreCase: boolean;
  readonly #pattern: TextCondition | null;

  private constructor(kind: PathMatchKind, value: string, ignoreCase: boolean, pattern: TextCondition | null = null) {
    this.#kind = kind;
    this.#value = ignoreCase ? asciiLowerCase(value) : value;
    this.#ignoreCase = ignoreCase;
    this.#pattern = pattern;
  }

  /** The whole path (Gateway API `Exact`, Envoy `path`). */
  static exact(value: string, ignoreCase = false): PathMatcher {
    return new PathMatcher('exact', value, ignoreCase);
  }

  /**
   * The beginning of the path, ending anywhere: `/a` takes `/ab` (Envoy `prefix`). The prefix `/` takes everything, even
   * `OPTIONS *`, which names the server as a whole (RFC 9110 section 9.3.7).
   */
  static prefix(value: string, ignoreCase = false): PathMatcher {
    return value === '' || value === '/'
      ? new PathMatcher('any', '', false)
      : new PathMatcher('prefix', value, ignoreCase);
  }

  /**
   * The path itself and everything below it: `/a` takes `/a`, `/a/` and `/a/b`, not `/ab`. A slash at the end of
   * `value` has no meaning (Gateway API `PathPrefix`, Envoy `path_separated_prefix`).
   */
  static separatedPrefix(value: string, ignoreCase = false): PathMatcher {
    const prefix = value.endsWith('/') ? value.slice(0, -1) : value;
    return prefix === '' ? PathMatcher.prefix('/') : new PathMatcher('separated-prefix', prefix, ignoreCase);
  }

  /** The whole path, by a pattern (Gateway API `RegularExpression`, Envoy `safe_regex`). */
  static pattern(pattern: TextCondition): PathMatcher {
    return new PathMatcher('pattern', '', false, pattern);
  }

  /**
   * What a path must be, or begin with, whatever else is asked of it; null where that is not one text. For those who look
   * conditions up instead of trying them.
   */
  get key(): { readonly kind: 'exact' | 'prefix'; readonly value: string } | null {
    if (this.#kind === 'any' || this.#kind === 'pattern' || this.#ignoreCase) return null;
    return { kind: this.#kind === 'exact' ? 'exact' : 'prefix', value: this.#value };
  }

  /** Characters of the longest path that is looked at; of a longer one nobody knows whether it fits. */
  get maxLength(): number {
    return this.#pattern?.maxLength ?? Number.POSITIVE_INFINITY;
  }

  /** True when no path fails the condition. */
  get takesEverything(): boolean {
    return this.#kind === 'any';
  }

  /** `target` is path and query; the path ends before `pathEnd`, which is `pathEndOf(target)`. */
  matches(target: string, pathEnd: number): boolean {
    if (this.#kind === 'any') return true;
    if (this.#pattern !== null)
      return this.#pattern.matches(pathEnd === target.length ? target : target.slice(0, pathEnd));
    const value = this.#value;
    if (pathEnd < value.length) return false;
    if (!(this.#ignoreCase ? asciiLowerCase(target) : target).startsWith(value)) return false;
    if (this.#kind === 'prefix' || pathEnd === value.length) return true;
    return this.#kind === 'separated-prefix' && target.charCodeAt(value.length) === slash;
  }
}

const slash = 47;

/** Where the path of a request target ends: at its first `?`, or at its end. */
export function pathEndOf(target: string): number {
  const question = target.indexOf('?');
  return question < 0 ? target.length : question;
}
