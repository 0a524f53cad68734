import type { CircuitBreakers__Output } from '../generated/envoy/config/cluster/v3/CircuitBreakers.ts';
import type { Path, Violations } from '../violation.ts';
import { checkPercent, refuse, requireOneOf } from './field-checks.ts';

/** envoy.config.cluster.v3.CircuitBreakers */
export function checkCircuitBreakers(breakers: CircuitBreakers__Output | null, at: Path, violations: Violations): void {
  if (breakers === null) return;
  const seen = new Set<string>();
  for (const [index, { priority, retry_budget: budget }] of breakers.thresholds.entries()) {
    const thresholdAt = at.field('thresholds').index(index);
    requireOneOf(priority, ['DEFAULT', 'HIGH'], thresholdAt.field('priority'), violations);
    if (seen.has(priority)) violations.add(thresholdAt.field('priority'), `is ${priority} a second time`);
    seen.add(priority);
    checkPercent(budget?.budget_percent ?? null, thresholdAt.field('retry_budget').field('budget_percent'), violations);
  }
  const perHostAt = at.field('per_host_thresholds');
  const { per_host_thresholds: perHost } = breakers;
  if (perHost.length > 1) violations.add(perHostAt, `must be one, and is ${perHost.length}`);
  for (const [index, threshold] of perHost.entries()) {
    requireOneOf(threshold.priority, ['DEFAULT'], perHostAt.index(index).field('priority'), violations);
    refuse(
      threshold,
      ['max_pending_requests', 'max_requests', 'max_retries', 'retry_budget'],
      perHostAt.index(index),
      violations,
    );
  }
}
