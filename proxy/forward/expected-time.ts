/**
 * `x-envoy-expected-rq-timeout-ms` for an attempt that begins `elapsedMs` after its request: the time of one try, or what is
 * left of all of it if that is less; 0 stands for no bound. Empty where there is no bound. Out of time is told as 1, since 0 would be no bound.
 *
 * Source: Envoy `FilterUtility::setTimeoutHeaders`.
 */
export function expectedTimeLine(timeoutMs: number, perTryTimeoutMs: number, elapsedMs: number): string {
  const leftMs = timeoutMs > 0 ? Math.max(1, timeoutMs - elapsedMs) : Number.POSITIVE_INFINITY;
  const expectedMs = Math.min(perTryTimeoutMs > 0 ? perTryTimeoutMs : Number.POSITIVE_INFINITY, leftMs);
  return expectedMs === Number.POSITIVE_INFINITY ? '' : `x-envoy-expected-rq-timeout-ms: ${Math.round(expectedMs)}\r\n`;
}

/**
 * `grpc-timeout` with what is left of a call; in milliseconds, and in seconds where those have more than eight digits.
 *
 * Source: gRPC over HTTP2, `Timeout`.
 */
export function grpcTimeoutLine(callTimeoutMs: number, elapsedMs: number): string {
  const leftMs = Math.max(1, Math.round(callTimeoutMs - elapsedMs));
  return leftMs < 1e8 ? `grpc-timeout: ${leftMs}m\r\n` : `grpc-timeout: ${Math.floor(leftMs / 1000)}S\r\n`;
}

/** A block without its line `grpc-timeout`. */
export function withoutGrpcTimeout(block: string): string {
  return block.replace(/^grpc-timeout:[^\r\n]*\r\n/gim, '');
}
