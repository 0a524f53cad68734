import { pack } from '../../../proto/any.ts';
import { msToDuration } from '../../../proto/duration.ts';
import { CONNECTION_RATE_LIMIT_FILTER } from '../../../proto/extension-names.ts';
import type { Input } from '../../../proto/load.ts';
import { formatPolicyMetadata } from '../../../proto/policy-metadata.ts';
import type { EffectiveTrafficPolicy } from '../../model/effective-traffic-policy.ts';
import { durationMs } from '../../model/gateway-duration.ts';
import type { ConnectionRate } from '../../model/traffic-policy/connection-rate.ts';

type FilterChain = Input<'envoy.config.listener.v3.FilterChain'>;

/** How many connections one port of a service takes. */
export interface PortConnectionRate {
  /** `cart.default.svc.cluster.local:80` */
  readonly address: string;
  readonly rate: ConnectionRate;
  /** Who says it, in words. */
  readonly owner: string;
}

interface GovernedPort {
  readonly host: string;
  readonly port: number;
  readonly policy: Pick<EffectiveTrafficPolicy, 'connectionRate' | 'owners'>;
}

/** Of all services that a port belongs to; two of them may have one policy, which holds once. */
export function connectionRatesOf(governed: readonly GovernedPort[]): readonly PortConnectionRate[] {
  const byRate = new Map<ConnectionRate, PortConnectionRate>();
  for (const { host, port, policy } of governed) {
    const { connectionRate: rate, owners } = policy;
    if (rate === null || byRate.has(rate)) continue;
    byRate.set(rate, { address: `${host}:${port}`, rate, owner: owners.connectionRate });
  }
  return [...byRate.values()];
}

/** The chain with a filter for each rate before its own. */
export function withConnectionRates(chain: FilterChain, rates: readonly PortConnectionRate[]): FilterChain {
  if (rates.length === 0) return chain;
  return {
    ...chain,
    filters: [...rates.map(filterOf), ...(chain.filters ?? [])],
    metadata: { filter_metadata: formatPolicyMetadata({ connectionRates: rates.map(({ owner }) => owner) }) },
  };
}

function filterOf({ address, rate: { num, interval } }: PortConnectionRate): Input<'envoy.config.listener.v3.Filter'> {
  return {
    name: CONNECTION_RATE_LIMIT_FILTER,
    typed_config: pack('envoy.extensions.filters.network.local_ratelimit.v3.LocalRateLimit', {
      stat_prefix: address,
      token_bucket: {
        max_tokens: num,
        tokens_per_fill: { value: num },
        fill_interval: msToDuration(durationMs(interval)),
      },
    }),
  };
}
