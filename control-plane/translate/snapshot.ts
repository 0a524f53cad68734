import type { ResourceTypeUrl } from '../../proto/type-urls.ts';
import type { ServiceDescription } from '../model/service-description.ts';
import type { EncodedResource } from './encoded-resource.ts';
import { MeshResources } from './mesh-resources.ts';
import type { Problem } from './problems/problem.ts';
import type { PortSummary } from './services/port-protocol.ts';
import type { ClientView } from './view/client-view.ts';
import type { MeshView } from './view/mesh-view.ts';

/**
 * One consistent state of the mesh as xDS resources. It never changes; a change of the mesh makes a new one.
 *
 * A resource is made when it is first asked for and kept for all who share it: what nobody subscribes to costs nothing.
 * What was the same in the snapshot before is the very same object here. Equal content always has an equal version.
 */
export class Snapshot {
  /** Of the store's documents that it was made from. */
  readonly revision: number;
  readonly #resources: MeshResources;
  readonly #encoded = new Map<string, EncodedResource>();
  /** What the snapshot before had made. That snapshot itself is let go, or each would hold on to all before it. */
  readonly #before: ReadonlyMap<string, EncodedResource>;
  #problems: readonly Problem[] | null = null;
  #stockGaps: readonly Problem[] | null = null;

  constructor(view: MeshView, previous: Snapshot | null) {
    this.revision = view.revision;
    this.#resources = new MeshResources(view);
    this.#before = previous === null ? new Map() : previous.#encoded;
  }

  /**
   * null when no such resource exists for this client. Such names are not remembered: a client can make up any number.
   */
  resource(client: ClientView, typeUrl: ResourceTypeUrl, name: string): EncodedResource | null {
    const planned = this.#resources.find(client, typeUrl, name);
    if (planned === null) {
      return null;
    }
    const key = `${planned.scope} ${typeUrl} ${name}`;
    let encoded = this.#encoded.get(key);
    if (encoded === undefined) {
      encoded = planned.encode(this.#before.get(key));
      this.#encoded.set(key, encoded);
    }
    return encoded;
  }

  /** Every resource of a type that exists for this client, for clients that ask for all instead of by name. */
  names(client: ClientView, typeUrl: ResourceTypeUrl): readonly string[] {
    return this.#resources.names(client, typeUrl);
  }

  /** What the ports of a service carry, by number; empty for one that there is not. */
  servicePorts(namespace: string, name: string): readonly PortSummary[] {
    return this.#resources.servicePorts(namespace, name);
  }

  /** What decides about calls to the service from a namespace; null when there is no such service. */
  describe(namespace: string, name: string, callerNamespace: string): ServiceDescription | null {
    return this.#resources.describe({ namespace, name }, callerNamespace, this.problems());
  }

  /** What documents ask for and a stock Envoy cannot have. */
  stockGaps(): readonly Problem[] {
    this.#stockGaps ??= this.#resources.stockGaps();
    return this.#stockGaps;
  }

  /** What documents ask for and cannot have. */
  problems(): readonly Problem[] {
    this.#problems ??= this.#resources.problems();
    return this.#problems;
  }
}

/**
 * The way from the model to xDS: pure, and lazy, so it returns at once. `previous` saves making again what did not
 * change.
 */
export function translate(view: MeshView, previous: Snapshot | null = null): Snapshot {
  return new Snapshot(view, previous);
}
