import type { OutlierDetection__Output } from '../generated/envoy/config/cluster/v3/OutlierDetection.ts';
import type { Path, Violations } from '../violation.ts';
import { checkDuration, checkUInt32 } from './field-checks.ts';

const percentages = [
  'max_ejection_percent',
  'enforcing_consecutive_5xx',
  'enforcing_success_rate',
  'enforcing_consecutive_gateway_failure',
  'enforcing_consecutive_local_origin_failure',
  'enforcing_local_origin_success_rate',
  'failure_percentage_threshold',
  'enforcing_failure_percentage',
  'enforcing_failure_percentage_local_origin',
] as const;

/** A row of none would condemn everybody; to turn a detector off, it is not enforced. */
const rows = ['consecutive_5xx', 'consecutive_gateway_failure', 'consecutive_local_origin_failure'] as const;

export function checkOutlierDetection(
  detection: OutlierDetection__Output | null,
  at: Path,
  violations: Violations,
): void {
  if (detection === null) {
    return;
  }
  for (const field of rows) {
    checkUInt32(detection[field], at.field(field), violations, { min: 1 });
  }
  for (const field of ['interval', 'base_ejection_time', 'max_ejection_time'] as const) {
    checkDuration(detection[field], at.field(field), violations, { minMs: 1 });
  }
  checkDuration(detection.max_ejection_time_jitter, at.field('max_ejection_time_jitter'), violations);
  for (const field of percentages) {
    checkUInt32(detection[field], at.field(field), violations, { min: 0, max: 100 });
  }
}
