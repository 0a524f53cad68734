/**
 * Requests to one service, or one version of it, in a window of time.
 *
 * They are counted where they arrive, by the sidecars of the service, so that a request that its caller's sidecar tried
 * twice counts twice and one that never reached anybody does not. A service without sidecars is counted by its callers.
 */
export interface ServiceStat {
  readonly namespace: string;
  /** `cart`. */
  readonly service: string;
  /** Empty where the workloads have no version. */
  readonly version: string;
  readonly countedBy: 'destination' | 'source';
  /** Workloads that were sent requests in the window. */
  readonly instances: number;
  readonly requests: number;
  readonly requestsPerSecond: number;
  /** 0 to 1: answered below 500 and without a failure of the mesh's; null without requests. */
  readonly successRate: number | null;
  /** Milliseconds, at most 3.2 % off; null without requests. */
  readonly p50Ms: number | null;
  readonly p95Ms: number | null;
  readonly p99Ms: number | null;
  /** Share of the requests that came over mutual TLS, 0 to 1; null without requests. */
  readonly mutualTlsShare: number | null;
}

export interface EdgeEnd {
  readonly namespace: string;
  /** Empty for a caller or callee that is not known, such as a program without a sidecar. */
  readonly service: string;
}

/** Who called whom in a window of time: one row for each pair of services. */
export interface Edge {
  readonly source: EdgeEnd;
  readonly destination: EdgeEnd;
  readonly countedBy: 'destination' | 'source';
  readonly requests: number;
  readonly requestsPerSecond: number;
  /** As in {@link ServiceStat}. */
  readonly successRate: number | null;
  readonly p50Ms: number | null;
  readonly p95Ms: number | null;
  readonly p99Ms: number | null;
  readonly mutualTlsShare: number | null;
  /** SPIFFE ids of callers, as both ends say, and of callees; sorted. */
  readonly clientIds: readonly string[];
  readonly serverIds: readonly string[];
  /** Both ends say mutual TLS for every request, and each names the other as the other names itself. */
  readonly isSecured: boolean;
  /** Why not, in a few words; null when secured. */
  readonly reason: string | null;
}

/** What the REST API reads. Windows in seconds, from 5 to 3600; what is outside is taken as the nearer bound. */
export interface TelemetrySource {
  /** Sorted by namespace, service and version. */
  stat(windowSeconds: number): readonly ServiceStat[];
  /** Sorted by source, then destination. */
  edges(windowSeconds: number): readonly Edge[];
}
