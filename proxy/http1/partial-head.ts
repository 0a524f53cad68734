import type { Failure } from '../failure.ts';
import type { HeadLimits } from './head-limits.ts';

/**
 * Whether what has arrived of a request head can still become a valid one; called only while its end is missing.
 * A client that speaks another protocol, ends lines with bare LF or exceeds a limit is told at once, not after the
 * header timeout.
 */
export function findEarlyFault(text: string, limits: HeadLimits): Failure | null {
  const lineEnd = text.indexOf('\r\n');
  if (lineEnd < 0 ? text.length > limits.maxTargetBytes : lineEnd > limits.maxTargetBytes + 64) return 'targetTooLong';
  if (text.length > limits.maxHeadBytes) return 'headersTooLarge';
  if (!startsWithMethod.test(text) || bareLineFeed.test(text)) return 'badRequest';
  if (lineEnd >= 0 && !requestLine.test(text.slice(0, lineEnd))) return 'badRequest';
  return null;
}

const startsWithMethod = /^[!#$%&'*+\-.^_`|~0-9A-Z]/;
const bareLineFeed = /(?:^|[^\r])\n/;
const requestLine = /^[!#$%&'*+\-.^_`|~0-9A-Z]+ [!"$-~]+ HTTP\/[0-9]\.[0-9]$/;
