/**
 * What came of an attempt at an endpoint: the HTTP status that it answered (of a gRPC call the one that its status stands
 * for), or one of {@link localOrigin}, all of which are below 100. A number, so that reporting allocates nothing.
 */
export type Outcome = number;

/** What this side saw of an endpoint, whatever it would have answered. Source: Envoy `Outlier::Result`. */
export const localOrigin = {
  /** No connection, or one that broke before the answer was whole (`LOCAL_ORIGIN_CONNECT_FAILED`). */
  failed: 0,
  /** No answer in time (`LOCAL_ORIGIN_TIMEOUT`). */
  timedOut: 1,
  /** There is a connection; the answer will be reported by itself (`LOCAL_ORIGIN_CONNECT_SUCCESS`). */
  connected: 2,
  /** There is a connection, and nothing more will be known (`LOCAL_ORIGIN_CONNECT_SUCCESS_FINAL`). */
  carried: 3,
} as const satisfies Record<string, Outcome>;

/** Whether an endpoint's counters call it an error. */
export function isError(outcome: Outcome): boolean {
  return outcome >= 500 || outcome === localOrigin.failed || outcome === localOrigin.timedOut;
}

/** The status that a local failure counts as where it is not judged apart; 0 for what counts as nothing. */
export function statusOf(outcome: Outcome): number {
  switch (outcome) {
    case localOrigin.failed:
      return 503;
    case localOrigin.timedOut:
      return 504;
    case localOrigin.carried:
      return 200;
    case localOrigin.connected:
      return 0;
    default:
      return outcome;
  }
}
