import type { ClusterStatus } from './admin/clusters-page.ts';
import type { Stat } from './admin/stats-page.ts';
import type { LogLevel } from './log.ts';
import { bandwidthStatistics } from './telemetry/bandwidth-statistics.ts';
import type { ClusterCondition } from './telemetry/cluster-condition.ts';
import type { EventLog } from './telemetry/event-log.ts';
import type { ProcessUsage } from './telemetry/process-metrics.ts';
import type { SeriesRegistry } from './telemetry/series-registry.ts';
import type { Statistic } from './telemetry/statistic.ts';
import { counter, gauge, shared } from './telemetry/statistic.ts';
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

/**
 * What is counted of a carrier and belongs to nothing else. A row here and a number in `DataPlane.counters` are on the page of
 * metrics, and added up over workers.
 */
export const carrierStatistics = {
  droppedLogLines: counter(
    'heddle_access_log_dropped_total',
    'Lines of the access log that were dropped because its target was too slow.',
  ),
  refusedRequests: counter(
    'heddle_requests_refused_total',
    'Requests that broke the rules of HTTP and never reached a route.',
  ),
  shedRequests: counter(
    'heddle_overload_shed_requests_total',
    'Requests answered 503 because the sidecar was close to the end of its memory.',
  ),
  memoryPressurePercent: shared(
    'heddle_overload_memory_pressure_percent',
    'Memory in use, of what the process may have.',
  ),
  delaysInjected: counter('heddle_fault_delays_injected_total', 'Requests that a fault held up.'),
  abortsInjected: counter('heddle_fault_aborts_injected_total', 'Requests that a fault answered.'),
  responseRlInjected: counter(
    'heddle_fault_response_rl_injected_total',
    'Requests whose answers a fault was to slow down.',
  ),
  faultsOverflow: counter('heddle_fault_overflow_total', 'Requests that had no fault because too many had one.'),
  activeFaults: gauge('heddle_fault_active', 'Requests that a fault holds up, or whose answers it slows down, now.'),
  rateLimitOk: counter('heddle_local_rate_limit_ok_total', 'Requests that a local rate limit let go on.'),
  rateLimited: counter(
    'heddle_local_rate_limit_rate_limited_total',
    'Requests that a local rate limit refused with 429.',
  ),
  connectionsRateLimited: counter(
    'heddle_tcp_local_rate_limit_rate_limited_total',
    'TCP connections that were closed because there were too many new ones.',
  ),
  bodiesTooLarge: counter(
    'heddle_body_limit_too_large_total',
    'Requests that were refused with 413 because of the size of their bodies.',
  ),
  ...bandwidthStatistics,
  globalRateLimitOk: counter('heddle_rate_limit_ok_total', 'Requests that the rate limit service let go on.'),
  globalRateLimitOver: counter(
    'heddle_rate_limit_over_limit_total',
    'Requests refused with 429 because the rate limit service said so.',
  ),
  globalRateLimitError: counter(
    'heddle_rate_limit_error_total',
    'Requests about which the rate limit service did not answer, or not in time.',
  ),
  globalRateLimitAllowed: counter(
    'heddle_rate_limit_failure_mode_allowed_total',
    'Requests that went on although the rate limit service did not answer.',
  ),
  concurrencyBlocked: counter(
    'heddle_adaptive_concurrency_rq_blocked_total',
    'Requests that were refused because the service takes no more at a time.',
  ),
  concurrencyLimit: gauge(
    'heddle_adaptive_concurrency_limit',
    'Requests that the service takes at a time, of all its ports with adaptive concurrency.',
  ),
  concurrencyMinRttMs: shared(
    'heddle_adaptive_concurrency_min_rtt_ms',
    'What an answer takes of a service that has nothing else to do; of several ports the slowest.',
  ),
  admissionRejected: counter(
    'heddle_admission_control_rq_rejected_total',
    'Requests that were refused because too many before them have failed.',
  ),
  watchdogMisses: counter('heddle_watchdog_miss_total', 'Times that the event loop was stuck for more than 200 ms.'),
  watchdogMegaMisses: counter(
    'heddle_watchdog_mega_miss_total',
    'Times that the event loop was stuck for more than a second.',
  ),
} as const satisfies Readonly<Record<string, Statistic>>;

/** Each `carrierStatistics`. */
export type CarrierCounters = Readonly<Record<keyof typeof carrierStatistics, number>>;

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
  /** What has changed in how traffic is treated, and was not told yet. */
  readonly events: EventLog;
  readonly listening: readonly OpenListener[];
  /** Why it cannot carry anything yet, for people; null when it can. */
  readonly notReadyReason: string | null;
  /** Rejects when it cannot go on at all, which ends the sidecar. Never fulfilled. */
  readonly failed: Promise<never>;
  /** Called once, when all listeners are open, and the admin server at this port of loopback. */
  start(adminPort: number): void;
  /** Opens a listener; rejects with Node's error when the port cannot be had. */
  open(plan: ListenerPlan): Promise<OpenListener>;
  useIdentity(identity: MeshIdentity): void;
  /** Whether the control plane can be asked. */
  setConnected(isConnected: boolean): void;
  setLogLevel(level: LogLevel): void;
  /** Brings what is shown up to date, in bounded time. Never rejects. */
  refresh(): Promise<void>;
  destinations(): Promise<readonly ClusterStatus[]>;
  /** Destinations that are not simply well. */
  conditions(): readonly ClusterCondition[];
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
