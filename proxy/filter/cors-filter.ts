import { findHeaderLine, headerValue } from '../message-head.ts';
import type { FilteredRequest, FilterVerdict, RequestFilter } from './request-filter.ts';

/** Texts go into headers as they stand; empty ones make none. */
export interface CorsConfig {
  /** One of them has to fit `Origin`. */
  readonly origins: readonly { matches(origin: string): boolean }[];
  readonly allowMethods: string;
  readonly allowHeaders: string;
  readonly exposeHeaders: string;
  /** Seconds. */
  readonly maxAge: string;
  readonly allowCredentials: boolean;
  /** A preflight from another origin goes on to the application; otherwise it is answered without any permission. */
  readonly forwardsOtherPreflights: boolean;
}

/**
 * Lets pages of other origins use what a route leads to: answers their preflights, and writes into all other answers, also
 * the sidecar's own, what the page may see.
 *
 * The origin is named as it was sent, never `*`, so that one answer is right with and without credentials; `vary` keeps
 * caches from giving it to others. `*` for methods and headers means nothing to a browser that sends credentials (Fetch,
 * section 3.2.3): there what the preflight asks for is repeated.
 *
 * Source: Envoy `CorsPolicy`; Gateway API `HTTPCORSFilter` (GEP-1767); Fetch Standard, "HTTP extensions".
 */
export class CorsFilter implements RequestFilter {
  readonly #config: CorsConfig;

  constructor(config: CorsConfig) {
    this.#config = config;
  }

  onRequest({ head }: FilteredRequest): FilterVerdict {
    const origin = headerValue(head.block, 'origin');
    if (origin === null) return null;
    const asked = head.method === 'OPTIONS' ? headerValue(head.block, 'access-control-request-method') : null;
    const isPreflight = asked !== null && asked !== '';
    if (!this.#config.origins.some((condition) => condition.matches(origin))) {
      const isAnswered = isPreflight && !this.#config.forwardsOtherPreflights;
      return isAnswered ? { kind: 'reply', status: 200, lines: 'vary: origin\r\n' } : null;
    }
    const { allowCredentials, exposeHeaders } = this.#config;
    let lines = `access-control-allow-origin: ${origin}\r\n`;
    if (allowCredentials) lines += 'access-control-allow-credentials: true\r\n';
    if (isPreflight) {
      return { kind: 'reply', status: 200, lines: `${lines}${this.#permissions(head.block, asked)}vary: origin\r\n` };
    }
    lines += line('access-control-expose-headers', exposeHeaders);
    return { kind: 'edit', edit: { apply: (block) => `${without(block, replaced)}${lines}vary: origin\r\n` } };
  }

  #permissions(block: string, askedMethod: string): string {
    const { allowMethods, allowHeaders, maxAge, allowCredentials } = this.#config;
    const askedHeaders = headerValue(block, 'access-control-request-headers') ?? '';
    const methods = allowMethods === '*' && allowCredentials ? askedMethod : allowMethods;
    const headers = allowHeaders === '*' && allowCredentials ? askedHeaders : allowHeaders;
    return (
      line('access-control-allow-methods', methods) +
      line('access-control-allow-headers', headers) +
      line('access-control-max-age', maxAge)
    );
  }
}

/** What the rule decides is not the application's to say as well: a browser refuses an answer that names two origins. */
const replaced = [
  'access-control-allow-origin',
  'access-control-allow-credentials',
  'access-control-expose-headers',
] as const;

function line(name: string, value: string): string {
  return value === '' ? '' : `${name}: ${value}\r\n`;
}

function without(block: string, lowerCaseNames: readonly string[]): string {
  let rest = block;
  for (const name of lowerCaseNames) {
    for (let at = findHeaderLine(rest, name, 0); at >= 0; at = findHeaderLine(rest, name, at)) {
      rest = rest.slice(0, at) + rest.slice(rest.indexOf('\r\n', at) + 2);
    }
  }
  return rest;
}
