import type { Cluster__Output } from '../../proto/generated/envoy/config/cluster/v3/Cluster.ts';
import type { RouteConfiguration__Output } from '../../proto/generated/envoy/config/route/v3/RouteConfiguration.ts';
import type { ResourceOf, ResourceTypeUrl } from '../../proto/type-urls.ts';
import {
  CLUSTER_LOAD_ASSIGNMENT_TYPE_URL,
  CLUSTER_TYPE_URL,
  isResourceTypeUrl,
  LISTENER_TYPE_URL,
  ROUTE_CONFIGURATION_TYPE_URL,
  SECRET_TYPE_URL,
} from '../../proto/type-urls.ts';
import { validateResource } from '../../proto/validate/resource.ts';
import { describeViolations } from '../../proto/violation.ts';
import type { ClusterConfig, EndpointConfig } from '../cluster/cluster-config.ts';
import type { RawResource } from './ads-client.ts';
import { compileCluster } from './compile-cluster.ts';
import { compileEndpoints } from './compile-endpoints.ts';
import { withoutRequests } from './compile-filters.ts';
import type { ListenerConfig } from './compile-listener.ts';
import { compileListener } from './compile-listener.ts';
import { compileRouteConfiguration } from './compile-route.ts';
import { compileRoots } from './compile-secret.ts';
import type { ResourceName } from './delta-state.ts';
import { filtersOf } from './live-chains.ts';
import type { WarmingResource } from './warming.ts';

/** What a resource means, by type. */
export type ResourceMeaning =
  | { readonly kind: 'listener'; readonly config: ListenerConfig }
  | { readonly kind: 'routes'; readonly configuration: RouteConfiguration__Output }
  | { readonly kind: 'cluster'; readonly config: ClusterConfig }
  | { readonly kind: 'endpoints'; readonly endpoints: readonly EndpointConfig[] }
  | { readonly kind: 'roots'; readonly pem: string };

/** A resource that was checked and can be put in force without a further question. */
export interface ParsedResource extends WarmingResource {
  /** As received: for the snapshot on disk and the configuration dump. */
  readonly bytes: Buffer;
  readonly receivedAtMs: number;
  readonly meaning: ResourceMeaning;
}

/**
 * Validates and compiles a resource, or answers why it is refused, each fault with its path. `trustDomain` is our own.
 *
 * Routes are compiled here only to see that they can be, and to learn which clusters they name: the table that serves
 * is made when it goes in force, with the clusters of that moment.
 */
export function parseResource(raw: RawResource, trustDomain: string, nowMs: number): ParsedResource | string {
  const { typeUrl, name, version, bytes } = raw;
  if (!isResourceTypeUrl(typeUrl)) return `is of a type that is not asked for: ${typeUrl}`;
  const validated = validateResource(typeUrl, name, bytes);
  if (validated.resource === null) return describeViolations(validated.violations);
  try {
    const { meaning, needs } = compile(typeUrl, validated.resource, trustDomain);
    // The bytes are a view into the whole response, which they would keep in memory.
    return { typeUrl, name, version, bytes: Buffer.from(bytes), receivedAtMs: nowMs, meaning, needs };
  } catch (error) {
    return (error as Error).message;
  }
}

interface Compiled {
  readonly meaning: ResourceMeaning;
  readonly needs: readonly ResourceName[];
}

function compile(typeUrl: ResourceTypeUrl, resource: unknown, trustDomain: string): Compiled {
  // `validateResource` has decoded what belongs to this very type URL; the compiler cannot relate the two.
  const as = <Url extends ResourceTypeUrl>() => resource as ResourceOf<Url>;
  switch (typeUrl) {
    case LISTENER_TYPE_URL: {
      const config = compileListener(as<typeof LISTENER_TYPE_URL>(), trustDomain);
      return { meaning: { kind: 'listener', config }, needs: namesOf(clustersOfListener(config)) };
    }
    case ROUTE_CONFIGURATION_TYPE_URL: {
      const configuration = as<typeof ROUTE_CONFIGURATION_TYPE_URL>();
      return { meaning: { kind: 'routes', configuration }, needs: namesOf(clustersOf(configuration)) };
    }
    case CLUSTER_TYPE_URL:
      return compileClusterNeeds(as<typeof CLUSTER_TYPE_URL>());
    case CLUSTER_LOAD_ASSIGNMENT_TYPE_URL: {
      const endpoints = compileEndpoints(as<typeof CLUSTER_LOAD_ASSIGNMENT_TYPE_URL>());
      return { meaning: { kind: 'endpoints', endpoints }, needs: [] };
    }
    case SECRET_TYPE_URL:
      return { meaning: { kind: 'roots', pem: compileRoots(as<typeof SECRET_TYPE_URL>()) }, needs: [] };
  }
}

function compileClusterNeeds(cluster: Cluster__Output): Compiled {
  const config = compileCluster(cluster);
  const needs = config.discovery === 'eds' ? [{ typeUrl: CLUSTER_LOAD_ASSIGNMENT_TYPE_URL, name: config.edsName }] : [];
  return { meaning: { kind: 'cluster', config }, needs };
}

function clustersOf(configuration: RouteConfiguration__Output): string[] {
  const names = new Set<string>();
  compileRouteConfiguration(configuration, (name) => names.add(name), withoutRequests);
  return [...names];
}

/** Routes that come by name have needs of their own. */
function clustersOfListener(config: ListenerConfig): string[] {
  return filtersOf(config).flatMap((filter) => {
    if (filter.kind === 'tcp') return filter.clusters.map(({ name }) => name);
    const counting = filter.rateLimitService === null ? [] : [filter.rateLimitService.cluster];
    return filter.routes === null ? counting : [...clustersOf(filter.routes), ...counting];
  });
}

function namesOf(clusters: readonly string[]): ResourceName[] {
  return [...new Set(clusters)].map((name) => ({ typeUrl: CLUSTER_TYPE_URL, name }));
}
