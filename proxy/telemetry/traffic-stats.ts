/**
 * What the page tells of clusters and listeners, read when it is asked for. Plain numbers, so that whoever has them need
 * not know how they are named. Counters count from when the thing they belong to appeared.
 */
export interface TrafficStats {
  clusters(): Iterable<ClusterStats>;
  listeners(): Iterable<ListenerStats>;
}

export interface ClusterStats {
  readonly name: string;
  readonly requestsTotal: number;
  readonly requestsActive: number;
  readonly requestsWaiting: number;
  /** Answers by class: index 1 to 5. */
  readonly responsesByClass: readonly number[];
  readonly retries: number;
  readonly retriesSucceeded: number;
  /** Retries that the budget did not allow. */
  readonly retriesRefused: number;
  readonly timeouts: number;
  readonly perTryTimeouts: number;
  /** Requests refused because too many waited or were in flight. */
  readonly requestsRefused: number;
  readonly connectionsTotal: number;
  readonly connectionsActive: number;
  readonly connectionsRefused: number;
  readonly connectFailures: number;
  /** Requests for which no endpoint was healthy. */
  readonly noneHealthy: number;
  readonly endpoints: number;
  readonly endpointsHealthy: number;
  readonly ejectionsActive: number;
  readonly ejectionsTotal: number;
  readonly ejectionsRefused: number;
  /** How much more each limit allows now. */
  readonly remaining: {
    readonly connections: number;
    readonly waiting: number;
    readonly requests: number;
    readonly retries: number;
  };
}

export interface ListenerStats {
  readonly direction: 'inbound' | 'outbound';
  /** `127.0.0.1:15001`. */
  readonly address: string;
  readonly connectionsTotal: number;
  readonly connectionsActive: number;
  /** Connections that were closed at once: the listener had as many as it may, the process had, or it was overloaded. */
  readonly overflows: number;
  readonly globalOverflows: number;
  readonly overloadRejects: number;
  readonly handshakes: number;
  readonly handshakeFailures: number;
}

/** Requests of one direction, as they ended. */
export interface DownstreamRequests {
  readonly direction: 'inbound' | 'outbound';
  readonly total: number;
  /** By class: index 1 to 5; index 0 for those whose client went away. */
  readonly byClass: readonly number[];
}
