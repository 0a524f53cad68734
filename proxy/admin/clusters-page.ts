import { hostAndPort } from '../../proto/host-and-port.ts';
import type { ClusterConfig } from '../cluster/cluster-config.ts';
import type { AdminResponse } from './admin-server.ts';
import { json, text } from './admin-server.ts';

/** A cluster as `/clusters` shows it. */
export interface ClusterStatus {
  readonly name: string;
  /** Resource name asked of EDS; empty for a cluster without. */
  readonly edsServiceName: string;
  /** Null where nothing is limited. */
  readonly circuitBreaker: ClusterConfig['circuitBreaker'] | null;
  readonly endpoints: readonly EndpointStatus[];
}

export interface EndpointStatus {
  readonly address: string;
  readonly port: number;
  /** Workload name. */
  readonly hostname: string;
  readonly weight: number;
  readonly health: 'healthy' | 'degraded' | 'draining' | 'unhealthy';
  readonly isEjected: boolean;
  readonly region: string;
  readonly zone: string;
  readonly activeConnections: number;
  readonly connectFailures: number;
  readonly connections: number;
  readonly activeRequests: number;
  readonly errors: number;
  readonly successes: number;
  readonly timeouts: number;
  readonly requests: number;
}

/**
 * `GET /clusters`: lines `cluster::address::stat::value`, or JSON with `?format=json`.
 *
 * Source: Envoy admin interface, `/clusters`; `envoy.admin.v3.Clusters`.
 */
export function clustersPage(clusters: readonly ClusterStatus[], query: URLSearchParams): AdminResponse {
  return query.get('format') === 'json'
    ? json({ cluster_statuses: clusters.map(clusterJson) })
    : text(200, lines(clusters));
}

function lines(clusters: readonly ClusterStatus[]): string {
  let page = '';
  for (const { name, edsServiceName, circuitBreaker, endpoints } of clusters) {
    page += `${name}::observability_name::${name}\n`;
    for (const [limit, value] of limitsOf(circuitBreaker)) page += `${name}::default_priority::${limit}::${value}\n`;
    page += `${name}::added_via_api::true\n`;
    if (edsServiceName !== '') page += `${name}::eds_service_name::${edsServiceName}\n`;
    for (const endpoint of endpoints) {
      const at = `${name}::${addressOf(endpoint)}::`;
      for (const [stat, value] of countersOf(endpoint)) page += `${at}${stat}::${value}\n`;
      page +=
        `${at}hostname::${endpoint.hostname}\n${at}health_flags::${healthFlags(endpoint)}\n` +
        `${at}weight::${endpoint.weight}\n${at}region::${endpoint.region}\n${at}zone::${endpoint.zone}\n`;
    }
  }
  return page;
}

function clusterJson({ name, edsServiceName, circuitBreaker, endpoints }: ClusterStatus): unknown {
  return {
    name,
    added_via_api: true,
    observability_name: name,
    ...(edsServiceName === '' ? {} : { eds_service_name: edsServiceName }),
    ...(circuitBreaker === null
      ? {}
      : { circuit_breakers: { thresholds: [Object.fromEntries(limitsOf(circuitBreaker))] } }),
    host_statuses: endpoints.map((endpoint) => ({
      address: { socket_address: { address: endpoint.address, port_value: endpoint.port } },
      stats: [...countersOf(endpoint)].map(([stat, value]) => ({
        name: stat,
        value: String(value),
        type: stat.endsWith('_active') ? 'GAUGE' : 'COUNTER',
      })),
      health_status: {
        eds_health_status: endpoint.health.toUpperCase(),
        ...(endpoint.isEjected ? { failed_outlier_check: true } : {}),
      },
      weight: endpoint.weight,
      hostname: endpoint.hostname,
      locality: { region: endpoint.region, zone: endpoint.zone },
    })),
  };
}

function limitsOf(limits: ClusterConfig['circuitBreaker'] | null): (readonly [string, number])[] {
  if (limits === null) return [];
  return [
    ['max_connections', limits.maxConnections],
    ['max_pending_requests', limits.maxPendingRequests],
    ['max_requests', limits.maxRequests],
    ['max_retries', limits.maxRetries],
  ];
}

function countersOf(endpoint: EndpointStatus): (readonly [string, number])[] {
  return [
    ['cx_active', endpoint.activeConnections],
    ['cx_connect_fail', endpoint.connectFailures],
    ['cx_total', endpoint.connections],
    ['rq_active', endpoint.activeRequests],
    ['rq_error', endpoint.errors],
    ['rq_success', endpoint.successes],
    ['rq_timeout', endpoint.timeouts],
    ['rq_total', endpoint.requests],
  ];
}

function healthFlags({ health, isEjected }: EndpointStatus): string {
  const flags = `${isEjected ? '/failed_outlier_check' : ''}${health === 'unhealthy' ? '/failed_eds_health' : ''}${
    health === 'draining' ? '/eds_status_draining' : ''
  }`;
  return flags === '' ? 'healthy' : flags;
}

function addressOf({ address, port }: EndpointStatus): string {
  return hostAndPort(address, port);
}
