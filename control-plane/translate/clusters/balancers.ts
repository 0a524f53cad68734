import { pack } from '../../../proto/any.ts';
import { msToDuration } from '../../../proto/duration.ts';
import {
  LEAST_REQUEST_POLICY,
  MAGLEV_POLICY,
  PEAK_EWMA_POLICY,
  RANDOM_POLICY,
  RING_HASH_POLICY,
  ROUND_ROBIN_POLICY,
} from '../../../proto/extension-names.ts';
import type { Input } from '../../../proto/load.ts';
import type { EffectiveLoadBalancer, HashOn } from '../../model/traffic-policy/effective-load-balancer.ts';
import { builtInLoadBalancer } from '../../model/traffic-policy/effective-load-balancer.ts';
import type { Abilities } from '../view/abilities.ts';

type Cluster = Input<'envoy.config.cluster.v3.Cluster'>;
type Policy = NonNullable<NonNullable<Cluster['load_balancing_policy']>['policies']>[number];
type HashPolicy = NonNullable<Input<'envoy.config.route.v3.RouteAction'>['hash_policy']>[number];
type LocalityConfig = Input<'envoy.extensions.load_balancing_policies.common.v3.LocalityLbConfig'>;

/** Best first: a client takes the first one that it knows, and every client knows round robin. */
export function balancers(
  balancer: EffectiveLoadBalancer,
  { balancing, boundedLoads }: Pick<Abilities, 'balancing' | 'boundedLoads'>,
): Policy[] {
  const extras = balancing ? balancer : { ...builtInLoadBalancer, type: plainType(balancer.type) };
  const roundRobin = typed(
    ROUND_ROBIN_POLICY,
    pack('envoy.extensions.load_balancing_policies.round_robin.v3.RoundRobin', common(extras)),
  );
  switch (extras.type) {
    case 'RoundRobin':
      return [roundRobin];
    case 'LeastRequest':
      return [leastRequest(extras), roundRobin];
    case 'Random': {
      const { locality_lb_config: localities } = common(extras);
      const message = localities === undefined ? {} : { locality_lb_config: localities };
      return [
        typed(RANDOM_POLICY, pack('envoy.extensions.load_balancing_policies.random.v3.Random', message)),
        roundRobin,
      ];
    }
    case 'PeakEwma': {
      const message = {
        decay_time: msToDuration(extras.peakEwma.decayMs),
        default_rtt: msToDuration(extras.peakEwma.defaultRttMs),
      };
      const peakEwma = pack('envoy.extensions.load_balancing_policies.peak_ewma.v3alpha.PeakEwma', message);
      return [typed(PEAK_EWMA_POLICY, peakEwma), leastRequest(extras), roundRobin];
    }
    case 'ConsistentHash':
      return [consistentHash(extras, boundedLoads), roundRobin];
  }
}

/** The first version has three; the built-in one stands for those that it does not have. */
function plainType(type: EffectiveLoadBalancer['type']): EffectiveLoadBalancer['type'] {
  return type === 'RoundRobin' || type === 'Random' ? type : builtInLoadBalancer.type;
}

function typed(name: string, typed_config: ReturnType<typeof pack>): Policy {
  return { typed_extension_config: { name, typed_config } };
}

function leastRequest(balancer: EffectiveLoadBalancer): Policy {
  return typed(
    LEAST_REQUEST_POLICY,
    pack('envoy.extensions.load_balancing_policies.least_request.v3.LeastRequest', {
      choice_count: { value: 2 },
      ...common(balancer),
    }),
  );
}

function consistentHash(
  { consistentHash: hash, weightedZones }: EffectiveLoadBalancer,
  boundedLoads: Abilities['boundedLoads'],
): Policy {
  const factor = hash !== null && boundedLoads ? hash.hashBalanceFactor : 0;
  const weighted = {
    ...(factor > 0 && { consistent_hashing_lb_config: { hash_balance_factor: { value: factor } } }),
    ...(weightedZones !== null && { locality_weighted_lb_config: {} }),
  };
  if (hash?.algorithm === 'RingHash') {
    const message = { minimum_ring_size: { value: hash.minimumRingSize }, ...weighted };
    return typed(RING_HASH_POLICY, pack('envoy.extensions.load_balancing_policies.ring_hash.v3.RingHash', message));
  }
  const message = { ...(hash !== null && { table_size: { value: hash.tableSize } }), ...weighted };
  return typed(MAGLEV_POLICY, pack('envoy.extensions.load_balancing_policies.maglev.v3.Maglev', message));
}

/** What round robin and least request have in common. */
function common({ slowStart, preferLocal, weightedZones }: EffectiveLoadBalancer) {
  return {
    ...(slowStart !== null && {
      slow_start_config: {
        slow_start_window: msToDuration(slowStart.windowMs),
        aggression: { default_value: slowStart.aggression },
        min_weight_percent: { value: slowStart.minWeightPercent },
      },
    }),
    ...(weightedZones !== null && { locality_lb_config: { locality_weighted_lb_config: {} } satisfies LocalityConfig }),
    ...(preferLocal !== null && { locality_lb_config: zoneAware(preferLocal) }),
  };
}

function zoneAware(preferLocal: NonNullable<EffectiveLoadBalancer['preferLocal']>): LocalityConfig {
  const { minEndpoints, percentageEnabled, forceMinEndpoints } = preferLocal;
  return {
    zone_aware_lb_config: {
      routing_enabled: { value: percentageEnabled },
      min_cluster_size: { value: minEndpoints },
      ...(forceMinEndpoints > 0 && { force_local_zone: { min_size: { value: forceMinEndpoints } } }),
    },
  };
}

/** `RouteAction.hash_policy` of routes to a service; empty where it does not balance by hash. */
export function hashPolicies(
  { consistentHash: hash }: EffectiveLoadBalancer,
  { balancing }: Pick<Abilities, 'balancing'>,
): HashPolicy[] {
  return hash === null || !balancing ? [] : hash.hashOn.map(hashPolicy);
}

function hashPolicy(on: HashOn): HashPolicy {
  switch (on.kind) {
    case 'source-ip':
      return { connection_properties: { source_ip: true } };
    case 'header':
      return { header: { header_name: on.name } };
    case 'query':
      return { query_parameter: { name: on.name } };
    case 'cookie':
      return {
        cookie: {
          name: on.name,
          ...(on.ttlMs !== null && { ttl: msToDuration(on.ttlMs), path: '/' }),
          attributes: on.attributes.map(([name, value]) => ({ name, value })),
        },
      };
  }
}
