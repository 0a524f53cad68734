import { pack } from '../../proto/any.ts';
import { msToDuration } from '../../proto/duration.ts';
import { RATE_LIMIT_FILTER, REQUEST_RATE } from '../../proto/extension-names.ts';
import type { Input } from '../../proto/load.ts';
import { outboundClusterName } from '../../proto/names.ts';
import { durationMs } from '../model/gateway-duration.ts';
import type { Mesh } from '../model/mesh.ts';
import type { GlobalRateLimitRule } from '../model/traffic-policy/rate-limit.ts';
import { conditionsOf } from './rate-limits.ts';
import type { ServiceCatalog } from './service-catalog.ts';

type Route = Input<'envoy.config.route.v3.Route'>;
type RateLimit = Input<'envoy.config.route.v3.RateLimit'>;
type HttpFilter = Input<'envoy.extensions.filters.network.http_connection_manager.v3.HttpFilter'>;

/** Counts of two meshes in one Redis are told apart by its databases, not by this. */
const DOMAIN = 'heddle';

/** Who counts for all sidecars. */
export interface RateLimitService {
  readonly host: string;
  readonly port: number;
  readonly timeoutMs: number;
  readonly failClosed: boolean;
}

/** The rules of one port of a service, which count under its name. */
export interface CountedPort {
  /** `cart.default.svc.cluster.local:80` */
  readonly address: string;
  readonly rules: readonly GlobalRateLimitRule[];
}

/** The one that Mesh names; null where it names none, or one that does not exist. */
export function rateLimitService(mesh: Mesh | null, catalog: ServiceCatalog): RateLimitService | null {
  const named = mesh?.spec.rateLimit;
  if (named === undefined) return null;
  const { backendRef, timeout, failClosed } = named;
  const service = catalog.service(backendRef.namespace, backendRef.name);
  if (service === null || !service.ports.some(({ port }) => port === backendRef.port)) return null;
  return { host: service.host, port: backendRef.port, timeoutMs: durationMs(timeout), failClosed };
}

/** The route with what is to be counted of its requests; as it is where nothing is. */
export function withGlobalRateLimits(route: Route, counted: readonly CountedPort[]): Route {
  if (counted.length === 0) return route;
  const limits = counted.flatMap(({ address, rules }) =>
    rules.flatMap((rule, index) => limitsOf(address, rule, index)),
  );
  return {
    ...route,
    typed_per_filter_config: {
      ...route.typed_per_filter_config,
      [RATE_LIMIT_FILTER]: pack('envoy.extensions.filters.http.ratelimit.v3.RateLimitPerRoute', {
        rate_limits: limits,
      }),
    },
  };
}

function limitsOf(address: string, { clientSelectors = [{}], limit }: GlobalRateLimitRule, rule: number): RateLimit[] {
  const unit = limit.unit.toUpperCase() as Uppercase<typeof limit.unit>;
  const rate = pack('heddle.v1.RequestRate', { requests_per_unit: limit.requests, unit });
  return clientSelectors.map((selector, index) => ({
    actions: [
      { generic_key: { descriptor_key: 'service', descriptor_value: address } },
      ...conditionsOf(`${rule}.${index}`, selector, 'compared').map(({ action }) => action),
      { extension: { name: REQUEST_RATE, typed_config: rate } },
    ],
  }));
}

/** For the connection manager whose routes are counted. */
export function rateLimitFilter({ host, port, timeoutMs, failClosed }: RateLimitService): HttpFilter {
  return {
    name: RATE_LIMIT_FILTER,
    typed_config: pack('envoy.extensions.filters.http.ratelimit.v3.RateLimit', {
      domain: DOMAIN,
      timeout: msToDuration(timeoutMs),
      failure_mode_deny: failClosed,
      rate_limited_as_resource_exhausted: true,
      rate_limit_service: {
        grpc_service: { envoy_grpc: { cluster_name: outboundClusterName({ host, port, subset: '' }) } },
        transport_api_version: 'V3',
      },
    }),
  };
}
