import type { RouteConfiguration__Output } from '../../proto/generated/envoy/config/route/v3/RouteConfiguration.ts';
import { parseClusterName } from '../../proto/names.ts';
import type { ResourceTypeUrl } from '../../proto/type-urls.ts';
import {
  CLUSTER_LOAD_ASSIGNMENT_TYPE_URL,
  CLUSTER_TYPE_URL,
  LISTENER_TYPE_URL,
  ROUTE_CONFIGURATION_TYPE_URL,
} from '../../proto/type-urls.ts';
import type { Clock } from '../clock.ts';
import { systemClock } from '../clock.ts';
import type { Cluster } from '../cluster/cluster.ts';
import { dividedLimits } from '../cluster/divided-limits.ts';
import type { RateLimitService } from '../filter/global-rate-limit.ts';
import type { FilterChains } from '../route/filter-chains.ts';
import type { RouteTable } from '../route/route-table.ts';
import type { ConfigurationTarget } from './apply.ts';
import { connectionRate } from './compile-connection-rate.ts';
import type { FilterEnvironment } from './compile-filters.ts';
import type { RateLimitServiceConfig } from './compile-global-rate-limit.ts';
import type { ListenerConfig } from './compile-listener.ts';
import { compileRouteConfiguration } from './compile-route.ts';
import type { ResourceName } from './delta-state.ts';
import { liveChains } from './live-chains.ts';
import type { LiveClusters } from './live-clusters.ts';
import { OnDemandResources } from './on-demand-resources.ts';
import type { ParsedResource } from './parse-resource.ts';

export interface LiveObjectsOptions {
  readonly clusters: LiveClusters;
  /** Processes among which the limits of a cluster are divided. Default 1. */
  readonly limitShare?: number;
  /** Something here is going to use this resource; its content comes through `put` or `absent`. */
  want(name: ResourceName): void;
  release(name: ResourceName): void;
  /** Whether the control plane can be asked now. */
  isConnected(): boolean;
  /** The listener, one of the sidecar's own, serves this from now on; `externalHosts` have routes by name. */
  putListener(name: string, chains: FilterChains<Cluster>, externalHosts: readonly string[]): void;
  /** The control plane says that there is no such listener. */
  removeListener(name: string): void;
  readonly clock?: Clock;
  readonly filters: FilterEnvironment;
  /** Who asks the rate limit service behind a cluster. */
  rateLimitServiceAt(cluster: Cluster, config: RateLimitServiceConfig): RateLimitService;
}

/**
 * The objects that requests meet, made of the resources in force: clusters, route tables, what listeners serve. When a
 * resource may take effect is not decided here; whatever is put counts at once.
 */
export class LiveObjects implements ConfigurationTarget {
  readonly routes: OnDemandResources<RouteTable<Cluster>>;
  /** What the ports of services carry, by the name of their listener. */
  readonly listeners: OnDemandResources<FilterChains<Cluster>>;
  readonly #options: LiveObjectsOptions;
  readonly #clusters: LiveClusters;

  constructor(options: LiveObjectsOptions) {
    this.#options = options;
    this.#clusters = options.clusters;
    this.routes = this.#onDemand(ROUTE_CONFIGURATION_TYPE_URL);
    this.listeners = this.#onDemand(LISTENER_TYPE_URL);
  }

  #onDemand<T extends object>(typeUrl: ResourceTypeUrl): OnDemandResources<T> {
    const { clock = systemClock, want, release, isConnected } = this.#options;
    return new OnDemandResources<T>(
      (name) => want({ typeUrl, name }),
      (name) => release({ typeUrl, name }),
      { clock, isConnected },
    );
  }

  put({ meaning, name }: ParsedResource): void {
    switch (meaning.kind) {
      case 'endpoints':
        this.#clusters.putEndpoints(name, meaning.endpoints);
        break;
      case 'cluster':
        this.#clusters.put(dividedLimits(meaning.config, this.#options.limitShare ?? 1));
        break;
      case 'routes':
        this.routes.settle(name, this.#table(meaning.configuration));
        break;
      case 'listener':
        this.#putListener(meaning.config);
        break;
      case 'roots':
        // Part of the identity; see `ApplySink.putRoots`.
        break;
    }
  }

  absent({ typeUrl, name }: ResourceName): void {
    if (typeUrl === CLUSTER_TYPE_URL) this.#clusters.absent(name);
    else if (typeUrl === ROUTE_CONFIGURATION_TYPE_URL) this.routes.settle(name, 'absent');
    else if (typeUrl === LISTENER_TYPE_URL && isOfService(name)) this.listeners.settle(name, 'absent');
    else this.#drop({ typeUrl, name });
  }

  forget({ typeUrl, name }: ResourceName): void {
    if (typeUrl === CLUSTER_TYPE_URL) this.#clusters.forget(name);
    else this.#drop({ typeUrl, name });
  }

  remember({ typeUrl, name }: ResourceName): void {
    if (typeUrl === LISTENER_TYPE_URL) this.listeners.remember(name);
    else this.routes.remember(name);
  }

  whenInForce(callback: (refusal: null) => void): void {
    callback(null);
  }

  #drop({ typeUrl, name }: ResourceName): void {
    if (typeUrl === CLUSTER_LOAD_ASSIGNMENT_TYPE_URL) this.#clusters.removeEndpoints(name);
    else if (typeUrl === LISTENER_TYPE_URL && !isOfService(name)) this.#options.removeListener(name);
  }

  #putListener(config: ListenerConfig): void {
    const chains = liveChains(config, {
      cluster: (name) => this.#clusters.get(name),
      table: (routes, rateLimitService) => this.#table(routes, rateLimitService),
      random: this.#options.filters.random,
      rate: (rates) => connectionRate(rates, this.#options.filters),
    });
    if (isOfService(config.name)) this.listeners.settle(config.name, chains);
    else this.#options.putListener(config.name, chains, config.externalHosts);
  }

  #table(configuration: RouteConfiguration__Output, counts: RateLimitServiceConfig | null = null): RouteTable<Cluster> {
    const { filters, rateLimitServiceAt } = this.#options;
    const rateLimitService =
      counts === null
        ? null
        : { config: counts, service: rateLimitServiceAt(this.#clusters.get(counts.cluster), counts) };
    return compileRouteConfiguration(configuration, (name) => this.#clusters.get(name), {
      ...filters,
      rateLimitService,
    });
  }
}

/** Whether a listener says what a service's port carries; all others are the sidecar's own. */
function isOfService(listenerName: string): boolean {
  return parseClusterName(listenerName)?.direction === 'outbound';
}
