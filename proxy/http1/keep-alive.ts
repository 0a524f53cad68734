/**
 * How long before the upstream's own end we stop using an idle connection: one second so that a request does not meet an
 * end that is on its way, and one because idle times are counted by a clock of whole seconds.
 */
const MARGIN_SECONDS = 2;

/**
 * For how many milliseconds an idle connection may be used again, by the `Keep-Alive` of its last answer
 * (`timeout=5, max=100`); infinity where the upstream does not say, negative where not at all.
 *
 * Source: RFC 2068 section 19.7.1.1, which Node and Apache still follow.
 */
export function idleLimitMs(keepAlive: string): number {
  const max = maxPattern.exec(keepAlive)?.[1];
  if (max !== undefined && Number(max) === 0) return -1;
  const timeout = timeoutPattern.exec(keepAlive)?.[1];
  return timeout === undefined ? Number.POSITIVE_INFINITY : (Number(timeout) - MARGIN_SECONDS) * 1000;
}

const timeoutPattern = /(?:^|[,;\s])timeout\s*=\s*"?([0-9]{1,9})/i;
const maxPattern = /(?:^|[,;\s])max\s*=\s*"?([0-9]{1,9})/i;
