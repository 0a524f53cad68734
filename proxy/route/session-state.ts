import { cookieValue, setCookieLine } from '../message/cookie.ts';
import type { RequestHead } from '../message-head.ts';
import { headerValue } from '../message-head.ts';
import type { SessionToken } from './session-token.ts';
import { readToken, writeToken } from './session-token.ts';

/** How long a session lasts, in seconds; 0 is no bound. */
export interface SessionTimes {
  /** From its first answer on, however often its client comes. */
  readonly absoluteSeconds: number;
  /** Without a request. */
  readonly idleSeconds: number;
}

export const endless: SessionTimes = { absoluteSeconds: 0, idleSeconds: 0 };

/** Sessions of a route, and where they may lead. */
export interface RouteSession<Destination> {
  readonly state: SessionState;
  /** A client whose endpoint is gone is refused (Envoy `strict`), instead of being given another. */
  readonly isStrict: boolean;
  /** All of the route's that take requests. */
  readonly destinations: readonly Destination[];
}

/** Longer than any token in base64; what a client sends is not decoded beyond it. */
const maxValueLength = 256;

/**
 * Where a client keeps the address of the endpoint that it is to be answered by, and for how long that holds. What a client
 * says is believed: it could as well call without a session until it gets the endpoint that it wants.
 */
export abstract class SessionState {
  readonly #times: SessionTimes;
  readonly #wallClockMs: () => number;

  constructor(times: SessionTimes, wallClockMs: () => number) {
    this.#times = times;
    this.#wallClockMs = wallClockMs;
  }

  /** What the request brings; null for nothing, or for a session that is over. */
  sessionIn(head: RequestHead): SessionToken | null {
    const value = this.valueIn(head);
    if (value === null || value === '' || value.length > maxValueLength) return null;
    const token = readToken(Buffer.from(value, 'base64'));
    const { absoluteSeconds, idleSeconds } = this.#times;
    const nowMs = this.#wallClockMs();
    // one without an end is of a time when none was asked for
    if (absoluteSeconds > 0 && token.endsAt * 1000 <= nowMs) return null;
    if (idleSeconds > 0 && token.idlesAt * 1000 <= nowMs) return null;
    return token;
  }

  /** The header line that makes a client come back to this endpoint; empty where what it has `brought` does so. */
  answerLine(address: string, brought: SessionToken | null): string {
    const { absoluteSeconds, idleSeconds } = this.#times;
    const continues = brought !== null && brought.address === address;
    if (continues && idleSeconds === 0) return '';
    const nowSeconds = Math.floor(this.#wallClockMs() / 1000);
    const idlesAt = idleSeconds === 0 ? 0 : nowSeconds + idleSeconds;
    if (continues && idlesAt === brought.idlesAt) return '';
    let endsAt = 0;
    if (absoluteSeconds > 0) endsAt = continues ? brought.endsAt : nowSeconds + absoluteSeconds;
    return this.lineOf({ address, endsAt, idlesAt }, endsAt - nowSeconds);
  }

  protected abstract valueIn(head: RequestHead): string | null;

  /** `secondsLeft` means nothing where the session has no end. */
  protected abstract lineOf(token: SessionToken, secondsLeft: number): string;
}

/**
 * In a header, in base64: the bare address, as Envoy's, or a token where the session has an end.
 *
 * Source: Envoy `envoy.http.stateful_session.header`.
 */
export class HeaderSession extends SessionState {
  readonly #lowerCaseName: string;

  constructor(name: string, times: SessionTimes, wallClockMs: () => number) {
    super(times, wallClockMs);
    this.#lowerCaseName = name.toLowerCase();
  }

  protected valueIn(head: RequestHead): string | null {
    return headerValue(head.block, this.#lowerCaseName);
  }

  protected lineOf(token: SessionToken): string {
    const isTimed = token.endsAt > 0 || token.idlesAt > 0;
    const bytes = isTimed ? writeToken(token) : Buffer.from(token.address, 'latin1');
    return `${this.#lowerCaseName}: ${bytes.toString('base64')}\r\n`;
  }
}

/** `isPermanent`: the client keeps it until the session's end, which there must be; else for as long as it likes. */
export interface SessionCookie {
  readonly name: string;
  readonly path: string;
  readonly isPermanent: boolean;
}

/** In a cookie: a token in base64. Source: Envoy `envoy.http.stateful_session.cookie`. */
export class CookieSession extends SessionState {
  readonly #cookie: SessionCookie;

  constructor(cookie: SessionCookie, times: SessionTimes, wallClockMs: () => number) {
    super(times, wallClockMs);
    this.#cookie = cookie;
  }

  protected valueIn(head: RequestHead): string | null {
    return cookieValue(head.block, this.#cookie.name);
  }

  protected lineOf(token: SessionToken, secondsLeft: number): string {
    const { name, path, isPermanent } = this.#cookie;
    const form = { name, path, maxAgeSeconds: isPermanent ? secondsLeft : 0, attributes: [] };
    return setCookieLine(form, writeToken(token).toString('base64'));
  }
}
