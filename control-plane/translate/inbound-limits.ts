import { pack } from '../../proto/any.ts';
import { BUFFER_FILTER } from '../../proto/extension-names.ts';
import type { Input } from '../../proto/load.ts';
import type { EffectiveTrafficPolicy } from '../model/effective-traffic-policy.ts';
import type { WrittenAdaptiveConcurrency } from '../model/traffic-policy/overload.ts';
import type { RateLimitRule } from '../model/traffic-policy/rate-limit.ts';
import type { Abilities } from './abilities.ts';
import { adaptiveConcurrencyFilter } from './overload-filters.ts';
import { withRateLimits } from './rate-limits.ts';

type Route = Input<'envoy.config.route.v3.Route'>;

/** What the sidecar of a service refuses of the requests to it. */
export interface InboundLimits {
  readonly rateLimits: readonly RateLimitRule[];
  /** 0 is no limit. */
  readonly maxBodyBytes: number;
  /** That of the first service that has one: two of them would measure each other. */
  readonly adaptiveConcurrency: WrittenAdaptiveConcurrency | null;
}

export const noLimits: InboundLimits = { rateLimits: [], maxBodyBytes: 0, adaptiveConcurrency: null };

/** Of all services that a port belongs to, as far as the sidecar knows limits: a request must be within all of them. */
export function inboundLimits(
  policies: readonly EffectiveTrafficPolicy[],
  abilities: Pick<Abilities, 'rateLimits' | 'bodyLimit' | 'overloadFilters'>,
): InboundLimits {
  const rateLimits = abilities.rateLimits ? [...new Set(policies.map(({ rateLimit }) => rateLimit))].flat() : [];
  const bodies = abilities.bodyLimit
    ? policies.map((policy) => policy.maxRequestBodyBytes).filter((max) => max > 0)
    : [];
  const adaptive = policies.find(({ adaptiveConcurrency }) => adaptiveConcurrency !== null)?.adaptiveConcurrency;
  return {
    rateLimits,
    maxBodyBytes: bodies.length === 0 ? 0 : Math.min(...bodies),
    adaptiveConcurrency: (abilities.overloadFilters && adaptive) || null,
  };
}

/** Whether bytes that nobody reads would go past them. */
export function needsRequests({ rateLimits, maxBodyBytes }: InboundLimits): boolean {
  return rateLimits.length > 0 || maxBodyBytes > 0;
}

export function withLimits(plain: Route, { rateLimits, maxBodyBytes, adaptiveConcurrency }: InboundLimits): Route {
  const adaptive = adaptiveConcurrency === null ? null : adaptiveConcurrencyFilter(adaptiveConcurrency);
  const route = adaptive === null ? plain : { ...plain, typed_per_filter_config: adaptive };
  const limited = withRateLimits(route, rateLimits);
  if (maxBodyBytes === 0) return limited;
  const buffer = pack('envoy.extensions.filters.http.buffer.v3.BufferPerRoute', {
    buffer: { max_request_bytes: { value: maxBodyBytes } },
  });
  return { ...limited, typed_per_filter_config: { ...limited.typed_per_filter_config, [BUFFER_FILTER]: buffer } };
}
