import { unpack, unpackAs } from '../../proto/any.ts';
import { timerMs } from '../../proto/duration.ts';
import { RATE_LIMIT_FILTER } from '../../proto/extension-names.ts';
import type { RateLimit__Output } from '../../proto/generated/envoy/config/route/v3/RateLimit.ts';
import type { Route__Output } from '../../proto/generated/envoy/config/route/v3/Route.ts';
import type { HttpConnectionManager__Output } from '../../proto/generated/envoy/extensions/filters/network/http_connection_manager/v3/HttpConnectionManager.ts';
import { parsePolicyMetadata } from '../../proto/policy-metadata.ts';
import type {
  GlobalLimit,
  GlobalRateLimitEnvironment,
  RateLimitService,
  RateUnit,
} from '../filter/global-rate-limit.ts';
import { GlobalRateLimit } from '../filter/global-rate-limit.ts';
import type { RequestFilter } from '../filter/request-filter.ts';
import { compileAction, RESOURCE_EXHAUSTED, UNAVAILABLE } from './compile-rate-limit.ts';

const rateLimit = 'envoy.extensions.filters.http.ratelimit.v3.RateLimit';

/** How long a request waits for the rate limit service where nobody says (Envoy). */
const DEFAULT_TIMEOUT_MS = 20;

/** Who counts the requests of a connection manager, and what becomes of those that nobody counts. */
export interface RateLimitServiceConfig {
  readonly cluster: string;
  readonly authority: string;
  readonly domain: string;
  readonly timeoutMs: number;
  readonly denyOnFailure: boolean;
  readonly grpcStatus: number;
}

/** What a connection manager and the sidecar have for the filters of its routes. */
export interface GlobalRateLimits extends GlobalRateLimitEnvironment {
  /** Null where the connection manager names none. */
  readonly rateLimitService: { readonly config: RateLimitServiceConfig; readonly service: RateLimitService } | null;
}

/** Of a validated connection manager; null where it names no rate limit service. */
export function compileRateLimitService({
  http_filters: filters,
}: HttpConnectionManager__Output): RateLimitServiceConfig | null {
  for (const { typed_config: packed } of filters) {
    if (!packed?.type_url.endsWith(`/${rateLimit}`)) continue;
    const { name, message } = unpack(packed);
    if (name !== rateLimit) continue;
    const grpc = message.rate_limit_service?.grpc_service?.envoy_grpc;
    return {
      cluster: grpc?.cluster_name ?? '',
      authority: grpc?.authority ?? '',
      domain: message.domain,
      timeoutMs: message.timeout === null ? DEFAULT_TIMEOUT_MS : timerMs(message.timeout),
      denyOnFailure: message.failure_mode_deny,
      grpcStatus: message.rate_limited_as_resource_exhausted ? RESOURCE_EXHAUSTED : UNAVAILABLE,
    };
  }
  return null;
}

/** Null where the route has none, or its connection manager does not say who counts. */
export function compileGlobalRateLimit(route: Route__Output, environment: GlobalRateLimits): RequestFilter | null {
  const packed = route.typed_per_filter_config[RATE_LIMIT_FILTER];
  const { rateLimitService } = environment;
  if (packed === undefined || rateLimitService === null) return null;
  const { rate_limits: limits } = unpackAs('envoy.extensions.filters.http.ratelimit.v3.RateLimitPerRoute', packed);
  const { config, service } = rateLimitService;
  const { globalRateLimits: origins } = parsePolicyMetadata(route.metadata);
  const compiled = limits.map((limit, index) => compileLimit(limit, origins[index] ?? ''));
  return new GlobalRateLimit({ ...config, limits: compiled }, service, environment);
}

function compileLimit({ actions, hits_addend: addend }: RateLimit__Output, origin: string): GlobalLimit {
  const rates = actions.map(rateOf).filter((rate) => rate !== null);
  return {
    rule: actions.filter((action) => rateOf(action) === null).map(compileAction),
    rate: rates[0] ?? null,
    hits: addend?.number ? Number(addend.number.value) : 1,
    origin,
  };
}

function rateOf({ extension }: RateLimit__Output['actions'][number]): GlobalLimit['rate'] {
  if (!extension?.typed_config) return null;
  const { name, message } = unpack(extension.typed_config);
  if (name !== 'heddle.v1.RequestRate') return null;
  return { requests: message.requests_per_unit, unit: message.unit as RateUnit }; // validation asks for one of them
}
