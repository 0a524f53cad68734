import type { RouteConfiguration__Output } from '../../proto/generated/envoy/config/route/v3/RouteConfiguration.ts';
import type { Cluster } from '../cluster/cluster.ts';
import type { FilterChain, NewConnections } from '../route/filter-chains.ts';
import { FilterChains } from '../route/filter-chains.ts';
import type { RouteTable } from '../route/route-table.ts';
import { weightedChoice } from '../route/weighted-choice.ts';
import type { ConnectionRateConfig } from './compile-connection-rate.ts';
import type { RateLimitServiceConfig } from './compile-global-rate-limit.ts';
import type { FilterConfig, ListenerConfig } from './compile-listener.ts';

export interface ChainParts {
  cluster(name: string): Cluster;
  table(routes: RouteConfiguration__Output, rateLimitService: RateLimitServiceConfig | null): RouteTable<Cluster>;
  readonly random: () => number;
  rate(rates: readonly ConnectionRateConfig[]): NewConnections | null;
}

/** The filter chains of a listener, with live clusters and routes in them. */
export function liveChains(config: ListenerConfig, parts: ChainParts): FilterChains<Cluster> {
  const { chains, defaultFilter, inspection } = config;
  return new FilterChains(
    chains.map(({ match, filter }) => ({ match, chain: liveChain(filter, parts) })),
    defaultFilter === null ? null : liveChain(defaultFilter, parts),
    inspection,
  );
}

function liveChain(filter: FilterConfig, { cluster, table, random, rate }: ChainParts): FilterChain<Cluster> {
  if (filter.kind === 'http') {
    const { routes, routesName, http, rateLimitService } = filter;
    return { kind: 'http', table: routes === null ? null : table(routes, rateLimitService), routesName, http };
  }
  const { name, clusters, idleTimeoutMs, maxConnectAttempts, isBySource, rates } = filter;
  const choices = clusters.map((each) => ({ destination: cluster(each.name), weight: each.weight }));
  const pick = weightedChoice(choices, random);
  return { kind: 'tcp', route: { name, pick, idleTimeoutMs, maxConnectAttempts, isBySource }, rate: rate(rates) };
}

/** What the chains of a listener do, each of them once. */
export function filtersOf({ chains, defaultFilter }: ListenerConfig): readonly FilterConfig[] {
  return [...chains.map(({ filter }) => filter), ...(defaultFilter === null ? [] : [defaultFilter])];
}
