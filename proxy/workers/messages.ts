import type { ClusterStatus } from '../admin/clusters-page.ts';
import type { CarrierCounters, ListenerPlan } from '../carrier.ts';
import type { ProxyConfig } from '../config.ts';
import type { LogLevel } from '../log.ts';
import type { ListenerPlace } from '../serve/listener-place.ts';
import type { ClusterCondition } from '../telemetry/cluster-condition.ts';
import type { CountsDelta } from '../telemetry/counts-delta.ts';
import type { ProcessUsage } from '../telemetry/process-metrics.ts';
import type { TcpDelta } from '../telemetry/tcp-delta.ts';
import type { ToldEvent } from '../telemetry/traffic-event.ts';
import type { ClusterStats, DownstreamRequests, ListenerStats } from '../telemetry/traffic-stats.ts';
import type { MeshIdentity } from '../tls/mesh-identity.ts';
import type { ResourceName } from '../xds/delta-state.ts';

/**
 * What the main process and its workers say to each other, over Node's own channel between parent and child. Both ends
 * are of one build, so there are no versions. The channel keeps the order.
 */
export type ToWorker =
  /** The first message, once. `remembered`: what a worker before this one had asked for. */
  | {
      readonly kind: 'start';
      readonly index: number;
      readonly concurrency: number;
      /** Without the join token, which is the main process's alone. */
      readonly config: ProxyConfig;
      readonly logLevel: LogLevel;
      readonly isConnected: boolean;
      readonly remembered: readonly ResourceName[];
    }
  /** A listener whose connections come as `connection` messages with this number. */
  | { readonly kind: 'listener'; readonly listener: number; readonly plan: ListenerPlan; readonly place: ListenerPlace }
  /** Leaf, key and roots, at the start and at each renewal. They go over this channel alone. */
  | { readonly kind: 'identity'; readonly identity: MeshIdentity }
  | { readonly kind: 'connected'; readonly isConnected: boolean }
  | { readonly kind: 'log-level'; readonly level: LogLevel }
  /** Carry this out now, in this order; the sequence number is answered with `applied`. */
  | {
      readonly kind: 'put';
      readonly sequence: number;
      readonly typeUrl: string;
      readonly name: string;
      readonly version: string;
      readonly bytes: Uint8Array;
    }
  | { readonly kind: 'absent'; readonly sequence: number; readonly typeUrl: string; readonly name: string }
  | { readonly kind: 'forget'; readonly sequence: number; readonly typeUrl: string; readonly name: string }
  /** These routes, or this listener, are wanted as if a request had just asked for them. */
  | { readonly kind: 'remember'; readonly name: ResourceName }
  /** Changes nothing; its answer says that all before it is in force. */
  | { readonly kind: 'barrier'; readonly sequence: number }
  /** Comes with the socket. */
  | { readonly kind: 'connection'; readonly listener: number }
  /** Report at once, with everything; the number stands in the answer. */
  | { readonly kind: 'collect'; readonly request: number; readonly withDestinations: boolean }
  /** The last report has been added up: another may be sent. */
  | { readonly kind: 'report-taken' }
  /** The last `wants` have been read: more may be sent. */
  | { readonly kind: 'wants-taken' }
  | { readonly kind: 'drain' }
  | { readonly kind: 'close'; readonly graceMs: number };

export type FromWorker =
  /** All messages up to this sequence number have taken effect. */
  | { readonly kind: 'applied'; readonly sequence: number }
  /** It cannot take this: a fault of ours, which costs the resource and not the worker. Before the `applied` of the `put`. */
  | {
      readonly kind: 'refused';
      readonly typeUrl: string;
      readonly name: string;
      readonly version: string;
      readonly reason: string;
    }
  /** So many more connections are its own now, in the order in which they were handed over. */
  | { readonly kind: 'took'; readonly connections: number }
  /** Resources that it has begun to use, and let go of. One message at a time; see `wants-taken`. */
  | { readonly kind: 'wants'; readonly wanted: readonly ResourceName[]; readonly released: readonly ResourceName[] }
  /** One at a time; see `report-taken`. */
  | { readonly kind: 'report'; readonly report: WorkerReport };

/** What a worker counted. `counts`, `connections` and `events` are since the last report, everything else is as it stands. */
export interface WorkerReport {
  readonly counts: readonly CountsDelta[];
  readonly connections: readonly TcpDelta[];
  /** The same of events, and how many could not be kept. */
  readonly events: readonly ToldEvent[];
  readonly droppedEvents: number;
  /** Destinations that this worker finds not simply well. */
  readonly conditions: readonly ClusterCondition[];
  /** How often its own registry was full, since its last report. */
  readonly droppedSeries: number;
  /** Those that have changed, or all of them where `answers` says that this was asked for. */
  readonly clusters: readonly ClusterStats[];
  readonly listeners: readonly ListenerStats[];
  readonly downstream: readonly DownstreamRequests[];
  readonly counters: CarrierCounters;
  readonly usage: ProcessUsage;
  /** The newest `collect` that this answers; 0 for none. */
  readonly answers: number;
  /** Null where they were not asked for. */
  readonly destinations: readonly ClusterStatus[] | null;
}
