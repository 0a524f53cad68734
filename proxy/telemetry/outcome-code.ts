/**
 * Status of an answer and, for gRPC, how the call ended, in one number, so that counts are found by one comparison. Below
 * 1000 it is the HTTP status alone.
 */
export function outcomeCode(status: number, grpcStatus: number): number {
  return grpcStatus < 0 ? status : status + (grpcStatus + 1) * 1000;
}

export function httpStatusOf(code: number): number {
  return code % 1000;
}

/** -1 where the request was no gRPC call, or where nobody said how it ended. */
export function grpcStatusOf(code: number): number {
  return Math.floor(code / 1000) - 1;
}
