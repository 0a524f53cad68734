import type { Cluster__Output } from '../generated/envoy/config/cluster/v3/Cluster.ts';
import type { Path, Violations } from '../violation.ts';
import { checkDuration } from './field-checks.ts';

/** Envoy wants 1 ms at least; to ask name servers more often than this helps nobody and may hurt them. */
const MIN_REFRESH_MS = 1000;

/** How the names of a STRICT_DNS cluster are looked up; for other types the fields have no meaning, and do no harm. */
export function checkDnsDiscovery(cluster: Cluster__Output, at: Path, violations: Violations): void {
  const bounds = { minMs: MIN_REFRESH_MS };
  checkDuration(cluster.dns_refresh_rate, at.field('dns_refresh_rate'), violations, bounds);
  const rate = cluster.dns_failure_refresh_rate;
  const rateAt = at.field('dns_failure_refresh_rate');
  if (rate === null) return;
  if (rate.base_interval === null) violations.add(rateAt.field('base_interval'), 'is required');
  checkDuration(rate.base_interval, rateAt.field('base_interval'), violations, bounds);
  checkDuration(rate.max_interval, rateAt.field('max_interval'), violations, bounds);
}
