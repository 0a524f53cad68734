import { hostAndPort } from '../../proto/host-and-port.ts';
import type { ClusterConfig } from '../cluster/cluster-config.ts';
import type { NameStatus } from '../cluster/cluster-names.ts';
import type { SuccessRates } from '../resilience/outlier/success-rate.ts';
import type { AdminResponse } from './admin-server.ts';
import { json, text } from './admin-server.ts';

/** A cluster as `/clusters` shows it. */
export interface ClusterStatus {
  readonly name: string;
  /** Resource name asked of EDS; empty for a cluster without. */
  readonly edsServiceName: string;
  /** What success rates are compared with, in percent; null without outlier detection. */
  readonly answerRates: SuccessRates | null;
  readonly connectionRates: SuccessRates | null;
  /** Null where nothing is limited. */
  readonly circuitBreaker: ClusterConfig['circuitBreaker'] | null;
  readonly highPriority: ClusterConfig['highPriority'] | null;
  /** That are looked up; empty for most clusters. */
  readonly names: readonly NameStatus[];
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
  /** By active health checks; `lastCheckFailure` says why, and is empty after one that was passed. */
  readonly hasFailedCheck: boolean;
  readonly isCheckPending: boolean;
  readonly lastCheckFailure: string;
  /** Percentages of the last interval of outlier detection; -1 where there were too few requests. */
  readonly successRate: number;
  readonly localOriginSuccessRate: number;
  readonly region: string;
  readonly zone: string;
  /** Level, from 0, which is used first. */
  readonly priority: number;
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
  for (const status of clusters) {
    const { name, edsServiceName, circuitBreaker, highPriority, endpoints } = status;
    page += `${name}::observability_name::${name}\n`;
    for (const [rate, value] of ratesOf(status)) page += `${name}::outlier::${rate}::${value}\n`;
    for (const [limit, value] of limitsOf(circuitBreaker)) page += `${name}::default_priority::${limit}::${value}\n`;
    for (const [limit, value] of limitsOf(highPriority)) page += `${name}::high_priority::${limit}::${value}\n`;
    page += `${name}::added_via_api::true\n`;
    if (edsServiceName !== '') page += `${name}::eds_service_name::${edsServiceName}\n`;
    for (const named of status.names)
      for (const [fact, value] of factsOf(named)) page += `${name}::${fact}::${value}\n`;
    for (const endpoint of endpoints) {
      const at = `${name}::${addressOf(endpoint)}::`;
      for (const [stat, value] of countersOf(endpoint)) page += `${at}${stat}::${value}\n`;
      page +=
        `${at}hostname::${endpoint.hostname}\n${at}health_flags::${healthFlags(endpoint)}\n` +
        `${at}weight::${endpoint.weight}\n${at}region::${endpoint.region}\n${at}zone::${endpoint.zone}\n` +
        `${at}priority::${endpoint.priority}\n` +
        `${at}success_rate::${endpoint.successRate}\n` +
        `${at}local_origin_success_rate::${endpoint.localOriginSuccessRate}\n`;
      if (endpoint.lastCheckFailure !== '') page += `${at}last_check_failure::${endpoint.lastCheckFailure}\n`;
    }
  }
  return page;
}

/** Envoy shows no names; the fields are ours. */
function* factsOf({
  host,
  addresses,
  lookUps,
  failures,
  lastFailure,
}: NameStatus): Iterable<[string, string | number]> {
  yield [`lookup::${host}::addresses`, addresses.join(',')];
  yield [`lookup::${host}::lookups`, lookUps];
  yield [`lookup::${host}::failures`, failures];
  if (lastFailure !== '') yield [`lookup::${host}::last_failure`, lastFailure];
}

function clusterJson({ name, edsServiceName, circuitBreaker, highPriority, names, endpoints }: ClusterStatus): unknown {
  return {
    name,
    added_via_api: true,
    observability_name: name,
    ...(edsServiceName === '' ? {} : { eds_service_name: edsServiceName }),
    ...(circuitBreaker === null
      ? {}
      : {
          circuit_breakers: {
            thresholds: [
              Object.fromEntries(limitsOf(circuitBreaker)),
              ...(highPriority === null ? [] : [{ priority: 'HIGH', ...Object.fromEntries(limitsOf(highPriority)) }]),
            ],
          },
        }),
    ...(names.length === 0
      ? {}
      : {
          heddle_lookups: names.map(({ host, addresses, lookUps, failures, lastFailure }) => ({
            host,
            addresses,
            lookups: lookUps,
            failures,
            ...(lastFailure === '' ? {} : { last_failure: lastFailure }),
          })),
        }),
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
        ...(endpoint.hasFailedCheck ? { failed_active_health_check: true } : {}),
        ...(endpoint.isCheckPending ? { pending_active_hc: true } : {}),
      },
      ...percent('success_rate', endpoint.successRate),
      ...percent('local_origin_success_rate', endpoint.localOriginSuccessRate),
      ...(endpoint.lastCheckFailure === '' ? {} : { last_check_failure: endpoint.lastCheckFailure }),
      weight: endpoint.weight,
      hostname: endpoint.hostname,
      priority: endpoint.priority,
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

/** Source: Envoy `HEALTH_FLAG_ENUM_VALUES`. */
function healthFlags(endpoint: EndpointStatus): string {
  const flags = [
    endpoint.hasFailedCheck && '/failed_active_hc',
    endpoint.isEjected && '/failed_outlier_check',
    endpoint.health === 'unhealthy' && '/failed_eds_health',
    endpoint.isCheckPending && '/pending_active_hc',
    endpoint.health === 'draining' && '/eds_status_draining',
  ];
  return flags.filter((flag) => flag !== false).join('') || 'healthy';
}

function ratesOf({ answerRates, connectionRates }: ClusterStatus): (readonly [string, number])[] {
  if (answerRates === null || connectionRates === null) return [];
  return [
    ['success_rate_average', answerRates.average],
    ['success_rate_ejection_threshold', answerRates.threshold],
    ['local_origin_success_rate_average', connectionRates.average],
    ['local_origin_success_rate_ejection_threshold', connectionRates.threshold],
  ];
}

/** `envoy.type.v3.Percent`, left out where nothing can be said. */
function percent(name: string, value: number): Readonly<Record<string, { readonly value: number }>> {
  return value < 0 ? {} : { [name]: { value } };
}

function addressOf({ address, port }: EndpointStatus): string {
  return hostAndPort(address, port);
}
