import type { HonoRequest } from 'hono';
import { ApiError } from './status.ts';

/** A whole number from the query, `fallback` when it is not there. @throws ApiError 400 */
export function queryNumber(
  request: HonoRequest,
  name: string,
  bounds: { readonly min: number; readonly max: number; readonly fallback: number },
): number {
  const text = request.query(name);
  if (text === undefined) return bounds.fallback;
  const value = /^\d{1,15}$/.test(text) ? Number(text) : Number.NaN;
  if (value >= bounds.min && value <= bounds.max) return value;
  throw new ApiError('BadRequest', `${name} is a whole number from ${bounds.min} to ${bounds.max}`);
}

/** One of the words, the first when it is not there. @throws ApiError 400 */
export function queryWord<Word extends string>(
  request: HonoRequest,
  name: string,
  words: readonly [Word, ...Word[]],
): Word {
  const text = request.query(name);
  const word = text === undefined ? words[0] : words.find((known) => known === text);
  if (word !== undefined) return word;
  throw new ApiError('BadRequest', `${name} is one of ${words.join(', ')}`);
}

/** Whether the change is only to be tried: `dryRun=All`, as in Kubernetes. @throws ApiError 400 */
export function isDryRun(request: HonoRequest): boolean {
  const value = request.query('dryRun');
  if (value === undefined) return false;
  if (value === 'All') return true;
  throw new ApiError('BadRequest', 'dryRun can only be All');
}
