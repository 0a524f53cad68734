import type { Output } from '../../proto/load.ts';
import type { ResourceTypeUrl } from '../../proto/type-urls.ts';
import type { SnapshotResource } from './resource-gate.ts';
import type {
  Acknowledgement,
  NextOptions,
  Outgoing,
  SubscribedResource,
  Subscription,
  TypeView,
} from './subscription.ts';
import { checkNames, maxResponseBytes, wildcardName } from './subscription.ts';

type DeltaRequest = Output<'envoy.service.discovery.v3.DeltaDiscoveryRequest'>;

/**
 * A subscription on an incremental stream.
 *
 * A name asked for is always answered, also when it was sent before or does not exist (`removed_resources`); the only
 * exception is a version that the client says it still has from an earlier stream. Subscriptions count even in a request
 * whose nonce is stale; its ACK or NACK does not.
 *
 * Source: xDS transport protocol, "Incremental xDS".
 */
export class DeltaSubscription implements Subscription<DeltaRequest> {
  readonly typeUrl: ResourceTypeUrl;
  readonly #names = new Set<string>();
  #isWildcard = false;
  #isFirstRequest = true;
  /** The first request on a wildcard is answered even when there is nothing, so that the client need not wait. */
  #owesFirstAnswer = false;
  /** Version that the client has, as sent or by its own account; `null` after it was told that there is none. */
  readonly #known = new Map<string, string | null>();
  readonly #acknowledged = new Map<string, string>();
  /** To be answered whether it changed or not. */
  readonly #owed = new Set<string>();
  #outstanding: { readonly nonce: string; readonly resources: readonly SnapshotResource[] } | null = null;

  constructor(typeUrl: ResourceTypeUrl) {
    this.typeUrl = typeUrl;
  }

  get isAwaitingAnswer(): boolean {
    return this.#outstanding !== null;
  }

  receive(request: DeltaRequest): Acknowledgement | null {
    const { resource_names_subscribe: subscribe, resource_names_unsubscribe: unsubscribe } = request;
    checkNames(subscribe, this.#names.size);
    if (this.#isFirstRequest) {
      this.#isFirstRequest = false;
      const initial = Object.entries(request.initial_resource_versions);
      checkNames(
        initial.map(([name]) => name),
        0,
      );
      for (const [name, version] of initial) {
        this.#known.set(name, version);
        this.#acknowledged.set(name, version);
      }
      if (subscribe.length === 0) {
        this.#isWildcard = true;
        this.#owesFirstAnswer = true;
      }
      for (const name of subscribe) {
        this.#subscribe(name, this.#known.has(name));
      }
      for (const [name] of initial) {
        if (!this.covers(name)) {
          this.#forget(name);
        }
      }
    } else {
      for (const name of subscribe) {
        this.#subscribe(name, false);
      }
    }
    for (const name of unsubscribe) {
      this.#unsubscribe(name);
    }
    return this.#answer(request);
  }

  hasMore(view: TypeView, withRemovals: boolean): boolean {
    return this.#owesFirstAnswer || !this.#difference(view, withRemovals, 1).next().done;
  }

  next(view: TypeView, { withRemovals, nonce }: NextOptions): Outgoing | null {
    if (this.#outstanding !== null) {
      return null;
    }
    const resources: SnapshotResource[] = [];
    const removed: string[] = [];
    for (const change of this.#difference(view, withRemovals, maxResponseBytes)) {
      if (typeof change === 'string') {
        removed.push(change);
      } else {
        resources.push(change);
      }
    }
    if (resources.length === 0 && removed.length === 0 && !this.#owesFirstAnswer) {
      return null;
    }
    this.#owesFirstAnswer = false;
    for (const { name, version } of resources) {
      this.#known.set(name, version);
      this.#owed.delete(name);
    }
    for (const name of removed) {
      this.#owed.delete(name);
      this.#acknowledged.delete(name);
      if (this.#names.has(name)) {
        this.#known.set(name, null);
      } else {
        this.#known.delete(name);
      }
    }
    this.#outstanding = { nonce, resources };
    return { resources, removed };
  }

  resend(name: string): void {
    if (this.covers(name)) {
      this.#owed.add(name);
    }
  }

  covers(name: string): boolean {
    return this.#isWildcard || this.#names.has(name);
  }

  *resources(view: TypeView): Generator<SubscribedResource> {
    for (const name of this.#wanted(view)) {
      const { resource, fault } = view.find(name);
      yield {
        name,
        current: resource?.version ?? null,
        fault,
        sent: this.#known.get(name),
        acknowledged: this.#acknowledged.get(name),
      };
    }
  }

  #subscribe(name: string, isHeld: boolean): void {
    if (name === wildcardName) {
      this.#owesFirstAnswer ||= !this.#isWildcard;
      this.#isWildcard = true;
      return;
    }
    this.#names.add(name);
    if (!isHeld) {
      this.#owed.add(name);
    }
  }

  #unsubscribe(name: string): void {
    if (name === wildcardName) {
      this.#isWildcard = false;
      for (const known of this.#known.keys()) {
        if (!this.#names.has(known)) {
          this.#forget(known);
        }
      }
    } else if (this.#names.delete(name)) {
      if (this.#isWildcard) {
        // The client has dropped it; the wildcard may still cover it, or not: it must hear which.
        this.#owed.add(name);
      } else {
        this.#forget(name);
      }
    }
  }

  #forget(name: string): void {
    this.#known.delete(name);
    this.#acknowledged.delete(name);
    this.#owed.delete(name);
  }

  #answer({ response_nonce: nonce, error_detail: error }: DeltaRequest): Acknowledgement | null {
    if (this.#outstanding === null || nonce === '' || nonce !== this.#outstanding.nonce) {
      return null;
    }
    const { resources } = this.#outstanding;
    this.#outstanding = null;
    if (error === null) {
      for (const { name, version } of resources) {
        if (this.#known.get(name) === version) {
          this.#acknowledged.set(name, version);
        }
      }
    }
    return { resources, error: error === null ? null : error.message };
  }

  #wanted(view: TypeView): Iterable<string> {
    return this.#isWildcard ? new Set([...view.names(), ...this.#names]) : this.#names;
  }

  /** Resources to send and names to take away, up to so many bytes, and at least one. */
  *#difference(view: TypeView, withRemovals: boolean, maxBytes: number): Generator<SnapshotResource | string> {
    let bytes = 0;
    const wanted = new Set(this.#wanted(view));
    for (const name of wanted) {
      const change = this.#changeOf(name, view, withRemovals);
      if (change !== null) {
        yield change;
        bytes += typeof change === 'string' ? change.length : change.bytes.length;
      }
      if (bytes >= maxBytes) {
        return;
      }
    }
    // What the wildcard covered and no longer does. These are names alone, far from any bound.
    for (const name of new Set([...this.#owed, ...this.#known.keys()])) {
      if (!wanted.has(name) && (withRemovals || this.#owed.has(name))) {
        yield name;
      }
    }
  }

  #changeOf(name: string, view: TypeView, withRemovals: boolean): SnapshotResource | string | null {
    const { resource, fault } = view.find(name);
    const known = this.#known.get(name);
    if (this.#owed.has(name)) {
      return resource ?? name;
    }
    if (resource !== null) {
      return known === resource.version ? null : resource;
    }
    // An invalid resource takes nothing away from one who has an earlier version.
    const isGone = typeof known === 'string' && fault === null && withRemovals;
    return isGone || known === undefined ? name : null;
  }
}
