import { pack } from '../../../proto/any.ts';
import { BUFFER_FILTER } from '../../../proto/extension-names.ts';
import type { Input } from '../../../proto/load.ts';
import type { PolicyOrigins } from '../../../proto/policy-metadata.ts';
import { formatPolicyMetadata, noPolicyOrigins } from '../../../proto/policy-metadata.ts';
import type { PortProtocol } from '../../model/app-protocol.ts';
import type { EffectiveTrafficPolicy } from '../../model/effective-traffic-policy.ts';
import type { EffectiveBandwidthLimit } from '../../model/traffic-policy/bandwidth-limit.ts';
import { noBandwidthLimit } from '../../model/traffic-policy/bandwidth-limit.ts';
import type { WrittenAdaptiveConcurrency } from '../../model/traffic-policy/overload.ts';
import type { RateLimitRule } from '../../model/traffic-policy/rate-limit.ts';
import type { Abilities } from '../view/abilities.ts';
import { isLimited, strictestBandwidth, withBandwidth } from './bandwidth-limits.ts';
import type { PortConnectionRate } from './connection-rates.ts';
import { connectionRatesOf } from './connection-rates.ts';
import type { CountedPort, RateLimitService } from './global-rate-limits.ts';
import { ownersOf, withGlobalRateLimits } from './global-rate-limits.ts';
import { limitsRequests } from './limits-requests.ts';
import { adaptiveConcurrencyFilter } from './overload-filters.ts';
import { hasPattern, withRateLimits } from './rate-limits.ts';

type Route = Input<'envoy.config.route.v3.Route'>;

/** What the sidecar of a service refuses of the requests to it. */
export interface InboundLimits {
  readonly rateLimits: readonly RateLimitRule[];
  /** Empty where nobody counts. */
  readonly counted: readonly CountedPort[];
  /** Null where nothing is counted. */
  readonly countedBy: RateLimitService | null;
  /** 0 is no limit. */
  readonly maxBodyBytes: number;
  readonly bandwidth: EffectiveBandwidthLimit;
  /** That of the first service that has one: two of them would measure each other. */
  readonly adaptiveConcurrency: WrittenAdaptiveConcurrency | null;
  /** Of connections that are only carried. */
  readonly connectionRates: readonly PortConnectionRate[];
  /** Who says all this, for the answers. */
  readonly origins: PolicyOrigins;
  /** Whether connections that are only carried may come in: not where they would go past one of the first three. */
  readonly takesBytes: boolean;
}

export const noLimits: InboundLimits = {
  rateLimits: [],
  counted: [],
  countedBy: null,
  maxBodyBytes: 0,
  bandwidth: noBandwidthLimit,
  adaptiveConcurrency: null,
  connectionRates: [],
  origins: noPolicyOrigins,
  takesBytes: true,
};

/** One port of a service, and what holds for it. */
export interface GovernedPort {
  readonly host: string;
  readonly port: number;
  readonly protocol: PortProtocol;
  readonly policy: EffectiveTrafficPolicy;
}

/** Of all services that a port belongs to, as far as the sidecar knows limits: a request must be within all of them. */
export function inboundLimits(
  governed: readonly GovernedPort[],
  abilities: Pick<
    Abilities,
    | 'rateLimits'
    | 'globalRateLimits'
    | 'bodyLimit'
    | 'bandwidthLimit'
    | 'overloadFilters'
    | 'routing'
    | 'connectionRates'
  >,
  service: RateLimitService | null = null,
): InboundLimits {
  const policies = governed.map(({ policy }) => policy);
  // two services may have one policy, and its rules hold once
  const byRules = new Map(policies.map(({ rateLimit, owners }) => [rateLimit, owners.rateLimit]));
  const localRules = abilities.rateLimits
    ? [...byRules].flatMap(([rules, owners]) => ownedRules(rules, owners)).flatMap((owned) => known(owned, abilities))
    : [];
  const rateLimits = localRules.map(({ rule }) => rule);
  const body = abilities.bodyLimit ? strictestBodyLimit(policies) : null;
  const adaptive = abilities.overloadFilters
    ? policies.find((policy) => policy.adaptiveConcurrency !== null)
    : undefined;
  const counted = abilities.globalRateLimits && service !== null ? countedPorts(governed, service, abilities) : [];
  const maxBodyBytes = body?.maxRequestBodyBytes ?? 0;
  const bandwidth = abilities.bandwidthLimit ? strictestBandwidth(policies) : noBandwidthLimit;
  const limits = rateLimits.length > 0 || counted.length > 0 || maxBodyBytes > 0 || isLimited(bandwidth);
  return {
    rateLimits,
    counted,
    countedBy: counted.length === 0 ? null : service,
    maxBodyBytes,
    bandwidth,
    adaptiveConcurrency: adaptive?.adaptiveConcurrency ?? null,
    connectionRates: abilities.connectionRates ? connectionRatesOf(governed) : [],
    origins: {
      ...noPolicyOrigins,
      // each selector of a rule is a limit
      localRateLimits: localRules.flatMap(({ rule, owner }) => (rule.clientSelectors ?? [{}]).map(() => owner)),
      globalRateLimits: ownersOf(counted),
      bodyLimit: body?.owners.requestBuffer ?? '',
      adaptiveConcurrency: adaptive?.owners.adaptiveConcurrency ?? '',
    },
    takesBytes: !limits || governed.every(({ protocol, policy }) => protocol === 'tcp' || !limitsRequests(policy)),
  };
}

interface OwnedRule {
  readonly rule: RateLimitRule;
  readonly owner: string;
}

/** The rule with the selectors that the sidecar knows; none where it knows none of them. */
function known({ rule, owner }: OwnedRule, { routing }: Pick<Abilities, 'routing'>): readonly OwnedRule[] {
  const { clientSelectors } = rule;
  if (routing || clientSelectors === undefined) return [{ rule, owner }];
  const left = clientSelectors.filter((selector) => !hasPattern(selector));
  return left.length === 0 ? [] : [{ rule: { ...rule, clientSelectors: left }, owner }];
}

function ownedRules(rules: readonly RateLimitRule[], owners: readonly string[]): readonly OwnedRule[] {
  return rules.map((rule, index) => ({ rule, owner: owners[index] ?? '' }));
}

/** The policy that allows the least; null where none has a limit. */
function strictestBodyLimit(policies: readonly EffectiveTrafficPolicy[]): EffectiveTrafficPolicy | null {
  const limiting = policies.filter(({ maxRequestBodyBytes }) => maxRequestBodyBytes > 0);
  return limiting.toSorted((a, b) => a.maxRequestBodyBytes - b.maxRequestBodyBytes)[0] ?? null;
}

/** A request counts once under one policy. Questions to the one who counts are never counted: they would not end. */
function countedPorts(
  governed: readonly GovernedPort[],
  service: RateLimitService,
  { routing: takesPatterns }: Pick<Abilities, 'routing'>,
): readonly CountedPort[] {
  if (governed.some(({ host, port }) => host === service.host && port === service.port)) return [];
  const byRules = new Map(
    governed
      .toReversed()
      .filter(({ policy }) => policy.globalRateLimit.length > 0)
      .map(({ host, port, policy: { globalRateLimit: rules, sharedCount, owners } }) => [
        rules,
        { address: `${host}:${port}`, rules, owners: owners.rateLimit, sharedCount, takesPatterns },
      ]),
  );
  return [...byRules.values()].reverse();
}

export function withLimits(
  plain: Route,
  { rateLimits, counted, maxBodyBytes, bandwidth, adaptiveConcurrency, origins }: InboundLimits,
  client: Pick<Abilities, 'stock' | 'rateLimitCost'>,
): Route {
  // an Envoy has this filter for all of a listener: no route can configure it
  const adaptive = adaptiveConcurrency === null || client.stock ? null : adaptiveConcurrencyFilter(adaptiveConcurrency);
  const route = adaptive === null ? plain : { ...plain, typed_per_filter_config: adaptive };
  const limited = withOrigins(
    withBandwidth(withGlobalRateLimits(withRateLimits(route, rateLimits, client), counted, client), bandwidth),
    origins,
  );
  if (maxBodyBytes === 0) return limited;
  const buffer = pack('envoy.extensions.filters.http.buffer.v3.BufferPerRoute', {
    buffer: { max_request_bytes: { value: maxBodyBytes } },
  });
  return { ...limited, typed_per_filter_config: { ...limited.typed_per_filter_config, [BUFFER_FILTER]: buffer } };
}

/** The route with who says its limits; an Envoy takes no notice of it. */
function withOrigins(route: Route, origins: PolicyOrigins): Route {
  const said = formatPolicyMetadata(origins);
  return Object.keys(said).length === 0 ? route : { ...route, metadata: { filter_metadata: said } };
}
