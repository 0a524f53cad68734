import type { RequestHead } from '../message-head.ts';
import type { HeaderMatcher } from './header-matcher.ts';
import type { PathMatcher } from './path-matcher.ts';
import { pathEndOf } from './path-matcher.ts';
import type { QueryMatcher } from './query-matcher.ts';
import type { Route } from './route.ts';
import type { VirtualHostMatch } from './virtual-host-index.ts';
import { VirtualHostIndex } from './virtual-host-index.ts';

/** Conditions and what follows from them; all must hold. */
export interface RouteEntry<D> {
  readonly path: PathMatcher;
  readonly headers: readonly HeaderMatcher[];
  readonly queryParameters: readonly QueryMatcher[];
  readonly route: Route<D>;
}

/** Routes for a set of host names. */
export interface VirtualHost<D> extends VirtualHostMatch {
  readonly name: string;
  /** In order of precedence: the first that matches decides. */
  readonly routes: readonly RouteEntry<D>[];
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
  readonly #hosts: VirtualHostIndex<VirtualHost<D>>;

  /**
   * `ignorePort` compares host names without the port of the authority (`ignore_port_in_host_matching`).
   * Throws when two virtual hosts claim the same domain.
   */
  constructor(virtualHosts: readonly VirtualHost<D>[], ignorePort = false) {
    this.#hosts = new VirtualHostIndex(virtualHosts, ignorePort);
    this.#only = onlyRoute(virtualHosts);
  }

  /** Null when no virtual host has the authority, or none of its routes takes the request. */
  match(head: RequestHead): Route<D> | null {
    if (this.#only !== null) return this.#only;
    const host = this.#hosts.find(head.authority);
    if (host === null) return null;
    const target = head.path;
    const pathEnd = pathEndOf(target);
    const routes = host.routes;
    for (let i = 0; i < routes.length; i++) {
      const entry = routes[i] as RouteEntry<D>; // i is below the length
      if (
        entry.path.matches(target, pathEnd) &&
        (entry.headers.length === 0 || headersMatch(entry.headers, head)) &&
        (entry.queryParameters.length === 0 || queryMatches(entry.queryParameters, target, pathEnd))
      ) {
        return entry.route;
      }
    }
    return null;
  }
}

/** The route that every request takes, where the first route of the only virtual host has no condition. */
function onlyRoute<D>(virtualHosts: readonly VirtualHost<D>[]): Route<D> | null {
  const [host, ...others] = virtualHosts;
  if (host === undefined || others.length > 0 || !host.domains.includes('*')) return null;
  const first = host.routes[0];
  if (first === undefined || !first.path.takesEverything) return null;
  return first.headers.length === 0 && first.queryParameters.length === 0 ? first.route : null;
}

function headersMatch(matchers: readonly HeaderMatcher[], head: RequestHead): boolean {
  for (let i = 0; i < matchers.length; i++) {
    if (!(matchers[i] as HeaderMatcher).matches(head)) return false;
  }
  return true;
}

function queryMatches(matchers: readonly QueryMatcher[], target: string, pathEnd: number): boolean {
  for (let i = 0; i < matchers.length; i++) {
    if (!(matchers[i] as QueryMatcher).matches(target, pathEnd)) return false;
  }
  return true;
}
