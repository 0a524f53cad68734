/**
 * `x-envoy-expected-rq-timeout-ms` for an attempt: the time of one try, where 0 stands for no bound, or what is left for all of
 * them if that is less. Empty where there is no bound. Out of time is told as 1, since 0 would be no bound.
 *
 * Source: Envoy `FilterUtility::setTimeoutHeaders`.
 */
export function expectedTimeLine(leftMs: number, perTryTimeoutMs: number): string {
  const expectedMs = Math.min(perTryTimeoutMs > 0 ? perTryTimeoutMs : Number.POSITIVE_INFINITY, Math.max(1, leftMs));
  return expectedMs === Number.POSITIVE_INFINITY ? '' : `x-envoy-expected-rq-timeout-ms: ${Math.round(expectedMs)}\r\n`;
}

/**
 * `grpc-timeout` with what is left of a call, in the smallest unit from milliseconds on in which it has at most eight digits:
 * servers refuse a call with more.
 *
 * Source: gRPC over HTTP2, `Timeout`.
 */
export function grpcTimeoutLine(callTimeoutMs: number, elapsedMs: number): string {
  const leftMs = Math.max(1, Math.round(callTimeoutMs - elapsedMs));
  for (const [unit, unitMs] of timeoutUnits) {
    if (leftMs < 1e8 * unitMs) return `grpc-timeout: ${Math.floor(leftMs / unitMs)}${unit}\r\n`;
  }
  return 'grpc-timeout: 99999999H\r\n';
}

const timeoutUnits = [
  ['m', 1],
  ['S', 1000],
  ['M', 60_000],
  ['H', 3_600_000],
] as const;

/** A block without its line `grpc-timeout`. */
export function withoutGrpcTimeout(block: string): string {
  return block.replace(/^grpc-timeout:[^\r\n]*\r\n/gim, '');
}
