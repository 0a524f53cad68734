import type { EffectiveTrafficPolicy } from '../effective-traffic-policy.ts';
import { effectiveTrafficPolicy } from '../effective-traffic-policy.ts';
import type { TrafficPolicy } from '../traffic-policy.ts';
import { connectionRateInWords } from './connection-rate.ts';
import type { HashOn } from './effective-load-balancer.ts';
import { rateLimitInWords } from './rate-limit-in-words.ts';
import { writtenDuration } from './written-duration.ts';

/** One field of the policy that holds, as users write it. */
export interface PolicyField<Owner> {
  /** `circuitBreaker.maxConnections` */
  readonly field: string;
  /** `1024`, `5s`, `off` */
  readonly value: string;
  /** Of the layer that says it; null for the built-in default. */
  readonly from: Owner | null;
}

export interface PolicyLayer<Owner> {
  readonly owner: Owner;
  readonly policy: TrafficPolicy;
}

interface Row {
  readonly field: string;
  value(policy: EffectiveTrafficPolicy): string;
  /** The first layer that says one of these decides. */
  readonly decidedBy: readonly string[];
  /** A deciding layer that does not say the field itself leaves it at its default. */
  readonly isPart: boolean;
  /** What turns the field on or off where no layer decides it. */
  readonly impliedBy: readonly string[];
}

/** Every field of the policy that holds, and which layer says it; the most specific layer first. */
export function policyFields<Owner>(layers: readonly PolicyLayer<Owner>[]): readonly PolicyField<Owner>[] {
  const policy = effectiveTrafficPolicy(layers.map((layer) => layer.policy));
  return Object.values(rows)
    .flat()
    .map((row) => ({ field: row.field, value: row.value(policy), from: ownerOf(row, layers) }));
}

function ownerOf<Owner>(row: Row, layers: readonly PolicyLayer<Owner>[]): Owner | null {
  const saysOne = (paths: readonly string[]) => layers.find(({ policy }) => paths.some((path) => says(policy, path)));
  const deciding = saysOne(row.decidedBy) ?? saysOne(row.impliedBy);
  return deciding === undefined || (row.isPart && !says(deciding.policy, row.field)) ? null : deciding.owner;
}

function says(policy: TrafficPolicy, path: string): boolean {
  let value: unknown = policy;
  for (const part of path.split('.')) value = Object(value)[part];
  return value !== undefined;
}

function row(field: string, value: Row['value'], more: Partial<Row> = {}): Row {
  return { field, value, decidedBy: [field], isPart: false, impliedBy: [], ...more };
}

/** A field of a section that comes from one layer as a whole. */
function partOf(section: string, field: string, value: Row['value']): Row {
  return row(`${section}.${field}`, value, { decidedBy: [section], isPart: true });
}

const off = 'off';
const none = 'none';
const words = (value: number | boolean | string) => String(value);
const lasting = (ms: number, never = none) => (ms === 0 ? never : writtenDuration(ms));
const count = (value: number, zero = off) => (value === 0 ? zero : String(value));
const list = (values: readonly unknown[]) => (values.length === 0 ? none : values.join(', '));

const bandwidth = (kbps: number) => (kbps === 0 ? none : `${kbps} KiB a second`);

const breaker = 'circuitBreaker';
const passive = 'healthCheck.passive';
const byRate = ['successRateStdevFactor', 'successRateMinimumHosts', 'successRateRequestVolume'];
const byPercentage = ['failurePercentageThreshold'];
const backOff = { decidedBy: ['retry.perRetry.backOff'] };

/** By the field of the effective policy that they show: the compiler says when one is left out. */
const rows: Readonly<Record<keyof EffectiveTrafficPolicy, readonly Row[]>> = {
  loadBalancer: [
    partOf('loadBalancer', 'type', ({ loadBalancer }) => loadBalancer.type),
    partOf('loadBalancer', 'consistentHash', hashInWords),
    partOf('loadBalancer', 'slowStart', slowStartInWords),
    partOf('loadBalancer', 'zoneAware', zonesInWords),
  ],
  panicThresholdPercent: [
    row('healthCheck.panicThreshold', ({ panicThresholdPercent }) => share(panicThresholdPercent)),
  ],
  maxConnections: [row(`${breaker}.maxConnections`, ({ maxConnections }) => words(maxConnections))],
  maxPendingRequests: [row(`${breaker}.maxPendingRequests`, ({ maxPendingRequests }) => words(maxPendingRequests))],
  maxParallelRequests: [row(`${breaker}.maxParallelRequests`, ({ maxParallelRequests }) => words(maxParallelRequests))],
  maxConnectionsPerEndpoint: [
    row(`${breaker}.perEndpoint.maxConnections`, ({ maxConnectionsPerEndpoint: max }) => words(max ?? none)),
  ],
  highPriority: [
    row(`${breaker}.highPriority`, ({ highPriority }) =>
      highPriority === null ? '1024, and 3 retries' : entriesInWords(highPriority),
    ),
  ],
  maxRequestsPerConnection: [
    row(`${breaker}.maxRequestsPerConnection`, ({ maxRequestsPerConnection: max }) => count(max, none)),
  ],
  retryLimit: [
    row(
      'retryBudget',
      ({ retryLimit: limit }) =>
        limit.kind === 'budget'
          ? `${limit.percent} %, at least ${limit.minRetryConcurrency} at a time`
          : `${limit.maxParallelRetries} at a time`,
      { decidedBy: ['retryBudget', `${breaker}.maxParallelRetries`] },
    ),
  ],
  outlierDetection: [
    row(`${passive}.consecutive5XxErrors`, ({ outlierDetection: o }) => count(o.consecutive5XxErrors)),
    row(`${passive}.consecutiveGatewayErrors`, ({ outlierDetection: o }) => count(o.consecutiveGatewayErrors)),
    row(`${passive}.splitExternalLocalOriginErrors`, ({ outlierDetection: o }) =>
      words(o.splitExternalLocalOriginErrors),
    ),
    row(`${passive}.consecutiveLocalOriginFailures`, ({ outlierDetection: o }) =>
      o.splitExternalLocalOriginErrors ? count(o.consecutiveLocalOriginFailures) : off,
    ),
    row(`${passive}.failurePercentageThreshold`, ({ outlierDetection: { failurePercentage: rate } }) =>
      !rate.isOn ? off : `${rate.threshold} % of ${rate.requestVolume} requests, of ${rate.minimumHosts} instances`,
    ),
    row(
      `${passive}.successRateStdevFactor`,
      ({ outlierDetection: { successRate: rate } }) =>
        !rate.isOn ? off : `${rate.stdevFactor} of ${rate.requestVolume} requests, of ${rate.minimumHosts} instances`,
      { impliedBy: [`${passive}.successRateMinimumHosts`, `${passive}.successRateRequestVolume`] },
    ),
    row(`${passive}.interval`, ({ outlierDetection: o }) => writtenDuration(o.intervalMs)),
    row(`${passive}.baseEjectionTime`, ({ outlierDetection: o }) => writtenDuration(o.baseEjectionTimeMs)),
    row(`${passive}.maxEjectionTime`, ({ outlierDetection: o }) => writtenDuration(o.maxEjectionTimeMs)),
    row(`${passive}.maxEjectionTimeJitter`, ({ outlierDetection: o }) => lasting(o.maxEjectionTimeJitterMs)),
    row(`${passive}.maxEjectionPercent`, ({ outlierDetection: o }) => share(o.maxEjectionPercent)),
    row(`${passive}.alwaysEjectOneEndpoint`, ({ outlierDetection: o }) => words(o.alwaysEjectOneEndpoint)),
    ...(
      [
        ['enforcingConsecutive5xx', 'consecutive5xx', ['consecutive5XxErrors']],
        ['enforcingConsecutiveGatewayFailure', 'consecutiveGatewayFailure', ['consecutiveGatewayErrors']],
        ['enforcingConsecutiveLocalOriginFailure', 'consecutiveLocalOriginFailure', ['consecutiveLocalOriginFailures']],
        ['enforcingSuccessRate', 'successRate', byRate],
        ['enforcingLocalOriginSuccessRate', 'localOriginSuccessRate', byRate],
        ['enforcingFailurePercentage', 'failurePercentage', byPercentage],
        ['enforcingFailurePercentageLocalOrigin', 'failurePercentageLocalOrigin', byPercentage],
      ] as const
    ).map(([field, key, impliedBy]) =>
      row(`${passive}.${field}`, ({ outlierDetection: o }) => share(o.enforcing[key]), {
        impliedBy: impliedBy.map((other) => `${passive}.${other}`),
      }),
    ),
    row(`${passive}.successfulActiveHealthCheckUnejectHost`, ({ outlierDetection: o }) =>
      words(o.successfulActiveHealthCheckUnejectHost),
    ),
  ],
  activeHealthCheck: [row('healthCheck.active', activeCheckInWords)],
  retry: [
    row('retry.numRetries', ({ retry }) => count(retry.numRetries)),
    partOf('retry.retryOn', 'triggers', ({ retry }) => list(retry.triggers)),
    partOf('retry.retryOn', 'httpStatusCodes', ({ retry }) => list(retry.httpStatusCodes)),
    partOf('retry.retryOn', 'headers', ({ retry }) => headerConditions(retry.headers)),
    partOf('retry.retryOn', 'requestHeaders', ({ retry }) => headerConditions(retry.requestHeaders)),
    row('retry.perRetry.timeout', ({ retry }) => lasting(retry.perTryTimeoutMs)),
    row('retry.perRetry.idleTimeout', ({ retry }) => lasting(retry.perTryIdleTimeoutMs)),
    row('retry.perRetry.backOff.baseInterval', ({ retry }) => writtenDuration(retry.backOffBaseMs), backOff),
    row('retry.perRetry.backOff.maxInterval', ({ retry }) => writtenDuration(retry.backOffMaxMs), backOff),
    row('retry.perRetry.rateLimitedBackOff', ({ retry: { rateLimitedBackOff: wait } }) =>
      wait === null
        ? off
        : `${list(wait.resetHeaders.map(({ name }) => name))}, at most ${writtenDuration(wait.maxIntervalMs)}`,
    ),
    row('retry.hedgeOnPerTryTimeout', ({ retry }) => words(retry.hedgeOnPerTryTimeout)),
    row('retry.bodyBufferLimitBytes', ({ retry }) => words(retry.bodyBufferLimitBytes)),
    row('retry.retryNonIdempotent', ({ retry }) => words(retry.retryNonIdempotent)),
  ],
  rateLimit: [partOf('rateLimit', 'local', localLimitInWords)],
  // said with the rules
  connectionRate: [],
  // said with the rule
  sharedCount: [],
  // `from` of each row
  owners: [],
  globalRateLimit: [
    partOf('rateLimit', 'global', ({ globalRateLimit }) => rateLimitInWords(globalRateLimit, 'by all instances')),
  ],
  maxRequestBodyBytes: [
    row('requestBuffer.limit', ({ maxRequestBodyBytes: max }) => (max === 0 ? none : `${max} bytes`)),
  ],
  bandwidthLimit: [
    row('bandwidthLimit.request', ({ bandwidthLimit: { requestKbps } }) => bandwidth(requestKbps)),
    row('bandwidthLimit.response', ({ bandwidthLimit: { responseKbps } }) => bandwidth(responseKbps)),
  ],
  adaptiveConcurrency: [
    row('adaptiveConcurrency', ({ adaptiveConcurrency: a }) => (a === null ? off : entriesInWords(a))),
  ],
  admissionControl: [row('admissionControl', ({ admissionControl: a }) => (a === null ? off : entriesInWords(a)))],
  maxRestMs: [row('retryAfter.maxWait', ({ maxRestMs }) => lasting(maxRestMs, off))],
  fallback: [row('fallback', fallbackInWords)],
  connectTimeoutMs: [row('timeout.tcp.connectTimeout', ({ connectTimeoutMs }) => lasting(connectTimeoutMs))],
  tcpKeepaliveMs: [row('tcpKeepalive.idleTime', ({ tcpKeepaliveMs }) => lasting(tcpKeepaliveMs, off))],
  http2: [
    row('http2.maxConcurrentStreams', ({ http2 }) => words(http2.maxConcurrentStreams ?? 1024)),
    row('http2.initialStreamWindowSize', ({ http2 }) => `${http2.streamWindowBytes ?? 262_144} bytes`),
    row('http2.initialConnectionWindowSize', ({ http2 }) => `${http2.connectionWindowBytes ?? 1_048_576} bytes`),
  ],
  requestTimeoutMs: [row('timeout.http.requestTimeout', ({ requestTimeoutMs }) => lasting(requestTimeoutMs))],
  connectionIdleTimeoutMs: [
    row('timeout.http.connectionIdleTimeout', ({ connectionIdleTimeoutMs: ms }) => lasting(ms)),
  ],
  streamIdleTimeoutMs: [row('timeout.http.streamIdleTimeout', ({ streamIdleTimeoutMs: ms }) => lasting(ms))],
  maxConnectionDurationMs: [
    row('timeout.http.maxConnectionDuration', ({ maxConnectionDurationMs: ms }) => lasting(ms)),
  ],
  maxStreamDurationMs: [row('timeout.http.maxStreamDuration', ({ maxStreamDurationMs: ms }) => lasting(ms))],
  maxGrpcTimeoutMs: [
    row('timeout.http.maxGrpcTimeout', ({ maxGrpcTimeoutMs: ms }) => lasting(ms, 'as the caller says')),
  ],
};

function share(percent: number): string {
  return `${percent} %`;
}

function localLimitInWords({ rateLimit, connectionRate }: EffectiveTrafficPolicy): string {
  const ofRequests = rateLimitInWords(rateLimit, 'by each instance');
  if (connectionRate === null) return ofRequests;
  const ofConnections = connectionRateInWords(connectionRate);
  return rateLimit.length === 0 ? ofConnections : `${ofRequests}; ${ofConnections}`;
}

/** `maxConcurrency 100, minRTT.interval 60s` */
function entriesInWords(value: object, prefix = ''): string {
  const parts = Object.entries(value).flatMap(([key, item]) => {
    if (item === undefined) return [];
    return typeof item === 'object' ? entriesInWords(item, `${prefix}${key}.`) : `${prefix}${key} ${item}`;
  });
  return parts.length === 0 ? 'on' : parts.join(', ');
}

function headerConditions(conditions: EffectiveTrafficPolicy['retry']['headers']): string {
  return list(
    conditions.map(({ name, type, value }) =>
      value === undefined ? name : `${name} ${(type ?? 'Exact').toLowerCase()} ${value}`,
    ),
  );
}

function hashInWords({ loadBalancer: { consistentHash: hash } }: EffectiveTrafficPolicy): string {
  if (hash === null) return off;
  const bound = hash.hashBalanceFactor === 0 ? '' : `, at most ${share(hash.hashBalanceFactor)} of an instance's share`;
  return `${hash.algorithm} on ${list(hash.hashOn.map(hashedOn))}${bound}`;
}

function hashedOn(on: HashOn): string {
  return on.kind === 'source-ip' ? 'source address' : `${on.kind} ${on.name}`;
}

function slowStartInWords({ loadBalancer: { slowStart } }: EffectiveTrafficPolicy): string {
  return slowStart === null
    ? off
    : `${writtenDuration(slowStart.windowMs)}, from ${slowStart.minWeightPercent} %, aggression ${slowStart.aggression}`;
}

function zonesInWords({ loadBalancer }: EffectiveTrafficPolicy): string {
  const { preferLocal, weightedZones, failover, overprovisioningPercent } = loadBalancer;
  const parts = [
    ...(preferLocal === null ? [] : [`prefer local from ${preferLocal.minEndpoints} instances`]),
    ...(weightedZones === null ? [] : [...weightedZones].map(([zone, weight]) => `${zone}=${weight}`)),
    ...(failover ? ['failover'] : []),
    ...(failover || weightedZones !== null ? [`overprovisioning ${overprovisioningPercent} %`] : []),
  ];
  return parts.length === 0 ? off : parts.join(', ');
}

function activeCheckInWords({ activeHealthCheck: active }: EffectiveTrafficPolicy): string {
  if (active === null) return off;
  const { check, intervalMs, timeoutMs, unhealthyThreshold, healthyThreshold } = active;
  const what = check.kind === 'HTTP' ? `HTTP ${check.method} ${check.path}` : check.kind;
  const often = `every ${writtenDuration(intervalMs)}, within ${writtenDuration(timeoutMs)}`;
  return `${what} ${often}; out after ${unhealthyThreshold}, back after ${healthyThreshold}`;
}

function fallbackInWords({ fallback }: EffectiveTrafficPolicy): string {
  if (fallback === null) return none;
  const { backendRef, directResponse } = fallback;
  return backendRef === undefined
    ? `answer ${directResponse?.statusCode ?? 503}`
    : `${backendRef.name}:${backendRef.port ?? ''}`;
}
