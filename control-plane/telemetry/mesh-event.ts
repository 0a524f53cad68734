import type { Output } from '../../proto/load.ts';

/** What happened: a name of `heddle.v1.EventKind`. */
export type EventKind = Exclude<Output<'heddle.v1.Event'>['kind'], 'EVENT_UNSPECIFIED'>;

/** Something that a sidecar says has changed in how it treats traffic. */
export interface MeshEvent {
  /** Ascending in the order in which they came, from 1 at the start of this control plane. */
  readonly id: number;
  /** When it happened first and last, and how often: a sidecar tells what is the same as one. */
  readonly time: string;
  readonly lastTime: string;
  readonly count: number;
  readonly kind: EventKind;
  /** `recommend-2`, or `web-1→recommend`. */
  readonly subject: string;
  /** In words. */
  readonly message: string;
  /** Whether it is the beginning of something bad, its end, or something that was asked for. */
  readonly tone: 'bad' | 'good' | 'warning';
  readonly reporter: EventReporter;
  /** The destination; the application behind the reporter where it is about that. */
  readonly service: EventService | null;
  /** The rest is as the sidecar says it; see `heddle.v1.Event`. */
  readonly cluster: string;
  readonly upstreamUrl: string;
  readonly workload: string;
  readonly cause: string;
  readonly numEjections: number;
  readonly durationMs: number;
  readonly limit: number;
  readonly requests: number;
  readonly detail: string;
  /** The document that asks for it; null where no document does and a default holds. */
  readonly rule: EventRule | null;
}

export interface EventReporter {
  /** Its own word. */
  readonly workload: string;
  readonly namespace: string;
  /** Empty when its certificate allows every service of the namespace. */
  readonly service: string;
  /** SPIFFE id. */
  readonly identity: string;
}

export interface EventService {
  readonly name: string;
  readonly namespace: string;
  /** Empty for all versions. */
  readonly version: string;
  readonly port: number;
}

export interface EventRule {
  /** `BackendTrafficPolicy/default/recommend` */
  readonly document: string;
  /** Empty and 0 where the document did not come from a file. */
  readonly file: string;
  readonly line: number;
}

/** The sections of policies that events come from. */
export type EventSection = 'healthCheck' | 'circuitBreaker' | 'adaptiveConcurrency' | 'admissionControl' | 'fallback';

/** Finds the document whose section holds for a service. */
export type RuleOf = (service: EventService, section: EventSection) => EventRule | null;

/** Of a fault the sidecar says the document. */
export const sectionOf: Readonly<Record<EventKind, EventSection | null>> = {
  EJECT: 'healthCheck',
  UNEJECT: 'healthCheck',
  EJECT_UNHEALTHY: 'healthCheck',
  ADD_HEALTHY: 'healthCheck',
  PANIC_ENTERED: 'healthCheck',
  PANIC_LEFT: 'healthCheck',
  CIRCUIT_OPEN: 'circuitBreaker',
  CIRCUIT_CLOSED: 'circuitBreaker',
  CONCURRENCY_LIMIT_REACHED: 'adaptiveConcurrency',
  CONCURRENCY_LIMIT_LEFT: 'adaptiveConcurrency',
  ADMISSION_DENIED: 'admissionControl',
  ADMISSION_RESTORED: 'admissionControl',
  FALLBACK_BEGAN: 'fallback',
  FALLBACK_ENDED: 'fallback',
  FAULT_BEGAN: null,
  FAULT_ENDED: null,
  CLIENT_CERTIFICATE_UNUSABLE: null,
  CLIENT_CERTIFICATE_USABLE: null,
};

export interface EventFilter {
  /** Those that happened last from then on, in milliseconds since 1970. */
  readonly sinceMs?: number;
  /** As destination or as caller. */
  readonly service?: string | undefined;
  readonly namespace?: string | undefined;
}

/** One line of what is followed. */
export type EventLine =
  | { readonly type: 'ADDED'; readonly object: MeshEvent }
  /** So many were forgotten before they could be told. */
  | { readonly type: 'MISSED'; readonly object: { readonly count: number } };

/** What the REST API reads. */
export interface EventSource {
  /** Of the newest event; 0 where there was none. */
  readonly lastId: number;
  list(filter?: EventFilter): readonly MeshEvent[];
  /**
   * Those after `id`, then those that come, until the signal aborts. Nothing is kept for a caller that reads slowly: what it
   * has missed is a number.
   */
  follow(id: number, filter: EventFilter, signal: AbortSignal): AsyncGenerator<EventLine, void, undefined>;
}
