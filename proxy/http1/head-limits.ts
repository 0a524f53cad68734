/** Bounds of one message head; Envoy's names and defaults. A head beyond them is refused, never truncated. */
export interface HeadLimits {
  /** `max_request_headers_kb`: request line and header lines together. Default 60 KiB. */
  readonly maxHeadBytes: number;
  /** `max_headers_count`. Default 100. */
  readonly maxHeaders: number;
  /** Longest request target, answered 414 beyond. Default 32 KiB, within `maxHeadBytes`. */
  readonly maxTargetBytes: number;
}

/**
 * Limits between sidecars: what the calling one adds to a head of full size (request id, attempt count, its name, headers
 * that a rule sets) must pass the called one.
 */
export function withRoomForSidecar(limits: HeadLimits): HeadLimits {
  return { ...limits, maxHeadBytes: limits.maxHeadBytes + 8192, maxHeaders: limits.maxHeaders + 20 };
}

export const defaultHeadLimits: HeadLimits = { maxHeadBytes: 61_440, maxHeaders: 100, maxTargetBytes: 32_768 };
