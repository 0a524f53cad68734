import type { EventSource } from './mesh-event.ts';

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
  /**
   * What was called, where `service` is `PassthroughCluster`: all that neither a service nor an ExternalService has the name of.
   * Empty for others, and for hosts beyond the hundred of each sidecar that are told by name.
   */
  readonly host: string;
  /** Empty where the workloads have no version, and in rows for all versions together. */
  readonly version: string;
  readonly countedBy: CountedBy;
  /** Workloads that were sent requests in the window. */
  readonly instances: number;
  readonly requests: number;
  /**
   * Requests and connections that the sidecars of its callers could bring to no instance: none healthy, no connection, over a limit. Not
   * among `requests` where the service counts itself. Those meant for no version in particular are in no version's row.
   */
  readonly unreached: number;
  readonly requestsPerSecond: number;
  /** 0 to 1: answered below 500 and without a failure of the mesh's; null without requests. */
  readonly successRate: number | null;
  /** Milliseconds, at most 3.2 % off; null without requests. */
  readonly p50Ms: number | null;
  readonly p95Ms: number | null;
  readonly p99Ms: number | null;
  /** Share of the requests and connections that came over mutual TLS, of those that came to an instance, 0 to 1; null without any. */
  readonly mutualTlsShare: number | null;
  /** Connections of ports that carry TCP; null where there were none in the window. */
  readonly tcp: TcpMetrics | null;
  /** How its callers find it now; null where none has called it in the window. */
  readonly circuit: ServiceCircuit | null;
}

/** As ill as the caller finds it that finds it worst. */
export interface ServiceCircuit {
  /** `open`: some requests are refused at a limit, or no instance takes any; `half`: some instances take none. */
  readonly state: 'closed' | 'half' | 'open';
  /** `20/20 connections`, `1/3 ejected`; four at the most. */
  readonly reasons: readonly string[];
}

/** TCP connections of a row. */
export interface TcpMetrics {
  /** Open now. */
  readonly open: number;
  /** That were opened in the window, or came to nothing. */
  readonly opened: number;
  /** Of these, those that came to nothing: nobody to take them, or too many of them. */
  readonly failed: number;
  /** Bytes that came from clients, and that went to them. */
  readonly readBytesPerSecond: number;
  readonly writtenBytesPerSecond: number;
}

export interface EdgeEnd {
  readonly namespace: string;
  /** Empty for a caller that is not known, such as a program without a sidecar. */
  readonly service: string;
}

/** Who called whom in a window of time: one row for each pair of services. Shares and times as in {@link ServiceStat}. */
export interface Edge {
  readonly source: EdgeEnd;
  readonly destination: EdgeEnd;
  /** As in {@link ServiceStat}. */
  readonly host: string;
  readonly countedBy: CountedBy;
  readonly requests: number;
  readonly requestsPerSecond: number;
  readonly successRate: number | null;
  readonly p50Ms: number | null;
  readonly p95Ms: number | null;
  readonly p99Ms: number | null;
  readonly mutualTlsShare: number | null;
  readonly tcp: TcpMetrics | null;
  /** SPIFFE ids of callers and of callees, as either end says; sorted. */
  readonly clientIds: readonly string[];
  readonly serverIds: readonly string[];
  /** Both ends say mutual TLS for every request and connection, and neither contradicts the other about who they are. */
  readonly isSecured: boolean;
  /** Whether anything came to an instance: what the caller's sidecar answers by itself, or cannot bring, is no plaintext. */
  readonly isReached: boolean;
  /** Not secured only in that one end has not reported yet, or no longer within the window. */
  readonly isPending: boolean;
  /** Why not, in a few words; null when secured. */
  readonly reason: string | null;
}

/** The end of a connection whose sidecars counted what is in a row. */
export type CountedBy = 'destination' | 'source';

/** What the REST API reads: the last hour. Windows in seconds; what is outside of 5 to 3600 is taken for the nearer. */
export interface TelemetrySource {
  /** Sorted by namespace, service and version. By default one row for each version. */
  stat(windowSeconds: number, by?: 'service' | 'version'): readonly ServiceStat[];
  /** Sorted by source, then destination. */
  edges(windowSeconds: number): readonly Edge[];
  readonly events: EventSource;
}
