import type { Input } from '../../proto/load.ts';

type EventMessage = Input<'heddle.v1.Event'>;

/** What happened: a name of `heddle.v1.EventKind`. */
export type EventKind = Exclude<EventMessage['kind'], undefined | number | 'EVENT_UNSPECIFIED'>;

/**
 * Something that has changed in how this sidecar treats traffic: an endpoint is out or back, a limit is reached or no longer,
 * a fault begins or ends. The fields are those of `heddle.v1.Event`; empty strings and 0 say nothing.
 */
export interface TrafficEvent {
  readonly kind: EventKind;
  /** Milliseconds since 1970. */
  readonly atMs: number;
  readonly cluster: string;
  readonly upstream: string;
  readonly workload: string;
  readonly cause: string;
  readonly ejections: number;
  readonly durationMs: number;
  readonly limit: number;
  readonly requests: number;
  readonly detail: string;
  readonly rule: string;
}

/** Several that were the same are one: it has the first one's time, and what the last one says. */
export interface ToldEvent extends TrafficEvent {
  readonly lastMs: number;
  readonly count: number;
}

const nothingMore = {
  cluster: '',
  upstream: '',
  workload: '',
  cause: '',
  ejections: 0,
  durationMs: 0,
  limit: 0,
  requests: 0,
  detail: '',
  rule: '',
};

export function trafficEvent(
  kind: EventKind,
  atMs: number,
  said: Partial<Omit<TrafficEvent, 'kind' | 'atMs'>>,
): TrafficEvent {
  return { kind, atMs, ...nothingMore, ...said };
}

/** As the control plane is told. */
export function eventMessage(event: ToldEvent): EventMessage {
  return {
    kind: event.kind,
    timestamp_ms: Math.round(event.atMs),
    last_ms: Math.round(event.lastMs),
    count: event.count,
    cluster_name: event.cluster,
    upstream_url: event.upstream,
    workload: event.workload,
    cause: event.cause,
    num_ejections: event.ejections,
    duration_ms: Math.round(event.durationMs),
    limit: event.limit,
    requests: event.requests,
    detail: event.detail,
    rule: event.rule,
  };
}
