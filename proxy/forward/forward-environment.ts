import type { Cluster } from '../cluster/cluster.ts';
import type { Endpoint } from '../cluster/endpoint.ts';
import type { PassthroughFailure } from '../cluster/passthrough.ts';
import type { Failure } from '../failure.ts';
import type { HttpSettings } from '../message/http-settings.ts';
import type { RequestHead, TakeTransport } from '../message-head.ts';
import type { TimerWheel } from '../resilience/timer-wheel.ts';
import type { Route } from '../route/route.ts';
import type { RouteTable } from '../route/route-table.ts';
import type { CoarseClock } from '../transport/coarse-clock.ts';
import type { FailureContext, LocalReply } from './local-reply.ts';

/** Where a listener finds the routes for a request: at once, after a while, or not at all. */
export interface RouteSource {
  /** The one service that all requests are for, `cart.default.svc.cluster.local`; empty where the request decides. */
  readonly service: string;
  /** The one that this request was for, where it has been found in the mesh or is listed outside of it. */
  serviceOf(head: RequestHead): string;
  lookup(head: RequestHead): RouteLookup | Promise<RouteLookup>;
}

export type RouteLookup = RouteTable<Cluster> | Failure;

/** Where CONNECT leads from one connection. */
export interface Tunnels {
  /** Tells how it went by one of the two calls, at once or later; calling what it returns makes it tell nothing. */
  open(authority: string, outcome: TunnelOutcome): () => void;
}

export interface TunnelOutcome {
  /** The client is to be answered, and its connection given away. */
  onOpened(take: TakeTransport): void;
  onRefused(failure: Failure, detail: string): void;
}

/** What a listener gives to every exchange on its connections. */
export interface ForwardEnvironment {
  readonly direction: 'outbound' | 'inbound';
  /** A request from here may come to another sidecar's port of this kind, and go round: it is counted (`message/hops.ts`). */
  readonly countsHops: boolean;
  readonly routes: RouteSource;
  /** Of the listener; another object after an update. */
  readonly http: HttpSettings;
  readonly overload: RequestShedding;
  readonly wheel: TimerWheel;
  readonly clock: CoarseClock;
  random(): number;
  now(): number;
  /** Resolves the endpoint of a passthrough cluster from the request's authority. */
  resolvePassthrough(cluster: Cluster, authority: string): Promise<Endpoint | PassthroughFailure>;
  /** Value of `x-heddle-peer` that tells an inbound sidecar who we are; once per connection. */
  readonly ownPeerMetadata: string;
  describe(failure: Failure, context: Omit<FailureContext, 'answeredBy' | 'remedy'>): LocalReply;
  readonly recorder: Recorder;
}

/** Whether new requests are to be turned away because the process runs out of memory; counts those that were. */
export interface RequestShedding {
  readonly isShedding: boolean;
  shedRequests: number;
}

/** Called once for every request, however it ended; it must copy what it keeps. */
export interface Recorder {
  record(exchange: FinishedExchange): void;
}

/** A request that is over, and how it went. The object is used again for the next one. */
export interface FinishedExchange {
  readonly environment: Pick<ForwardEnvironment, 'direction' | 'routes'>;
  readonly peer: DownstreamPeer;
  readonly head: RequestHead;
  /** These three are null where the request did not come so far. */
  readonly route: Route<Cluster> | null;
  readonly cluster: Cluster | null;
  readonly endpoint: Endpoint | null;
  /** Status sent to the client; 0 when it went away before. */
  readonly status: number;
  /** How a gRPC call ended; -1 where it was none, or nobody said. */
  readonly grpcStatus: number;
  readonly failure: Failure | null;
  /** The cause in a few words, for logs and local replies. */
  readonly detail: string;
  readonly attempts: number;
  /** By the environment's `now`. */
  readonly startedAtMs: number;
  /** When its filters had let it go on; the same as that where none had held it up. */
  readonly passedAtMs: number;
  /** When the response head arrived, or 0. */
  readonly respondedAtMs: number;
  /** The same time as that where the whole answer came with its head. */
  readonly endedAtMs: number;
  readonly requestBytes: number;
  readonly responseBytes: number;
}

/** The peer at the other end of a server connection, as far as it was verified. */
export interface DownstreamPeer {
  /** SPIFFE id; empty on connections without mTLS. */
  readonly principal: string;
  readonly address: string;
  /** Header line with the peer's certificate, `x-forwarded-client-cert: …\r\n`; empty without mTLS. */
  readonly clientCertLine: string;
  /** What the peer said of itself with its first request; to be believed only where it agrees with `principal`. */
  metadata: string;
}
