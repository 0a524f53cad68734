import type { AdaptiveConcurrency__Output } from '../generated/envoy/extensions/filters/http/adaptive_concurrency/v3/AdaptiveConcurrency.ts';
import type { AdmissionControl__Output } from '../generated/envoy/extensions/filters/http/admission_control/v3/AdmissionControl.ts';
import type { Path, Violations } from '../violation.ts';
import { checkDuration, checkPercent, checkUInt32 } from './field-checks.ts';

/** As many samples are kept. */
const MAX_SAMPLES = 10_000;
/** Each second of a window is a number that is kept. */
const MAX_WINDOW_MS = 600_000;

/** envoy.extensions.filters.http.adaptive_concurrency.v3.AdaptiveConcurrency */
export function checkAdaptiveConcurrency(
  { gradient_controller_config: config }: AdaptiveConcurrency__Output,
  at: Path,
  violations: Violations,
): void {
  const configAt = at.field('gradient_controller_config');
  if (!config) {
    violations.add(configAt, 'is required');
    return;
  }
  checkPercent(config.sample_aggregate_percentile, configAt.field('sample_aggregate_percentile'), violations);
  const limits = config.concurrency_limit_params;
  const limitsAt = configAt.field('concurrency_limit_params');
  checkUInt32(limits?.max_concurrency_limit ?? null, limitsAt.field('max_concurrency_limit'), violations, { min: 1 });
  const updateAt = limitsAt.field('concurrency_update_interval');
  if (!limits?.concurrency_update_interval) violations.add(updateAt, 'is required');
  checkDuration(limits?.concurrency_update_interval ?? null, updateAt, violations, { minMs: 1 });
  const minRtt = config.min_rtt_calc_params;
  const minRttAt = configAt.field('min_rtt_calc_params');
  if (!minRtt?.interval) violations.add(minRttAt.field('interval'), 'is required');
  checkDuration(minRtt?.interval ?? null, minRttAt.field('interval'), violations, { minMs: 1 });
  checkUInt32(minRtt?.request_count ?? null, minRttAt.field('request_count'), violations, { min: 1, max: MAX_SAMPLES });
  checkUInt32(minRtt?.min_concurrency ?? null, minRttAt.field('min_concurrency'), violations, { min: 1 });
  for (const field of ['jitter', 'buffer'] as const) {
    checkPercent(minRtt?.[field] ?? null, minRttAt.field(field), violations);
  }
}

/** envoy.extensions.filters.http.admission_control.v3.AdmissionControl */
export function checkAdmissionControl(control: AdmissionControl__Output, at: Path, violations: Violations): void {
  if (!control.success_criteria) violations.add(at.field('success_criteria'), 'is required');
  const windowAt = at.field('sampling_window');
  checkDuration(control.sampling_window, windowAt, violations, { minMs: 1000 });
  if (Number(control.sampling_window?.seconds ?? 0) * 1000 > MAX_WINDOW_MS) {
    violations.add(windowAt, `must be at most ${MAX_WINDOW_MS} ms`);
  }
  const aggression = control.aggression?.default_value ?? 1;
  // Written so that NaN fails it too.
  if (!(Number(aggression) >= 1)) violations.add(at.field('aggression'), `must be at least 1, and is ${aggression}`);
  const threshold = control.sr_threshold?.default_value ?? null;
  checkPercent(threshold, at.field('sr_threshold'), violations);
  if (threshold !== null && Number(threshold.value) < 1) violations.add(at.field('sr_threshold'), 'must be at least 1');
  checkPercent(
    control.max_rejection_probability?.default_value ?? null,
    at.field('max_rejection_probability'),
    violations,
  );
}
