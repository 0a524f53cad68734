import { unpack } from '../../proto/any.ts';
import type { CallersAt } from '../../proto/caller-metadata.ts';
import { parseCallers } from '../../proto/caller-metadata.ts';
import { timerMs } from '../../proto/duration.ts';
import type { Cluster__Output } from '../../proto/generated/envoy/config/cluster/v3/Cluster.ts';
import type { LocalityLbConfig__Output } from '../../proto/generated/envoy/extensions/load_balancing_policies/common/v3/LocalityLbConfig.ts';
import type { SlowStartConfig__Output } from '../../proto/generated/envoy/extensions/load_balancing_policies/common/v3/SlowStartConfig.ts';
import { maxMaglevPlaces, maxRingPoints } from '../../proto/hash-table-sizes.ts';
import type { LoadBalancingPolicy } from '../../proto/load-balancing-policies.ts';
import { decidingPolicy } from '../../proto/load-balancing-policies.ts';
import { defaultMinClusterSize } from '../balance/locality-split.ts';
import type { SlowStart } from '../balance/slow-start.ts';
import type { BalancerConfig, BalancerKind, LocalityRouting } from '../cluster/balancer-config.ts';
import { plainBalancer } from '../cluster/balancer-config.ts';

/** The first policy that is known, else the field for older clients. A passthrough cluster chooses nothing. */
export function compileBalancer(cluster: Cluster__Output): BalancerConfig {
  const policy = decidingPolicy(cluster);
  // the one that decides is one of these
  if (policy !== null) return compile(unpack(policy.config) as LoadBalancingPolicy, parseCallers(cluster.metadata));
  return plainBalancer(byName[cluster.lb_policy] ?? 'round-robin');
}

const byName: Readonly<Record<string, BalancerKind | undefined>> = {
  ROUND_ROBIN: 'round-robin',
  LEAST_REQUEST: 'least-request',
  RANDOM: 'random',
  RING_HASH: 'ring-hash',
  MAGLEV: 'maglev',
};

function compile({ name, message }: LoadBalancingPolicy, callers: readonly CallersAt[]): BalancerConfig {
  switch (name) {
    case 'envoy.extensions.load_balancing_policies.least_request.v3.LeastRequest':
      return {
        ...plainBalancer('least-request'),
        slowStart: slowStartOf(message.slow_start_config),
        localities: localitiesOf(message.locality_lb_config, callers),
      };
    case 'envoy.extensions.load_balancing_policies.random.v3.Random':
      return { ...plainBalancer('random'), localities: localitiesOf(message.locality_lb_config, callers) };
    case 'envoy.extensions.load_balancing_policies.ring_hash.v3.RingHash': {
      const plain = plainBalancer('ring-hash');
      return {
        ...plain,
        minRingSize: Math.min(Number(message.minimum_ring_size?.value ?? plain.minRingSize), maxRingPoints),
        maxRingSize: Math.min(Number(message.maximum_ring_size?.value ?? plain.maxRingSize), maxRingPoints),
        hashBalancePercent: message.consistent_hashing_lb_config?.hash_balance_factor?.value ?? 0,
        localities: message.locality_weighted_lb_config === null ? null : { kind: 'weighted' },
      };
    }
    case 'envoy.extensions.load_balancing_policies.maglev.v3.Maglev': {
      const plain = plainBalancer('maglev');
      return {
        ...plain,
        tableSize: Math.min(Number(message.table_size?.value ?? plain.tableSize), maxMaglevPlaces),
        hashBalancePercent: message.consistent_hashing_lb_config?.hash_balance_factor?.value ?? 0,
        localities: message.locality_weighted_lb_config === null ? null : { kind: 'weighted' },
      };
    }
    case 'envoy.extensions.load_balancing_policies.peak_ewma.v3alpha.PeakEwma': {
      const plain = plainBalancer('peak-ewma');
      return {
        ...plain,
        answerTimeMs: message.default_rtt === null ? plain.answerTimeMs : timerMs(message.default_rtt),
        decayMs: message.decay_time === null ? plain.decayMs : timerMs(message.decay_time),
      };
    }
    case 'envoy.extensions.load_balancing_policies.round_robin.v3.RoundRobin':
      return {
        ...plainBalancer('round-robin'),
        slowStart: slowStartOf(message.slow_start_config),
        localities: localitiesOf(message.locality_lb_config, callers),
      };
  }
}

function slowStartOf(config: SlowStartConfig__Output | null): SlowStart | null {
  if (!config?.slow_start_window) return null;
  return {
    windowMs: timerMs(config.slow_start_window),
    aggression: Number(config.aggression?.default_value ?? 1),
    minWeightPercent: Number(config.min_weight_percent?.value ?? 10),
  };
}

function localitiesOf(config: LocalityLbConfig__Output | null, callers: readonly CallersAt[]): LocalityRouting | null {
  if (config?.locality_weighted_lb_config) return { kind: 'weighted' };
  const zones = config?.zone_aware_lb_config;
  if (!zones) return null;
  return {
    kind: 'zone-aware',
    callers,
    routingEnabledPercent: Number(zones.routing_enabled?.value ?? 100),
    minClusterSize: Number(zones.min_cluster_size?.value ?? defaultMinClusterSize),
    forceLocalMinSize: zones.force_local_zone === null ? 0 : (zones.force_local_zone.min_size?.value ?? 1),
  };
}
