/** Requests of one service, or of one version of it, as the sidecars of its callers and its own counted them. */
export interface StatRow {
  readonly namespace: string;
  readonly service: string;
  /** Empty for workloads without a version. */
  readonly version: string;
  readonly requests: number;
  readonly requestsPerSecond: number;
  /** Share of answers below 500 that the mesh did not have to make up itself, 0 to 1; `null` without requests. */
  readonly successShare: number | null;
  readonly p50Ms: number | null;
  readonly p95Ms: number | null;
  readonly p99Ms: number | null;
  /** Share of the requests that came over mutual TLS; `null` without requests. */
  readonly securedShare: number | null;
}

/** Requests from one service to another. */
export interface EdgeRow {
  readonly sourceNamespace: string;
  /** `unknown` for callers without a sidecar. */
  readonly source: string;
  readonly destinationNamespace: string;
  readonly destination: string;
  readonly requests: number;
  readonly requestsPerSecond: number;
  readonly successShare: number | null;
  readonly p50Ms: number | null;
  readonly p95Ms: number | null;
  readonly p99Ms: number | null;
  readonly securedShare: number | null;
  /** SPIFFE ids seen at the source's end. */
  readonly clientIds: readonly string[];
  /** SPIFFE ids seen at the destination's end. */
  readonly serverIds: readonly string[];
}

/** The last hour of traffic, aggregated. */
export interface TelemetrySource {
  /** Over the last `windowSeconds`, at most 3600; ordered by namespace, service, version. */
  stat(windowSeconds: number): readonly StatRow[];
  edges(windowSeconds: number): readonly EdgeRow[];
}
