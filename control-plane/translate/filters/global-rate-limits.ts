import { pack } from '../../../proto/any.ts';
import { msToDuration } from '../../../proto/duration.ts';
import { RATE_LIMIT_FILTER, REQUEST_RATE } from '../../../proto/extension-names.ts';
import type { Input } from '../../../proto/load.ts';
import { outboundClusterName } from '../../../proto/names.ts';
import { durationMs } from '../../model/gateway-duration.ts';
import type { Mesh } from '../../model/mesh.ts';
import type { GlobalRateLimitRule, RateLimitSelector } from '../../model/traffic-policy/rate-limit.ts';
import type { ServiceCatalog } from '../services/service-catalog.ts';
import type { Abilities } from '../view/abilities.ts';
import { conditionsOf, hasPattern } from './rate-limits.ts';

type Route = Input<'envoy.config.route.v3.Route'>;
type RateLimit = Input<'envoy.config.route.v3.RateLimit'>;
type HttpFilter = Input<'envoy.extensions.filters.network.http_connection_manager.v3.HttpFilter'>;

type RateUnit = GlobalRateLimitRule['limit']['unit'];

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
  /** Who says each of them, in words. */
  readonly owners: readonly string[];
  /** As what those count that are shared; empty where nobody shares them. */
  readonly sharedCount: string;
  /** Whether the sidecar does; selectors with patterns are left out otherwise, and the others keep their names. */
  readonly takesPatterns: boolean;
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
export function withGlobalRateLimits(
  route: Route,
  counted: readonly CountedPort[],
  client: Pick<Abilities, 'stock' | 'rateLimitCost'>,
): Route {
  if (counted.length === 0) return route;
  const limits = limitsOf(counted).map((limit) => ({
    ...(client.stock ? ofEnvoy(limit) : ofSidecar(limit)),
    ...((client.stock || client.rateLimitCost) &&
      limit.cost !== 1 && { hits_addend: { number: { value: `${limit.cost}` } } }),
  }));
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

/** One selector of one rule. */
interface CountedLimit {
  /** Under which it counts. */
  readonly address: string;
  /** Of one request. */
  readonly cost: number;
  /** `rule.selector` */
  readonly name: string;
  readonly selector: RateLimitSelector;
  /** Who says it, in words. */
  readonly owner: string;
  readonly rate: { readonly requests_per_unit: number; readonly unit: Uppercase<RateUnit> };
}

function limitsOf(counted: readonly CountedPort[]): readonly CountedLimit[] {
  return counted.flatMap(({ address, rules, owners, sharedCount, takesPatterns }) =>
    rules.flatMap(({ clientSelectors = [{}], limit, cost, shared }, rule) =>
      clientSelectors
        .map((selector, index) => ({
          address: (shared && sharedCount) || address,
          cost: cost?.request.number ?? 1,
          name: `${rule}.${index}`,
          selector,
          owner: owners[rule] ?? '',
          rate: { requests_per_unit: limit.requests, unit: limit.unit.toUpperCase() as Uppercase<RateUnit> },
        }))
        .filter(({ selector }) => takesPatterns || !hasPattern(selector)),
    ),
  );
}

/** Who says the limits of the route, in their order. */
export function ownersOf(counted: readonly CountedPort[]): readonly string[] {
  return limitsOf(counted).map(({ owner }) => owner);
}

function actionsOf({ address, name, selector }: CountedLimit, client: Pick<Abilities, 'stock'>) {
  return [
    { generic_key: { descriptor_key: 'service', descriptor_value: address } },
    ...conditionsOf(name, selector, client, 'compared').map(({ action }) => action),
  ];
}

function ofSidecar(limit: CountedLimit): RateLimit {
  const rate = { extension: { name: REQUEST_RATE, typed_config: pack('heddle.v1.RequestRate', limit.rate) } };
  return { actions: [...actionsOf(limit, { stock: false }), rate] };
}

function ofEnvoy(limit: CountedLimit): RateLimit {
  const metadata_key = { key: RATES_METADATA, path: [{ key: limit.address }, { key: limit.name }] };
  return { actions: actionsOf(limit, { stock: true }), limit: { dynamic_metadata: { metadata_key } } };
}

/** Where an Envoy reads what its limits are. */
export const RATES_METADATA = 'heddle.rates';

/** What stands there in every request. */
export function ratesOf(counted: readonly CountedPort[]): Record<string, Record<string, CountedLimit['rate']>> {
  const rates: Record<string, Record<string, CountedLimit['rate']>> = {};
  for (const { address, name, rate } of limitsOf(counted)) rates[address] = { ...rates[address], [name]: rate };
  return rates;
}

/** For the connection manager whose routes are counted. */
export function rateLimitFilter(
  { host, port, timeoutMs, failClosed }: RateLimitService,
  { stock }: Pick<Abilities, 'stock'>,
): HttpFilter {
  // an Envoy would write the name of the cluster there, which is no authority
  const authority = stock && { authority: host };
  return {
    name: RATE_LIMIT_FILTER,
    typed_config: pack('envoy.extensions.filters.http.ratelimit.v3.RateLimit', {
      domain: DOMAIN,
      timeout: msToDuration(timeoutMs),
      failure_mode_deny: failClosed,
      rate_limited_as_resource_exhausted: true,
      rate_limit_service: {
        grpc_service: { envoy_grpc: { cluster_name: outboundClusterName({ host, port, subset: '' }), ...authority } },
        transport_api_version: 'V3',
      },
    }),
  };
}
