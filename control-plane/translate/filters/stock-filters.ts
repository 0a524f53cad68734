import type { PackableName } from '../../../proto/any.ts';
import { pack } from '../../../proto/any.ts';
import {
  ADAPTIVE_CONCURRENCY_FILTER,
  ADMISSION_CONTROL_FILTER,
  BANDWIDTH_LIMIT_REQUEST_FILTER,
  BANDWIDTH_LIMIT_RESPONSE_FILTER,
  BUFFER_FILTER,
  CORS_FILTER,
  FAULT_FILTER,
  LOCAL_RATE_LIMIT_FILTER,
  RATE_LIMIT_FILTER,
  SET_METADATA_FILTER,
  STATEFUL_SESSION_FILTER,
  UPSTREAM_CODEC_FILTER,
} from '../../../proto/extension-names.ts';
import type { RequestFilterName } from '../../../proto/filter-order.ts';
import { requestFilterOrder } from '../../../proto/filter-order.ts';
import type { Input } from '../../../proto/load.ts';
import { toStruct } from '../../../proto/struct.ts';
import type { EffectiveTrafficPolicy } from '../../model/effective-traffic-policy.ts';
import { RATES_METADATA, rateLimitFilter, ratesOf } from './global-rate-limits.ts';
import type { InboundLimits } from './inbound-limits.ts';
import { adaptiveConcurrencyFilter, packedAdmissionControl } from './overload-filters.ts';

type HttpFilter = Input<'envoy.extensions.filters.network.http_connection_manager.v3.HttpFilter'>;

/** What an Envoy is told of a filter; of some, of another one before it. */
type InOrder = { readonly [Name in RequestFilterName]?: readonly HttpFilter[] };

/**
 * The filters that a stock Envoy has to be told of, where our sidecar finds them by the routes that configure them. Each is
 * off until a route configures it, so a request through a route without any meets none.
 *
 * Source: Envoy `HttpFilter.disabled`.
 */
export const outboundFilters: readonly HttpFilter[] = [
  ...inOrder({
    [CORS_FILTER]: [filterOfRoutes(CORS_FILTER, 'envoy.extensions.filters.http.cors.v3.Cors', {})],
    [FAULT_FILTER]: [filterOfRoutes(FAULT_FILTER, 'envoy.extensions.filters.http.fault.v3.HTTPFault', {})],
  }),
  // our sidecar finds the endpoint of a session when all filters have let the request go on
  filterOfRoutes(STATEFUL_SESSION_FILTER, 'envoy.extensions.filters.http.stateful_session.v3.StatefulSession', {}),
];

/**
 * The same for the one route of an inbound listener. No route can configure adaptive concurrency for an Envoy, and it learns
 * what a counted limit is out of the metadata of its requests.
 */
export function inboundFilters({ counted, countedBy, adaptiveConcurrency }: InboundLimits): readonly HttpFilter[] {
  const adaptive = adaptiveConcurrency === null ? {} : adaptiveConcurrencyFilter(adaptiveConcurrency);
  return inOrder({
    [LOCAL_RATE_LIMIT_FILTER]: [
      filterOfRoutes(LOCAL_RATE_LIMIT_FILTER, 'envoy.extensions.filters.http.local_ratelimit.v3.LocalRateLimit', {
        stat_prefix: 'local_rate_limit',
      }),
    ],
    [RATE_LIMIT_FILTER]:
      countedBy === null ? [] : [rates(ratesOf(counted)), rateLimitFilter(countedBy, { stock: true })],
    [BUFFER_FILTER]: [
      filterOfRoutes(BUFFER_FILTER, 'envoy.extensions.filters.http.buffer.v3.Buffer', {
        max_request_bytes: { value: 4_294_967_295 }, // a number has to be there
      }),
    ],
    [BANDWIDTH_LIMIT_REQUEST_FILTER]: [bandwidthFilter(BANDWIDTH_LIMIT_REQUEST_FILTER)],
    [BANDWIDTH_LIMIT_RESPONSE_FILTER]: [bandwidthFilter(BANDWIDTH_LIMIT_RESPONSE_FILTER)],
    [ADAPTIVE_CONCURRENCY_FILTER]: Object.entries(adaptive).map(([name, typed_config]) => ({ name, typed_config })),
  });
}

function inOrder(filters: InOrder): readonly HttpFilter[] {
  return requestFilterOrder.flatMap((name) => filters[name] ?? []);
}

function bandwidthFilter(name: string): HttpFilter {
  const config = { stat_prefix: 'http_bandwidth_limiter' };
  return filterOfRoutes(name, 'envoy.extensions.filters.http.bandwidth_limit.v3.BandwidthLimit', config);
}

/**
 * Of each try in a cluster: an Envoy has admission control for a whole connection manager or a cluster, never for a route.
 * Empty where nothing is asked for.
 */
export function filtersOfTries({ admissionControl }: EffectiveTrafficPolicy): HttpFilter[] {
  if (admissionControl === null) return [];
  return [
    { name: ADMISSION_CONTROL_FILTER, typed_config: packedAdmissionControl(admissionControl) },
    {
      name: UPSTREAM_CODEC_FILTER,
      typed_config: pack('envoy.extensions.filters.http.upstream_codec.v3.UpstreamCodec', {}),
    },
  ];
}

function filterOfRoutes<Name extends PackableName>(name: string, type: Name, config: Input<Name>): HttpFilter {
  return { name, disabled: true, typed_config: pack(type, config) };
}

function rates(value: ReturnType<typeof ratesOf>): HttpFilter {
  const metadata = [{ metadata_namespace: RATES_METADATA, allow_overwrite: true, value: toStruct(value) }];
  return {
    name: SET_METADATA_FILTER,
    typed_config: pack('envoy.extensions.filters.http.set_metadata.v3.Config', { metadata }),
  };
}
