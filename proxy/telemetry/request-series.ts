/** Counts the requests of one label set; made by the telemetry registry. */
export interface RequestSeries {
  /** `flag` is Envoy's response flag, `-` for none; times in milliseconds, sizes in bytes. Never allocates. */
  record(status: number, flag: string, durationMs: number, requestBytes: number, responseBytes: number): void;
}
