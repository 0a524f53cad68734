import type { Failure } from '../failure.ts';
import type { HeadLimits } from './head-limits.ts';

/**
 * Whether what has arrived of a request head can still become a valid one; called only while its end is missing.
 * A client that speaks another protocol, ends lines with bare LF or exceeds a limit is told at once, not after the
 * header timeout.
 *
 * `from` says how much of the text was found faultless before: a head that comes byte by byte is read once, not once a
 * byte.
 */
export function findEarlyFault(text: string, from: number, limits: HeadLimits): Failure | null {
  const fault = findExcess(text, limits);
  if (fault !== null) return fault;
  if (from <= 1 && !startsWithMethod.test(text) && text !== '\r') return 'badRequest';
  const lineEnd = text.indexOf('\r\n');
  const ofLine = lineEnd >= Math.max(0, from - 1) ? judgeRequestLine(text.slice(0, lineEnd)) : null;
  if (ofLine !== null) return ofLine;
  for (let at = text.indexOf('\n', from); at >= 0; at = text.indexOf('\n', at + 1)) {
    if (text.charCodeAt(at - 1) !== 13) return 'badRequest';
  }
  return null;
}

/** What is wrong with a whole request line; a version that is not ours is told apart from what is no request at all. */
export function judgeRequestLine(line: string): Failure | null {
  const version = requestLine.exec(line)?.[1];
  if (version === undefined) return 'badRequest';
  return version === '1.1' || version === '1.0' ? null : 'unsupportedVersion';
}

/** Whether a head, whole or not, is longer than it may be. The target is judged first, however the bytes arrive. */
export function findExcess(text: string, limits: HeadLimits): Failure | null {
  if (text.length <= limits.maxTargetBytes) return null;
  const lineEnd = text.indexOf('\r\n');
  if (lineEnd < 0 || lineEnd > limits.maxTargetBytes + MAX_REST_OF_LINE) return 'targetTooLong';
  return text.length > limits.maxHeadBytes ? 'headersTooLarge' : null;
}

/** Method, blanks and version. */
const MAX_REST_OF_LINE = 64;

const startsWithMethod = /^[!#$%&'*+\-.^_`|~0-9A-Z]/;
const requestLine = /^[!#$%&'*+\-.^_`|~0-9A-Z]+ [!"$-~]+ HTTP\/([0-9]\.[0-9])$/;
