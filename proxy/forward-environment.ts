import type { Cluster } from './cluster/cluster.ts';
import type { Endpoint } from './cluster/endpoint.ts';
import type { PassthroughFailure } from './cluster/passthrough.ts';
import type { Failure } from './failure.ts';
import type { HttpExchange } from './forward-http.ts';
import type { FailureContext, LocalReply } from './local-reply.ts';
import type { RequestHead } from './message-head.ts';
import type { TimerWheel } from './resilience/timer-wheel.ts';
import type { RouteTable } from './route/route-table.ts';
import type { CoarseClock } from './transport/coarse-clock.ts';

/** Where a listener finds the routes for a request: at once, after a while, or not at all. */
export interface RouteSource {
  lookup(head: RequestHead): RouteLookup | Promise<RouteLookup>;
}

export type RouteLookup = RouteTable<Cluster> | Failure;

/** What a listener gives to every exchange on its connections. */
export interface ForwardEnvironment {
  readonly direction: 'outbound' | 'inbound';
  readonly routes: RouteSource;
  readonly wheel: TimerWheel;
  readonly clock: CoarseClock;
  random(): number;
  now(): number;
  /** Resolves the endpoint of a passthrough cluster from the request's authority. */
  resolvePassthrough(cluster: Cluster, authority: string): Promise<Endpoint | PassthroughFailure>;
  /** Value of `x-heddle-peer` that tells an inbound sidecar who we are; once per connection. */
  readonly ownPeerMetadata: string;
  describe(failure: Failure, context: Omit<FailureContext, 'answeredBy' | 'remedy'>): LocalReply;
  recorder: Recorder;
}

/** Called once for every request, however it ended; it must copy what it keeps. */
export interface Recorder {
  record(exchange: HttpExchange): void;
}

/** The peer at the other end of a server connection, as far as it was verified. */
export interface DownstreamPeer {
  /** SPIFFE id; empty on connections without mTLS. */
  readonly principal: string;
  readonly address: string;
  /** Header line with the peer's certificate, `x-forwarded-client-cert: …\r\n`; empty without mTLS. */
  readonly clientCertLine: string;
  /** What the peer said of itself with its first request; the listener checks it against `principal`. */
  metadata: string;
}
