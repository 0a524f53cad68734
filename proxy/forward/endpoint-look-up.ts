import type { Cluster } from '../cluster/cluster.ts';
import type { Endpoint } from '../cluster/endpoint.ts';
import type { Failure } from '../failure.ts';
import type { ForwardEnvironment } from './forward-environment.ts';

/** Whose request waits for a look-up. */
export interface LookUpOwner {
  /** The addresses of its cluster's names are known, or known not to be had: now one can be chosen. */
  onNamesKnown(): void;
  /** Whom it is for was found by its authority. */
  onEndpointFound(endpoint: Endpoint): void;
  onNoEndpointFound(failure: Failure, detail: string): void;
}

/**
 * What has to be looked up before there is an endpoint to choose: the host that a request names itself, where it goes to a
 * passthrough cluster, and a cluster's names, for the first time. One at a time; used again for the next request.
 */
export class EndpointLookUp {
  readonly #environment: Pick<ForwardEnvironment, 'resolvePassthrough'>;
  readonly #owner: LookUpOwner;
  /** Tells the answers that are waited for apart from those that came too late. */
  #generation = 0;

  constructor(environment: Pick<ForwardEnvironment, 'resolvePassthrough'>, owner: LookUpOwner) {
    this.#environment = environment;
    this.#owner = owner;
  }

  /** Whether something has to be looked up, of which the owner hears later. False, which costs nothing, for most clusters. */
  begin(cluster: Cluster, authority: string): boolean {
    if (cluster.config.discovery === 'passthrough') {
      this.#resolve(cluster, authority);
      return true;
    }
    const { names } = cluster;
    if (names === null || names.pending === null) return false;
    this.#awaitNames(names.pending);
    return true;
  }

  /** The owner hears nothing of what is being looked up. */
  cancel(): void {
    this.#generation++;
  }

  #awaitNames(pending: Promise<void>): void {
    const generation = ++this.#generation;
    void pending.then(() => {
      if (generation === this.#generation) this.#owner.onNamesKnown();
    });
  }

  #resolve(cluster: Cluster, authority: string): void {
    const generation = ++this.#generation;
    void this.#environment.resolvePassthrough(cluster, authority).then((resolved) => {
      if (generation !== this.#generation) return;
      if ('failure' in resolved) this.#owner.onNoEndpointFound(resolved.failure, resolved.detail);
      else this.#owner.onEndpointFound(resolved);
    });
  }
}
