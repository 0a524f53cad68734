import type { Cluster } from '../cluster/cluster.ts';
import type { Endpoint } from '../cluster/endpoint.ts';
import type { Failure } from '../failure.ts';
import type { EndedRequest, FilteredRequest } from '../filter/request-filter.ts';
import type { RequestHead } from '../message-head.ts';
import type { Route } from '../route/route.ts';
import type { DownstreamPeer, FinishedExchange, ForwardEnvironment } from './forward-environment.ts';

/** How far a request has come on its upstream side. */
export interface UpstreamProgress {
  readonly cluster: Cluster | null;
  readonly endpoint: Endpoint | null;
  readonly attempts: number;
}

/** What is written down of a request, by all who have to do with it. Written again for the next one. */
export class ExchangeRecord implements FinishedExchange, FilteredRequest, EndedRequest {
  readonly environment: ForwardEnvironment;
  readonly peer: DownstreamPeer;
  head!: RequestHead;
  route: Route<Cluster> | null = null;
  status = 0;
  grpcStatus = -1;
  failure: Failure | null = null;
  detail = '';
  startedAtMs = 0;
  passedAtMs = 0;
  respondedAtMs = 0;
  endedAtMs = 0;
  requestBytes = 0;
  responseBytes = 0;
  readonly #upstream: UpstreamProgress;

  constructor(environment: ForwardEnvironment, peer: DownstreamPeer, upstream: UpstreamProgress) {
    this.environment = environment;
    this.peer = peer;
    this.#upstream = upstream;
  }

  get cluster(): Cluster | null {
    return this.#upstream.cluster;
  }

  get endpoint(): Endpoint | null {
    return this.#upstream.endpoint;
  }

  get attempts(): number {
    return this.#upstream.attempts;
  }

  begin(head: RequestHead): void {
    this.head = head;
    this.route = null;
    this.status = 0;
    this.grpcStatus = -1;
    this.failure = null;
    this.detail = '';
    this.startedAtMs = this.environment.now();
    this.passedAtMs = this.startedAtMs;
    this.respondedAtMs = 0;
    this.endedAtMs = 0;
    this.requestBytes = head.body.length;
    this.responseBytes = 0;
  }
}
