import { pack } from '../../proto/any.ts';
import { BUFFER_FILTER } from '../../proto/extension-names.ts';
import type { Input } from '../../proto/load.ts';
import type { EffectiveTrafficPolicy } from '../model/effective-traffic-policy.ts';
import type { RateLimitRule } from '../model/traffic-policy/rate-limit.ts';
import type { Abilities } from './abilities.ts';
import { withRateLimits } from './rate-limits.ts';

type Route = Input<'envoy.config.route.v3.Route'>;

/** What the sidecar of a service refuses of the requests to it. */
export interface InboundLimits {
  readonly rateLimits: readonly RateLimitRule[];
  /** 0 is no limit. */
  readonly maxBodyBytes: number;
}

export const noLimits: InboundLimits = { rateLimits: [], maxBodyBytes: 0 };

/** Of all services that a port belongs to, as far as the sidecar knows limits: a request must be within all of them. */
export function inboundLimits(
  policies: readonly EffectiveTrafficPolicy[],
  abilities: Pick<Abilities, 'rateLimits' | 'bodyLimit'>,
): InboundLimits {
  const rateLimits = abilities.rateLimits ? [...new Set(policies.map(({ rateLimit }) => rateLimit))].flat() : [];
  const bodies = abilities.bodyLimit
    ? policies.map((policy) => policy.maxRequestBodyBytes).filter((max) => max > 0)
    : [];
  return { rateLimits, maxBodyBytes: bodies.length === 0 ? 0 : Math.min(...bodies) };
}

/** Whether bytes that nobody reads would go past them. */
export function needsRequests({ rateLimits, maxBodyBytes }: InboundLimits): boolean {
  return rateLimits.length > 0 || maxBodyBytes > 0;
}

export function withLimits(route: Route, { rateLimits, maxBodyBytes }: InboundLimits): Route {
  const limited = withRateLimits(route, rateLimits);
  if (maxBodyBytes === 0) return limited;
  const buffer = pack('envoy.extensions.filters.http.buffer.v3.BufferPerRoute', {
    buffer: { max_request_bytes: { value: maxBodyBytes } },
  });
  return { ...limited, typed_per_filter_config: { ...limited.typed_per_filter_config, [BUFFER_FILTER]: buffer } };
}
