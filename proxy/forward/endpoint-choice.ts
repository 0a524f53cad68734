import type { HashKey } from '../balance/hash-key.ts';
import type { Cluster } from '../cluster/cluster.ts';
import type { Endpoint } from '../cluster/endpoint.ts';
import type { RequestHead } from '../message-head.ts';
import type { HashPolicies } from '../route/hash-policy.ts';
import { RequestAffinity } from '../route/hash-policy.ts';
import type { EditedDestination } from '../route/route.ts';
import type { RouteSession } from '../route/session-state.ts';
import type { SessionToken } from '../route/session-token.ts';

/**
 * Which endpoints one request is tried at: the one that its client's session asks for, then what the cluster's balancer says,
 * by the key that it goes by if any, and then others than those that have failed it. Used again for later requests.
 */
export class EndpointChoice {
  readonly #affinity = new RequestAffinity();
  /** What consistent hashing goes by. */
  #key: HashKey | null = null;
  #session: RouteSession<EditedDestination<Cluster>> | null = null;
  /** What the client has brought; null for nothing. */
  #token: SessionToken | null = null;
  /** Takes the first attempt. */
  #sessionEndpoint: Endpoint | null = null;
  /** Endpoints that have failed this request before the last one did; null for none. */
  #failedBefore: Endpoint[] | null = null;

  /** A request has come. */
  begin(): void {
    this.#key = null;
    this.#session = null;
    this.#token = null;
    this.#sessionEndpoint = null;
    this.#failedBefore = null;
    this.#affinity.answerLines = '';
  }

  /** Finds the endpoint that the client was answered by before, and its destination; null where it is not to be had. */
  resume(session: RouteSession<EditedDestination<Cluster>>, head: RequestHead): EditedDestination<Cluster> | null {
    this.#session = session;
    const token = session.state.sessionIn(head);
    this.#token = token;
    if (token === null) return null;
    for (const destination of session.destinations) {
      this.#sessionEndpoint = destination.destination.sessionEndpoint(token.address);
      if (this.#sessionEndpoint !== null) return destination;
    }
    return null;
  }

  /** The route balances by what requests have in common. `source`: `sourceOf` the client. */
  hash(policies: HashPolicies, head: RequestHead, source: string): void {
    this.#key = policies.keyOf(head, source, this.#affinity);
  }

  /** No other endpoint will do: that of a strict session. */
  get isBound(): boolean {
    return this.#token !== null && this.#session?.isStrict === true;
  }

  /** For the first attempt. Null where nobody is well, or the one that it is bound to is not. */
  first(cluster: Cluster): Endpoint | null {
    if (this.isBound) return this.#boundEndpoint(cluster);
    return this.#sessionEndpoint ?? cluster.pick(null, this.#key);
  }

  /** One that has not failed this request, where that is found within `draws`; never the last while there is another. */
  next(cluster: Cluster, last: Endpoint | null, draws: number): Endpoint | null {
    if (this.isBound) return this.#boundEndpoint(cluster);
    let endpoint = cluster.pick(last, this.#key);
    if (draws === 0 || last === null) return endpoint;
    const failedBefore = this.#failedBefore ?? [];
    for (let draw = 1; draw < draws && endpoint !== null && failedBefore.includes(endpoint); draw++) {
      endpoint = cluster.pick(last, null);
    }
    failedBefore.push(last);
    this.#failedBefore = failedBefore;
    return endpoint;
  }

  /** As long as it is to be had, also for another try. */
  #boundEndpoint(cluster: Cluster): Endpoint | null {
    return this.#token === null ? null : cluster.sessionEndpoint(this.#token.address);
  }

  /** Header lines for an answer of this endpoint, so that the client's next request finds it. */
  answerLines(endpoint: Endpoint | null): string {
    const { answerLines } = this.#affinity;
    if (this.#session === null || endpoint === null) return answerLines;
    return answerLines + this.#session.state.answerLine(endpoint.key, this.#token);
  }
}
