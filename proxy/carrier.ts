import type { ClusterStatus } from './admin/clusters-page.ts';
import type { Stat } from './admin/stats-page.ts';
import type { LogLevel } from './log.ts';
import type { ProcessUsage } from './telemetry/process-metrics.ts';
import type { SeriesRegistry } from './telemetry/series-registry.ts';
import type { TcpRegistry } from './telemetry/tcp-registry.ts';
import type { DownstreamRequests, TrafficStats } from './telemetry/traffic-stats.ts';
import type { MeshIdentity } from './tls/mesh-identity.ts';
import type { ConfigurationTarget } from './xds/apply.ts';

/** A listener of the sidecar, by what it is for. Port 0 takes a free one. */
export type ListenerPlan =
  /** For the port of the application on which other sidecars reach it. */
  | { readonly kind: 'inbound'; readonly applicationPort: number }
  /** For a declared upstream, which has a RouteConfiguration of this name. */
  | { readonly kind: 'upstream'; readonly port: number; readonly routeName: string }
  /** The HTTP proxy port. */
  | { readonly kind: 'proxy'; readonly port: number };

/** A listener that accepts connections. */
export interface OpenListener {
  readonly plan: ListenerPlan;
  readonly name: string;
  readonly host: string;
  readonly port: number;
}

/** Counters of what carries requests that belong to nothing else. */
export interface CarrierCounters {
  /** Requests that broke the rules of HTTP and never reached a route. */
  readonly refusedRequests: number;
  /** Lines of the access log that were dropped. */
  readonly droppedLogLines: number;
  /** Requests answered 503 because of `memoryPressurePercent`. */
  readonly shedRequests: number;
  /** Requests that a fault held up, and those that it answered. */
  readonly delaysInjected: number;
  readonly abortsInjected: number;
  /** Requests that had no fault because too many were held up. */
  readonly faultsOverflow: number;
  /** Requests held up now. */
  readonly activeFaults: number;
  /** How often the event loop was stuck for more than 200 ms, and for more than a second. */
  readonly watchdogMisses: number;
  readonly watchdogMegaMisses: number;
  /** Memory in use, of what the process may have; of several processes the greatest. */
  readonly memoryPressurePercent: number;
}

/**
 * What carries the requests of a sidecar: this process (`DataPlane`), or several (`WorkerGroup`). It is told what is in
 * force and who the sidecar is; it knows nothing of the control plane.
 *
 * What it shows is as of the last `refresh`.
 */
export interface Carrier extends TrafficStats {
  readonly target: ConfigurationTarget;
  /** All requests that were counted. */
  readonly registry: SeriesRegistry;
  /** All TCP connections that were counted. */
  readonly connections: TcpRegistry;
  readonly listening: readonly OpenListener[];
  /** Why it cannot carry anything yet, for people; null when it can. */
  readonly notReadyReason: string | null;
  /** Rejects when it cannot go on at all, which ends the sidecar. Never fulfilled. */
  readonly failed: Promise<never>;
  /** Called once, when all listeners are open. */
  start(): void;
  /** Opens a listener; rejects with Node's error when the port cannot be had. */
  open(plan: ListenerPlan): Promise<OpenListener>;
  useIdentity(identity: MeshIdentity): void;
  /** Whether the control plane can be asked. */
  setConnected(isConnected: boolean): void;
  setLogLevel(level: LogLevel): void;
  /** Brings what is shown up to date, in bounded time. Never rejects. */
  refresh(): Promise<void>;
  destinations(): Promise<readonly ClusterStatus[]>;
  downstream(): readonly DownstreamRequests[];
  counters(): CarrierCounters;
  /** Gauges and counters of the carrier itself, for `/stats` and the metrics page. */
  facts(): CarrierFacts;
  /** Answers now close their connections, so that callers move on; nothing is refused. */
  drain(): void;
  /** Stops accepting; what is being answered may finish within `graceMs`. Never rejects. */
  close(graceMs: number): Promise<void>;
}

/** What there is to say of the processes that carry requests; nothing where it is this one. */
export interface CarrierFacts {
  /** What they used, in addition to this process. */
  readonly usage: ProcessUsage | null;
  readonly metrics: readonly CarrierMetric[];
  readonly stats: readonly Stat[];
}

export interface CarrierMetric {
  readonly name: string;
  readonly type: 'counter' | 'gauge';
  readonly help: string;
  readonly value: number;
}
