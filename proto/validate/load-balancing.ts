import type { Cluster__Output } from '../generated/envoy/config/cluster/v3/Cluster.ts';
import type { ConsistentHashingLbConfig__Output } from '../generated/envoy/extensions/load_balancing_policies/common/v3/ConsistentHashingLbConfig.ts';
import type { LocalityLbConfig__Output } from '../generated/envoy/extensions/load_balancing_policies/common/v3/LocalityLbConfig.ts';
import type { SlowStartConfig__Output } from '../generated/envoy/extensions/load_balancing_policies/common/v3/SlowStartConfig.ts';
import type { Maglev__Output } from '../generated/envoy/extensions/load_balancing_policies/maglev/v3/Maglev.ts';
import type { RingHash__Output } from '../generated/envoy/extensions/load_balancing_policies/ring_hash/v3/RingHash.ts';
import { defaultRingPoints } from '../hash-table-sizes.ts';
import { decidingPolicy, LOAD_BALANCING_POLICIES } from '../load-balancing-policies.ts';
import type { Path, Violations } from '../violation.ts';
import { checkDuration, checkPercent, checkUInt32, requireOneOf } from './field-checks.ts';
import { unpackAt } from './unpack-at.ts';

/** Every further draw costs time and changes little: the sidecar draws two, and says so. */
const CHOICES = 2;
/** Envoy's bounds. */
const MAX_RING_SIZE = 8 * 1024 * 1024;
const MAX_TABLE_SIZE = 5_000_011;

export function checkLoadBalancing(cluster: Cluster__Output, at: Path, violations: Violations): void {
  if (cluster.load_balancing_policy === null) {
    // An ORIGINAL_DST cluster chooses nothing, and Envoy wants that said.
    const own = cluster.type === 'ORIGINAL_DST' ? (['CLUSTER_PROVIDED'] as const) : [];
    const allowed = ['ROUND_ROBIN', 'LEAST_REQUEST', 'RANDOM', 'RING_HASH', 'MAGLEV', ...own] as const;
    requireOneOf(cluster.lb_policy, allowed, at.field('lb_policy'), violations);
    return;
  }
  const policiesAt = at.field('load_balancing_policy').field('policies');
  const deciding = decidingPolicy(cluster);
  if (deciding === null) {
    violations.add(policiesAt, `needs one of ${LOAD_BALANCING_POLICIES.join(', ')}`);
    return;
  }
  const configAt = policiesAt.index(deciding.index).field('typed_extension_config').field('typed_config');
  const policy = unpackAt(LOAD_BALANCING_POLICIES, deciding.config, configAt, violations);
  switch (policy?.name) {
    case 'envoy.extensions.load_balancing_policies.least_request.v3.LeastRequest': {
      const choices = policy.message.choice_count?.value ?? CHOICES;
      if (choices !== CHOICES) violations.add(configAt.field('choice_count'), `must be ${CHOICES}, and is ${choices}`);
      checkSlowStart(policy.message.slow_start_config, configAt.field('slow_start_config'), violations);
      checkLocality(policy.message.locality_lb_config, configAt.field('locality_lb_config'), violations);
      break;
    }
    case 'envoy.extensions.load_balancing_policies.round_robin.v3.RoundRobin':
      checkSlowStart(policy.message.slow_start_config, configAt.field('slow_start_config'), violations);
      checkLocality(policy.message.locality_lb_config, configAt.field('locality_lb_config'), violations);
      break;
    case 'envoy.extensions.load_balancing_policies.random.v3.Random':
      checkLocality(policy.message.locality_lb_config, configAt.field('locality_lb_config'), violations);
      break;
    case 'envoy.extensions.load_balancing_policies.peak_ewma.v3alpha.PeakEwma':
      checkDuration(policy.message.decay_time, configAt.field('decay_time'), violations, { minMs: 1 });
      checkDuration(policy.message.default_rtt, configAt.field('default_rtt'), violations, { minMs: 1 });
      break;
    case 'envoy.extensions.load_balancing_policies.ring_hash.v3.RingHash':
      checkRing(policy.message, configAt, violations);
      break;
    case 'envoy.extensions.load_balancing_policies.maglev.v3.Maglev':
      checkTable(policy.message, configAt, violations);
      break;
    default:
  }
}

function checkBound(config: ConsistentHashingLbConfig__Output | null, at: Path, violations: Violations): void {
  const factorAt = at.field('consistent_hashing_lb_config').field('hash_balance_factor');
  checkUInt32(config?.hash_balance_factor ?? null, factorAt, violations, { min: 100 });
}

function checkRing(ring: RingHash__Output, at: Path, violations: Violations): void {
  checkBound(ring.consistent_hashing_lb_config, at, violations);
  requireOneOf(ring.hash_function, ['DEFAULT_HASH', 'XX_HASH'], at.field('hash_function'), violations);
  for (const field of ['minimum_ring_size', 'maximum_ring_size'] as const) {
    const size = ring[field];
    const wrapped = size === null ? null : { value: Number(size.value) };
    checkUInt32(wrapped, at.field(field), violations, { min: 1, max: MAX_RING_SIZE });
  }
  const least = Number(ring.minimum_ring_size?.value ?? defaultRingPoints);
  const most = Number(ring.maximum_ring_size?.value ?? MAX_RING_SIZE);
  if (least > most) violations.add(at.field('minimum_ring_size'), `is ${least}, more than maximum_ring_size (${most})`);
}

function checkTable(maglev: Maglev__Output, at: Path, violations: Violations): void {
  checkBound(maglev.consistent_hashing_lb_config, at, violations);
  const { table_size: size } = maglev;
  if (size === null) return;
  const entries = Number(size.value);
  checkUInt32({ value: entries }, at.field('table_size'), violations, { min: 2, max: MAX_TABLE_SIZE });
  if (entries <= MAX_TABLE_SIZE && !isPrime(entries)) {
    violations.add(at.field('table_size'), `must be a prime number, and is ${entries}`);
  }
}

/** Of numbers up to 5 million: at most some 2000 divisions. */
function isPrime(number: number): boolean {
  for (let divisor = 2; divisor * divisor <= number; divisor++) {
    if (number % divisor === 0) return false;
  }
  return number > 1;
}

function checkSlowStart(config: SlowStartConfig__Output | null, at: Path, violations: Violations): void {
  checkDuration(config?.slow_start_window ?? null, at.field('slow_start_window'), violations, { minMs: 1 });
  const aggression = config?.aggression?.default_value;
  if (aggression !== undefined && !(Number(aggression) > 0 && Number(aggression) < Number.POSITIVE_INFINITY)) {
    violations.add(at.field('aggression').field('default_value'), `must be above 0, and is ${aggression}`);
  }
  checkPercent(config?.min_weight_percent ?? null, at.field('min_weight_percent'), violations);
}

function checkLocality(config: LocalityLbConfig__Output | null, at: Path, violations: Violations): void {
  const zones = config?.zone_aware_lb_config;
  if (!zones) return;
  const zonesAt = at.field('zone_aware_lb_config');
  checkPercent(zones.routing_enabled, zonesAt.field('routing_enabled'), violations);
}
