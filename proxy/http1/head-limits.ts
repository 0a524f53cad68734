/** Bounds of one message head; Envoy's names and defaults. A head beyond them is refused, never truncated. */
export interface HeadLimits {
  /** `max_request_headers_kb`: request line and header lines together. Default 60 KiB. */
  readonly maxHeadBytes: number;
  /** `max_headers_count`. Default 100. */
  readonly maxHeaders: number;
  /** Longest request target, answered 414 beyond. Default 32 KiB, within `maxHeadBytes`. */
  readonly maxTargetBytes: number;
}

export const defaultHeadLimits: HeadLimits = { maxHeadBytes: 61_440, maxHeaders: 100, maxTargetBytes: 32_768 };
