import type { TextCondition } from './string-matcher.ts';

/**
 * A condition on one query parameter. Names and values are compared as they were sent, without decoding `%20` or `+`,
 * as Envoy does; names are case-sensitive. Of a parameter that is repeated only the first counts; one without `=` has
 * the empty value.
 *
 * Source: Envoy `QueryParameterMatcher`; Gateway API `HTTPQueryParamMatch`.
 */
export class QueryMatcher {
  readonly #name: string;
  /** Null asks only that the parameter be there. */
  readonly #value: TextCondition | null;

  constructor(name: string, value: TextCondition | null) {
    this.#name = name;
    this.#value = value;
  }

  /** `target` is path and query; its path ends before `pathEnd`. */
  matches(target: string, pathEnd: number): boolean {
    const value = queryParameter(target, pathEnd, this.#name);
    if (value === null) return false;
    return this.#value === null || this.#value.matches(value);
  }
}

/** First value of a query parameter; null when the query, or the parameter in it, is missing. */
export function queryParameter(target: string, pathEnd: number, name: string): string | null {
  let start = pathEnd + 1;
  while (start < target.length) {
    const ampersand = target.indexOf('&', start);
    const end = ampersand < 0 ? target.length : ampersand;
    if (target.startsWith(name, start)) {
      const nameEnd = start + name.length;
      if (nameEnd === end) return '';
      if (nameEnd < end && target.charCodeAt(nameEnd) === equalsSign) return target.slice(nameEnd + 1, end);
    }
    start = end + 1;
  }
  return null;
}

const equalsSign = 61;
