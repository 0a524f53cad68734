import {
  CLUSTER_LOAD_ASSIGNMENT_TYPE_URL,
  CLUSTER_TYPE_URL,
  LISTENER_TYPE_URL,
  ROUTE_CONFIGURATION_TYPE_URL,
  SECRET_TYPE_URL,
} from '../../proto/type-urls.ts';
import type { Clock } from '../clock.ts';
import { systemClock } from '../clock.ts';
import type { Cluster } from '../cluster/cluster.ts';
import type { RouteTable } from '../route/route-table.ts';
import type { RefusedResource } from './ads-client.ts';
import type { ListenerConfig } from './compile-listener.ts';
import { compileRouteConfiguration } from './compile-route.ts';
import type { ResourceName } from './delta-state.ts';
import type { LiveClusters } from './live-clusters.ts';
import { OnDemandRoutes } from './on-demand-routes.ts';
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

/** Who has to do with a change of configuration besides the clusters and routes themselves. */
export interface ApplySink {
  /** Whether the control plane can be asked now. */
  isConnected(): boolean;
  subscribe(name: ResourceName): void;
  unsubscribe(name: ResourceName): void;
  /** The listener serves these routes from now on. */
  putListener(config: ListenerConfig, routes: RouteTable<Cluster>): void;
  /** The control plane says that there is no such listener. */
  removeListener(name: string): void;
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

/**
 * Carries received configuration over to live objects, in an order that breaks no request (see `Warming`), and answers
 * which routes a service name has, asking for them on first use.
 */
export class Configuration {
  readonly routes: OnDemandRoutes<RouteTable<Cluster>>;
  readonly #warming: Warming<ParsedResource>;
  readonly #clusters: LiveClusters;
  readonly #sink: ApplySink;
  readonly #clock: Clock;
  readonly #random: () => number;
  /** Latest refusal by type and name, until a good version comes. */
  readonly #rejected = new Map<string, RefusedResource>();

  constructor(clusters: LiveClusters, sink: ApplySink, clock: Clock = systemClock, random = Math.random) {
    this.#clusters = clusters;
    this.#sink = sink;
    this.#clock = clock;
    this.#random = random;
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
    this.routes = new OnDemandRoutes<RouteTable<Cluster>>(
      (name) => this.#warming.addRoot({ typeUrl: ROUTE_CONFIGURATION_TYPE_URL, name }),
      (name) => this.#warming.removeRoot({ typeUrl: ROUTE_CONFIGURATION_TYPE_URL, name }, clock.now()),
      { clock, isConnected: () => sink.isConnected() },
    );
  }

  /** Wants a listener or a secret, for good. Routes are wanted through `routes`. */
  want(name: ResourceName): void {
    this.#warming.addRoot(name);
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
   * Routes that were asked for on demand are wanted again, so that they work without the control plane as they did.
   */
  restore(resources: readonly ParsedResource[]): ParsedResource[] {
    for (const { typeUrl, name } of resources) {
      if (typeUrl === ROUTE_CONFIGURATION_TYPE_URL) this.routes.remember(name);
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
    const { meaning, name } = resource;
    switch (meaning.kind) {
      case 'endpoints':
        this.#clusters.putEndpoints(name, meaning.endpoints);
        break;
      case 'cluster':
        this.#clusters.put(meaning.config);
        break;
      case 'routes':
        this.routes.settle(name, this.#table(meaning.configuration));
        break;
      case 'listener':
        this.#sink.putListener(meaning.config, this.#table(meaning.config.routes));
        break;
      case 'roots':
        try {
          this.#sink.putRoots(meaning.pem);
        } catch (error) {
          this.#sink.rejected({ ...nameOf(resource), version: resource.version, reason: (error as Error).message });
          return;
        }
        break;
    }
    this.#sink.inForce(resource);
  }

  #absent(name: ResourceName): void {
    if (name.typeUrl === CLUSTER_TYPE_URL) this.#clusters.absent(name.name);
    else if (name.typeUrl === ROUTE_CONFIGURATION_TYPE_URL) this.routes.settle(name.name, 'absent');
    else this.#drop(name);
    this.#sink.removed(nameOf(name));
  }

  #forget(name: ResourceName): void {
    if (name.typeUrl === CLUSTER_TYPE_URL) this.#clusters.forget(name.name);
    else this.#drop(name);
    this.#sink.removed(nameOf(name));
  }

  #drop({ typeUrl, name }: ResourceName): void {
    if (typeUrl === CLUSTER_LOAD_ASSIGNMENT_TYPE_URL) this.#clusters.removeEndpoints(name);
    else if (typeUrl === LISTENER_TYPE_URL) this.#sink.removeListener(name);
  }

  #table(configuration: Parameters<typeof compileRouteConfiguration>[0]): RouteTable<Cluster> {
    return compileRouteConfiguration(configuration, (name) => this.#clusters.get(name), this.#random);
  }
}

/** Only the two, since the objects of `Warming` carry more. */
function nameOf({ typeUrl, name }: ResourceName): ResourceName {
  return { typeUrl, name };
}

function keyOf({ typeUrl, name }: ResourceName): string {
  return `${typeUrl} ${name}`;
}
