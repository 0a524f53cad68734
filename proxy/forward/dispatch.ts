import type { Cluster } from '../cluster/cluster.ts';
import type { Failure } from '../failure.ts';
import { failures } from '../failure.ts';
import { grpcTimeoutMs } from '../message/grpc.ts';
import type { Fallback, ForwardAction, Route } from '../route/route.ts';
import type { ForwardEnvironment } from './forward-environment.ts';
import type { LocalReply } from './local-reply.ts';
import { Mirrors } from './mirrors.ts';
import type { Relay } from './relay.ts';
import type { ControlTrust, RequestBounds } from './request-controls.ts';
import { takeControls } from './request-controls.ts';
import type { RequestDeadline } from './request-deadline.ts';

/**
 * So much later than its caller's sidecar gives up a request this one does: were both to do so at once, the answer 504 of this
 * one could be there first, and be taken for what the application says instead of for the end of a try.
 */
const CALLERS_LEAD_MS = 50;

/**
 * Sends a request where its route leads, within the time that it has, with copies to whom the route mirrors it; and elsewhere,
 * where there is a fallback and it cannot go there. Used again for later requests.
 */
export class Dispatch {
  readonly #environment: ForwardEnvironment;
  readonly #relay: Relay;
  readonly #deadline: RequestDeadline;
  /** Null while no request is on its way. */
  #action: ForwardAction<Cluster> | null = null;
  #bounds: RequestBounds | null = null;
  /** Null as soon as something may have been sent. */
  #fallback: Fallback<Cluster> | null = null;

  constructor(environment: ForwardEnvironment, relay: Relay, deadline: RequestDeadline) {
    this.#environment = environment;
    this.#relay = relay;
    this.#deadline = deadline;
  }

  /** How long nothing may move; 0 where the route does not say. */
  get idleTimeoutMs(): number {
    return this.#action === null ? 0 : this.#action.idleTimeoutMs;
  }

  /** What comes of it is told to the relay. */
  start(action: ForwardAction<Cluster>, route: Route<Cluster>): void {
    const relay = this.#relay;
    const { upstream } = relay;
    const { head } = relay.record;
    const resumed = action.session === null ? null : upstream.resume(action.session);
    const edited = resumed ?? (action.pickEdited === null ? null : action.pickEdited());
    if (edited !== null) relay.responseHeaders = edited.responseHeaders;
    const bounds = head.hasControls ? takeControls(head, action, this.#controlTrust()) : action;
    this.#action = action;
    this.#bounds = bounds;
    this.#fallback = action.fallback;
    const refusal =
      edited === null
        ? upstream.enter(action.pick(), action, route.requestHeaders, action.pathRewrite, bounds)
        : upstream.enter(edited.destination, action, edited.requestHeaders, edited.pathRewrite, bounds);
    this.#armDeadlines(action, bounds);
    if (refusal !== null) {
      relay.onNoAnswer(refusal.failure, refusal.detail);
      return;
    }
    if (action.mirrors !== null && head.upgrade === '') {
      relay.mirrors = Mirrors.start(action.mirrors, upstream.outgoing, head, bounds.timeoutMs, this.#environment);
    }
    upstream.attempt();
    this.#fallback = null;
  }

  #armDeadlines(action: ForwardAction<Cluster>, { timeoutMs }: RequestBounds): void {
    const { record, upstream } = this.#relay;
    const callMs = record.head.isGrpc ? this.#boundCall(action) : 0;
    if (callMs > 0) this.#deadline.armForCall(callMs, record.startedAtMs);
    if (action.maxStreamMs > 0) this.#deadline.armForStream(action.maxStreamMs, record.startedAtMs);
    if (timeoutMs > 0) {
      const isCallers = timeoutMs !== action.timeoutMs && this.#environment.direction === 'inbound';
      this.#deadline.armForRoute(isCallers ? timeoutMs + CALLERS_LEAD_MS : timeoutMs, upstream.isRequestEnded);
    }
  }

  /** Tells the upstream side how long a call may take, by its client and its route; 0 is no bound. */
  #boundCall({ maxCallMs }: ForwardAction<Cluster>): number {
    const { record, upstream } = this.#relay;
    const saidMs = grpcTimeoutMs(record.head.block);
    const boundMs = atMost(saidMs, maxCallMs);
    if (boundMs > 0) upstream.boundCall(boundMs, boundMs !== saidMs);
    return boundMs;
  }

  /** A sidecar vouches for what it says of its own application; on the outbound side that is ours. */
  #controlTrust(): ControlTrust {
    if (this.#environment.direction === 'outbound') return 'all';
    return this.#relay.record.peer.principal === '' ? 'none' : 'deadline';
  }

  /**
   * For a request that has failed so: its fallback's answer, or `moved` where it has gone to another cluster and nothing more
   * is to be done; null where there is no help. Only for requests of which nothing was sent, and whose client has not said
   * anything since their head.
   */
  fallBack(failure: Failure, detail: string): LocalReply | 'moved' | null {
    const fallback = this.#fallback;
    if (fallback === null) return null;
    this.#fallback = null;
    const served = servedInstead.get(failure);
    const { record, upstream } = this.#relay;
    const { head } = record;
    if (served === undefined || upstream.isRequestEnded !== head.isComplete) return null;
    if (fallback.kind === 'respond' && head.isGrpc) return null;
    if (upstream.cluster !== null) upstream.cluster.counters.fallbacks++;
    if (fallback.kind === 'respond') {
      record.failure = served;
      record.detail = detail;
      record.responseBytes = fallback.body.length;
      return fallback;
    }
    const action = this.#action as ForwardAction<Cluster>; // set with the fallback, as are these
    const bounds = this.#bounds as RequestBounds;
    upstream.finish(failures[failure].status);
    upstream.begin(head, record.startedAtMs);
    const edit = record.route?.requestHeaders ?? null;
    if (upstream.enter(fallback.destination, action, edit, action.pathRewrite, bounds) !== null) return null;
    record.failure = served;
    if (head.isGrpc) this.#boundCall(action);
    upstream.attempt();
    return 'moved';
  }

  /** The request is over. */
  end(): void {
    this.#action = null;
  }
}

/** The shorter one of two times of which 0 is none. */
function atMost(ms: number, maxMs: number): number {
  return maxMs > 0 && (ms === 0 || ms > maxMs) ? maxMs : ms;
}

/** What a request that its route's fallback has served is recorded with. */
const servedInstead: ReadonlyMap<Failure, Failure> = new Map([
  ['upstreamOverflow', 'overflowFallback'],
  ['noHealthyUpstream', 'unhealthyFallback'],
]);
