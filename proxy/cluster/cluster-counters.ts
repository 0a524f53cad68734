/** Counters of one cluster; names as in Envoy's `cluster.<name>.` statistics. */
export class ClusterCounters {
  requestsTotal = 0;
  requestsRetried = 0;
  retriesSucceeded = 0;
  /** Of the tries again, those that were made beside one that went on. */
  requestsHedged = 0;
  perTryTimeouts = 0;
  perTryIdleTimeouts = 0;
  /** Requests whose last try would have been repeated, had there been another. */
  retriesExhausted = 0;
  /** Requests that could have been repeated, had their bodies not been too large to keep. */
  replaysAbandoned = 0;
  timeouts = 0;
  connectFailures = 0;
  /** Connections that were opened to endpoints that are no more. */
  connectionsToGone = 0;
  /** At the limit of one endpoint. */
  connectionsRefusedByEndpoint = 0;
  noneHealthy = 0;
  /** Connections that are only carried, refused at a limit. */
  carriedRefused = 0;
  /** Requests that went to the fallback of their route, because they could not go here. */
  fallbacks = 0;
  /** Picks while health was ignored. */
  panicPicks = 0;
  /** Copies of requests that were to go here, and what became of them; none of them is in another count. */
  mirrored = 0;
  mirrorsSucceeded = 0;
  mirrorsFailed = 0;
  mirrorsDropped = 0;
  /** Answers by class: index 1 to 5. */
  responsesByClass = [0, 0, 0, 0, 0, 0];
}
