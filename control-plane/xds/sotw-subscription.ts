import { createHash } from 'node:crypto';
import type { Output } from '../../proto/load.ts';
import type { ResourceTypeUrl } from '../../proto/type-urls.ts';
import { CLUSTER_TYPE_URL, LISTENER_TYPE_URL } from '../../proto/type-urls.ts';
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

type SotwRequest = Output<'envoy.service.discovery.v3.DiscoveryRequest'>;

/**
 * A subscription on a state-of-the-world stream.
 *
 * A request names everything the client wants of the type; one with a stale nonce is ignored whole. Listeners and
 * clusters are always sent all together, and what is missing is gone. Other types are sent in part: what changed and what
 * is newly asked for. They are never taken away, and a name that does not exist is not answered: the protocol has no
 * word for either.
 *
 * Source: xDS transport protocol, "State of the World".
 */
export class SotwSubscription implements Subscription<SotwRequest> {
  readonly typeUrl: ResourceTypeUrl;
  readonly #isFull: boolean;
  readonly #names = new Set<string>();
  #isWildcard = false;
  /** Once a name was given, an empty list means "nothing" instead of "all". */
  #hasNamed = false;
  readonly #sent = new Map<string, SnapshotResource>();
  readonly #acknowledged = new Map<string, string>();
  readonly #owed = new Set<string>();
  /** Full types: the whole set is due, also when nothing in it changed. */
  #owesAll = false;
  #lastNonce = '';
  #outstanding: readonly SnapshotResource[] | null = null;

  constructor(typeUrl: ResourceTypeUrl) {
    this.typeUrl = typeUrl;
    this.#isFull = typeUrl === LISTENER_TYPE_URL || typeUrl === CLUSTER_TYPE_URL;
  }

  get isAwaitingAnswer(): boolean {
    return this.#outstanding !== null;
  }

  receive(request: SotwRequest): Acknowledgement | null {
    const { resource_names: names, response_nonce: nonce, error_detail: error } = request;
    checkNames(names, 0);
    if (nonce !== this.#lastNonce) {
      return null;
    }
    this.#rename(names);
    if (this.#outstanding === null) {
      return null;
    }
    const resources = this.#outstanding;
    this.#outstanding = null;
    if (error === null) {
      for (const { name, version } of resources) {
        if (this.#sent.get(name)?.version === version) {
          this.#acknowledged.set(name, version);
        }
      }
    }
    return { resources, error: error === null ? null : error.message };
  }

  hasMore(view: TypeView, withRemovals: boolean): boolean {
    return this.#isFull ? this.#fullSet(view, withRemovals) !== null : this.#changed(view).next().done === false;
  }

  next(view: TypeView, { withRemovals, nonce }: NextOptions): Outgoing | null {
    if (this.#outstanding !== null) {
      return null;
    }
    const resources = this.#isFull ? this.#fullSet(view, withRemovals) : this.#part(view);
    if (resources === null) {
      return null;
    }
    if (this.#isFull) {
      this.#sent.clear();
      this.#owesAll = false;
    }
    for (const resource of resources) {
      this.#sent.set(resource.name, resource);
      this.#owed.delete(resource.name);
    }
    this.#outstanding = resources;
    this.#lastNonce = nonce;
    return { resources, removed: [] };
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
        sent: this.#sent.get(name)?.version,
        acknowledged: this.#acknowledged.get(name),
      };
    }
  }

  #rename(names: readonly string[]): void {
    const explicit = names.filter((name) => name !== wildcardName);
    const isWildcard = names.includes(wildcardName) || (names.length === 0 && !this.#hasNamed && this.#isFull);
    this.#owesAll ||= this.#isFull && isWildcard && !this.#isWildcard;
    this.#isWildcard = isWildcard;
    this.#hasNamed ||= names.length > 0;
    const wanted = new Set(explicit);
    for (const name of wanted) {
      if (!this.#names.has(name)) {
        this.#names.add(name);
        this.#owed.add(name);
        this.#owesAll ||= this.#isFull;
      }
    }
    for (const name of this.#names) {
      if (!wanted.has(name)) {
        this.#names.delete(name);
        this.#owed.delete(name);
        if (!isWildcard) {
          this.#sent.delete(name);
          this.#acknowledged.delete(name);
        }
      }
    }
  }

  #wanted(view: TypeView): Iterable<string> {
    return this.#isWildcard ? new Set([...view.names(), ...this.#names]) : this.#names;
  }

  /** The whole set, or `null` when the client has just that. */
  #fullSet(view: TypeView, withRemovals: boolean): SnapshotResource[] | null {
    const resources = new Map<string, SnapshotResource>();
    for (const name of this.#wanted(view)) {
      const { resource, fault } = view.find(name);
      // An invalid resource takes nothing away from one who has an earlier version.
      const kept = resource ?? (fault === null && withRemovals ? null : (this.#sent.get(name) ?? null));
      if (kept !== null) {
        resources.set(name, kept);
      }
    }
    for (const [name, resource] of this.#sent) {
      if (!withRemovals && !resources.has(name)) {
        resources.set(name, resource);
      }
    }
    const isSame =
      resources.size === this.#sent.size &&
      [...resources].every(([name, { version }]) => this.#sent.get(name)?.version === version);
    return isSame && !this.#owesAll ? null : [...resources.values()];
  }

  #part(view: TypeView): SnapshotResource[] | null {
    const resources: SnapshotResource[] = [];
    let bytes = 0;
    for (const resource of this.#changed(view)) {
      resources.push(resource);
      bytes += resource.bytes.length;
      if (bytes >= maxResponseBytes) {
        break;
      }
    }
    return resources.length === 0 ? null : resources;
  }

  *#changed(view: TypeView): Generator<SnapshotResource> {
    for (const name of this.#wanted(view)) {
      const { resource } = view.find(name);
      if (resource !== null && (this.#owed.has(name) || this.#sent.get(name)?.version !== resource.version)) {
        yield resource;
      }
    }
  }
}

/** What a response calls itself: a hash of what is in it, so that equal content has equal versions on all replicas. */
export function versionOf(resources: readonly SnapshotResource[]): string {
  const hash = createHash('sha256');
  for (const { name, version } of resources) {
    hash.update(`${name} ${version}\n`);
  }
  return hash.digest('hex').slice(0, 16);
}
