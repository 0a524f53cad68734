import type { RequestHead } from '../message-head.ts';
import { pathEndOf } from './path-matcher.ts';
import type { Route } from './route.ts';
import type { RouteEntry } from './route-entry.ts';
import { takesEverything } from './route-entry.ts';
import { RouteIndex } from './route-index.ts';
import type { VirtualHostMatch } from './virtual-host-index.ts';
import { VirtualHostIndex } from './virtual-host-index.ts';

/** Routes for a set of host names. */
export interface VirtualHost<D> extends VirtualHostMatch {
  readonly name: string;
  /** In order of precedence: the first that matches decides. */
  readonly routes: readonly RouteEntry<D>[];
}

interface IndexedHost<D> extends VirtualHostMatch {
  readonly index: RouteIndex<D>;
}

/**
 * Finds the route of a request: first the virtual host by the request's authority, then its routes in order. Once a
 * virtual host is found no other is tried, so a request that none of its routes takes has no route at all.
 *
 * The usual table, one route for everything, is answered before anything of the request is looked at.
 *
 * Hot path: `bench/route/route-table.ts`.
 *
 * Source: Envoy `RouteConfiguration`.
 */
export class RouteTable<D> {
  readonly #only: Route<D> | null;
  readonly #hosts: VirtualHostIndex<IndexedHost<D>>;

  /**
   * `ignorePort` compares host names without the port of the authority (`ignore_port_in_host_matching`).
   * Throws when two virtual hosts claim the same domain.
   */
  constructor(virtualHosts: readonly VirtualHost<D>[], ignorePort = false) {
    const indexed = virtualHosts.map(({ domains, routes }) => ({ domains, index: new RouteIndex(routes) }));
    this.#hosts = new VirtualHostIndex(indexed, ignorePort);
    this.#only = onlyRoute(virtualHosts);
  }

  /** Null when no virtual host has the authority, or none of its routes takes the request. */
  match(head: RequestHead): Route<D> | null {
    if (this.#only !== null) return this.#only;
    const host = this.#hosts.find(head.authority);
    if (host === null) return null;
    const target = head.path;
    return host.index.find(head, target, pathEndOf(target))?.route ?? null;
  }
}

/** The route that every request takes, where the first route of the only virtual host has no condition. */
function onlyRoute<D>(virtualHosts: readonly VirtualHost<D>[]): Route<D> | null {
  const [host, ...others] = virtualHosts;
  if (host === undefined || others.length > 0 || !host.domains.includes('*')) return null;
  const first = host.routes[0];
  return first !== undefined && takesEverything(first) ? first.route : null;
}
