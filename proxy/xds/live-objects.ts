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
import type { RouteTable } from '../route/route-table.ts';
import type { ConfigurationTarget } from './apply.ts';
import type { ListenerConfig } from './compile-listener.ts';
import { compileRouteConfiguration } from './compile-route.ts';
import type { ResourceName } from './delta-state.ts';
import type { LiveClusters } from './live-clusters.ts';
import { OnDemandRoutes } from './on-demand-routes.ts';
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
  /** The listener serves these routes from now on. */
  putListener(config: ListenerConfig, routes: RouteTable<Cluster>): void;
  /** The control plane says that there is no such listener. */
  removeListener(name: string): void;
  readonly clock?: Clock;
  readonly random?: () => number;
}

/**
 * The objects that requests meet, made of the resources in force: clusters, route tables, what listeners serve. When a
 * resource may take effect is not decided here; whatever is put counts at once.
 */
export class LiveObjects implements ConfigurationTarget {
  readonly routes: OnDemandRoutes<RouteTable<Cluster>>;
  readonly #options: LiveObjectsOptions;
  readonly #clusters: LiveClusters;
  readonly #random: () => number;

  constructor(options: LiveObjectsOptions) {
    this.#options = options;
    this.#clusters = options.clusters;
    this.#random = options.random ?? Math.random;
    this.routes = new OnDemandRoutes<RouteTable<Cluster>>(
      (name) => options.want({ typeUrl: ROUTE_CONFIGURATION_TYPE_URL, name }),
      (name) => options.release({ typeUrl: ROUTE_CONFIGURATION_TYPE_URL, name }),
      { clock: options.clock ?? systemClock, isConnected: () => options.isConnected() },
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
        this.#options.putListener(meaning.config, this.#table(meaning.config.routes));
        break;
      case 'roots':
        // Part of the identity; see `ApplySink.putRoots`.
        break;
    }
  }

  absent({ typeUrl, name }: ResourceName): void {
    if (typeUrl === CLUSTER_TYPE_URL) this.#clusters.absent(name);
    else if (typeUrl === ROUTE_CONFIGURATION_TYPE_URL) this.routes.settle(name, 'absent');
    else this.#drop({ typeUrl, name });
  }

  forget({ typeUrl, name }: ResourceName): void {
    if (typeUrl === CLUSTER_TYPE_URL) this.#clusters.forget(name);
    else this.#drop({ typeUrl, name });
  }

  remember(routeName: string): void {
    this.routes.remember(routeName);
  }

  whenInForce(callback: () => void): void {
    callback();
  }

  #drop({ typeUrl, name }: ResourceName): void {
    if (typeUrl === CLUSTER_LOAD_ASSIGNMENT_TYPE_URL) this.#clusters.removeEndpoints(name);
    else if (typeUrl === LISTENER_TYPE_URL) this.#options.removeListener(name);
  }

  #table(configuration: Parameters<typeof compileRouteConfiguration>[0]): RouteTable<Cluster> {
    return compileRouteConfiguration(configuration, (name) => this.#clusters.get(name), this.#random);
  }
}
