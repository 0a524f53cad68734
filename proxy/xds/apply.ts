import { parseClusterName } from '../../proto/names.ts';
import {
  CLUSTER_LOAD_ASSIGNMENT_TYPE_URL,
  CLUSTER_TYPE_URL,
  LISTENER_TYPE_URL,
  ROUTE_CONFIGURATION_TYPE_URL,
  SECRET_TYPE_URL,
} from '../../proto/type-urls.ts';
import type { Clock } from '../clock.ts';
import { systemClock } from '../clock.ts';
import type { RefusedResource } from './ads-client.ts';
import type { ResourceName } from './delta-state.ts';
import type { ParsedResource } from './parse-resource.ts';
import { removalGraceMs, Warming } from './warming.ts';

/** What is needed stands before what needs it. */
const typeOrder = [
  SECRET_TYPE_URL,
  CLUSTER_LOAD_ASSIGNMENT_TYPE_URL,
  CLUSTER_TYPE_URL,
  ROUTE_CONFIGURATION_TYPE_URL,
  LISTENER_TYPE_URL,
];

/** Who carries out what `Configuration` decides, in the order of its calls. */
export interface ConfigurationTarget {
  /** Endpoints, a cluster, routes or a listener; all it needs was put before, or is absent. */
  put(resource: ParsedResource): void;
  absent(name: ResourceName): void;
  /** Nothing needs it any more. */
  forget(name: ResourceName): void;
  /** An earlier run had asked for these routes, or this listener, on demand: as if they had just been used. */
  remember(name: ResourceName): void;
  /**
   * Calls back when all calls before this one have taken effect; at once where they do so at once. `refusal`: why what was put
   * last was not taken by somebody who could not say so at once, which costs this resource alone, as when `put` throws.
   */
  whenInForce(callback: (refusal: string | null) => void): void;
}

/** Who has to do with a change of configuration besides the objects that requests meet. */
export interface ApplySink {
  subscribe(name: ResourceName): void;
  unsubscribe(name: ResourceName): void;
  /** The trust domain's roots. Throws when they cannot be used; those before stay. */
  putRoots(pem: string): void;
  /** This version decides requests from now on. */
  inForce(resource: ParsedResource): void;
  /** No version of it does any more. */
  removed(name: ResourceName): void;
  rejected(resource: RefusedResource): void;
}

/** A resource as the configuration dump shows it. */
export interface ConfigEntry {
  readonly resource: ParsedResource;
  readonly state: 'active' | 'warming';
}

/** Carries received configuration over to the objects that requests meet, in an order that breaks none (see `Warming`). */
export class Configuration {
  readonly #warming: Warming<ParsedResource>;
  readonly #target: ConfigurationTarget;
  readonly #sink: ApplySink;
  readonly #clock: Clock;
  /** Latest refusal by type and name, until a good version comes. */
  readonly #rejected = new Map<string, RefusedResource>();

  constructor(target: ConfigurationTarget, sink: ApplySink, clock: Clock = systemClock) {
    this.#target = target;
    this.#sink = sink;
    this.#clock = clock;
    this.#warming = new Warming<ParsedResource>(typeOrder, {
      subscribe: (name) => sink.subscribe(nameOf(name)),
      unsubscribe: (name) => {
        sink.unsubscribe(nameOf(name));
        // A refused resource may never have been in force, and then nothing else says that it is of no concern now.
        if (this.#rejected.delete(keyOf(name))) sink.removed(nameOf(name));
      },
      put: (resource) => this.#put(resource),
      absent: (name) => this.#absent(name),
      forget: (name) => this.#forget(name),
    });
  }

  /** Wants a resource for its own sake, until it is released. */
  want(name: ResourceName): void {
    this.#warming.addRoot(name);
  }

  release(name: ResourceName): void {
    this.#warming.removeRoot(name, this.#clock.now());
  }

  receive(
    changed: readonly ParsedResource[],
    removed: readonly ResourceName[],
    refused: readonly RefusedResource[],
  ): void {
    for (const resource of refused) {
      this.#rejected.set(keyOf(resource), resource);
      this.#sink.rejected(resource);
    }
    for (const name of [...changed, ...removed]) this.#rejected.delete(keyOf(name));
    this.#warming.update(changed, removed, this.#clock.now());
    if (removed.length > 0) {
      this.#clock.after(removalGraceMs, () => this.#warming.expireRemovals(this.#clock.now()));
    }
  }

  /** The control plane has not answered in time. */
  unanswered(name: ResourceName): void {
    this.#warming.giveUp(name, this.#clock.now());
  }

  /**
   * Puts in force what an earlier run had. Answers the resources that were taken: those that something still needs.
   * What was asked for on demand is wanted again, so that it works without the control plane as it did.
   */
  restore(resources: readonly ParsedResource[]): ParsedResource[] {
    for (const { typeUrl, name } of resources) {
      if (isOnDemand({ typeUrl, name })) this.#target.remember({ typeUrl, name });
    }
    // Needing first: what it needs is not known here before.
    for (const typeUrl of typeOrder.toReversed()) {
      const ofType = resources.filter((resource) => resource.typeUrl === typeUrl);
      this.#warming.update(ofType, [], this.#clock.now());
    }
    return resources.filter((resource) => this.#warming.latest(resource) === resource);
  }

  /** The version in force, `'absent'` when the control plane said that there is none, null while nothing is known. */
  inForce(name: ResourceName): ParsedResource | 'absent' | null {
    return this.#warming.inForce(name);
  }

  /** All that is in force, needed before needing. */
  resources(): Iterable<ParsedResource> {
    return this.#warming.resources();
  }

  *entries(): Iterable<ConfigEntry> {
    for (const resource of this.#warming.resources()) yield { resource, state: 'active' };
    for (const { resource } of this.#warming.waiting()) yield { resource, state: 'warming' };
  }

  get rejected(): Iterable<RefusedResource> {
    return this.#rejected.values();
  }

  /** What has been received and not yet put in force, each with what it waits for; for logs and readiness. */
  *waiting(): Iterable<string> {
    for (const { resource, missing } of this.#warming.waiting()) {
      yield `${resource.name} waits for ${missing.map(({ name }) => name).join(', ')}`;
    }
  }

  #put(resource: ParsedResource): void {
    try {
      if (resource.meaning.kind === 'roots') this.#sink.putRoots(resource.meaning.pem);
      else this.#target.put(resource);
    } catch (error) {
      // roots may be unusable; anything else is a fault of ours, which must cost one resource and not all that are served
      this.#refuse(resource, (error as Error).message);
      return;
    }
    this.#target.whenInForce((refusal) => {
      if (refusal === null) this.#sink.inForce(resource);
      else this.#refuse(resource, refusal);
    });
  }

  #refuse({ typeUrl, name, version }: ParsedResource, reason: string): void {
    this.#sink.rejected({ typeUrl, name, version, reason });
  }

  #absent(name: ResourceName): void {
    this.#target.absent(nameOf(name));
    this.#target.whenInForce(() => this.#sink.removed(nameOf(name)));
  }

  #forget(name: ResourceName): void {
    this.#target.forget(nameOf(name));
    this.#target.whenInForce(() => this.#sink.removed(nameOf(name)));
  }
}

/** Routes, and the listeners of services; the sidecar's own listeners are wanted from the start. */
function isOnDemand({ typeUrl, name }: ResourceName): boolean {
  if (typeUrl === LISTENER_TYPE_URL) return parseClusterName(name)?.direction === 'outbound';
  return typeUrl === ROUTE_CONFIGURATION_TYPE_URL;
}

/** Only the two, since the objects of `Warming` carry more. */
function nameOf({ typeUrl, name }: ResourceName): ResourceName {
  return { typeUrl, name };
}

function keyOf({ typeUrl, name }: ResourceName): string {
  return `${typeUrl} ${name}`;
}
