import { parseHttpDate } from './http-date.ts';

/**
 * In how many milliseconds to come back, as `Retry-After` says: a number of seconds, or a date, which may be past and makes
 * the result negative. NaN for what is neither. `wallMs` is the time since 1970.
 *
 * Source: RFC 9110 section 10.2.3.
 */
export function retryAfterMs(value: string, wallMs: number): number {
  return /^[0-9]{1,12}$/.test(value) ? Number(value) * 1000 : parseHttpDate(value, wallMs) - wallMs;
}
