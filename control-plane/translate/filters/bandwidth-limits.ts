import { pack } from '../../../proto/any.ts';
import { BANDWIDTH_LIMIT_REQUEST_FILTER, BANDWIDTH_LIMIT_RESPONSE_FILTER } from '../../../proto/extension-names.ts';
import type { Input } from '../../../proto/load.ts';
import type { EffectiveTrafficPolicy } from '../../model/effective-traffic-policy.ts';
import type { EffectiveBandwidthLimit } from '../../model/traffic-policy/bandwidth-limit.ts';

type Route = Input<'envoy.config.route.v3.Route'>;

/** Of services that have a port in common: nobody's bodies pass faster than any of them allows. */
export function strictestBandwidth(policies: readonly EffectiveTrafficPolicy[]): EffectiveBandwidthLimit {
  const limits = policies.map(({ bandwidthLimit }) => bandwidthLimit);
  const least = (kbps: readonly number[]) => {
    const set = kbps.filter((one) => one > 0);
    return set.length === 0 ? 0 : Math.min(...set);
  };
  return {
    requestKbps: least(limits.map(({ requestKbps }) => requestKbps)),
    responseKbps: least(limits.map(({ responseKbps }) => responseKbps)),
    trailerPrefix: limits.find(({ trailerPrefix }) => trailerPrefix !== null)?.trailerPrefix ?? null,
  };
}

export function isLimited({ requestKbps, responseKbps }: EffectiveBandwidthLimit): boolean {
  return requestKbps > 0 || responseKbps > 0;
}

/** The route with a filter for each direction that has a limit. */
export function withBandwidth(route: Route, limit: EffectiveBandwidthLimit): Route {
  if (!isLimited(limit)) return route;
  const { requestKbps, responseKbps, trailerPrefix } = limit;
  const stat_prefix = 'http_bandwidth_limiter';
  const request = {
    [BANDWIDTH_LIMIT_REQUEST_FILTER]: pack('envoy.extensions.filters.http.bandwidth_limit.v3.BandwidthLimit', {
      stat_prefix,
      enable_mode: 'REQUEST',
      limit_kbps: { value: requestKbps },
    }),
  };
  const response = {
    [BANDWIDTH_LIMIT_RESPONSE_FILTER]: pack('envoy.extensions.filters.http.bandwidth_limit.v3.BandwidthLimit', {
      stat_prefix,
      enable_mode: 'RESPONSE',
      limit_kbps: { value: responseKbps },
      ...(trailerPrefix !== null && { enable_response_trailers: true, response_trailer_prefix: trailerPrefix }),
    }),
  };
  return {
    ...route,
    typed_per_filter_config: {
      ...route.typed_per_filter_config,
      ...(requestKbps > 0 && request),
      ...(responseKbps > 0 && response),
    },
  };
}
