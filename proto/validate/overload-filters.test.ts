import { describe, expect, it } from 'vitest';
import { pack } from '../any.ts';
import { ADAPTIVE_CONCURRENCY_FILTER, ADMISSION_CONTROL_FILTER } from '../extension-names.ts';
import type { Input } from '../load.ts';
import { root, Violations } from '../violation.ts';
import { checkPerFilterConfig } from './per-filter-config.ts';

type Adaptive = Input<'envoy.extensions.filters.http.adaptive_concurrency.v3.AdaptiveConcurrency'>;
type Gradient = NonNullable<Adaptive['gradient_controller_config']>;
type Admission = Input<'envoy.extensions.filters.http.admission_control.v3.AdmissionControl'>;

function faultsIn(name: string, packed: Parameters<typeof checkPerFilterConfig>[0][string]): string[] {
  const violations = new Violations();
  checkPerFilterConfig({ [name]: packed }, root, violations);
  return violations.list().map(({ path, message }) => `${path.slice(`["${name}"]`.length)}: ${message}`);
}

const required: Gradient = {
  concurrency_limit_params: { concurrency_update_interval: { seconds: 1 } },
  min_rtt_calc_params: { interval: { seconds: 60 } },
};
const at = '.gradient_controller_config';

describe('checkAdaptiveConcurrency', () => {
  const faultsOf = (adaptive: Adaptive) =>
    faultsIn(
      ADAPTIVE_CONCURRENCY_FILTER,
      pack('envoy.extensions.filters.http.adaptive_concurrency.v3.AdaptiveConcurrency', adaptive),
    );

  it('takes what is complete', () => {
    expect(faultsOf({ gradient_controller_config: required })).toEqual([]);
  });

  it.each<[string, Adaptive, string[]]>([
    ['nothing', {}, [`${at}: is required`]],
    [
      'no times',
      { gradient_controller_config: {} },
      [
        `${at}.concurrency_limit_params.concurrency_update_interval: is required`,
        `${at}.min_rtt_calc_params.interval: is required`,
      ],
    ],
    [
      'a percentile of 101',
      { gradient_controller_config: { ...required, sample_aggregate_percentile: { value: 101 } } },
      [`${at}.sample_aggregate_percentile: must be between 0 and 100, and is 101`],
    ],
    [
      'a measurement of more than can be kept, with nobody let through',
      {
        gradient_controller_config: {
          ...required,
          min_rtt_calc_params: {
            interval: { seconds: 1 },
            request_count: { value: 10_001 },
            min_concurrency: { value: 0 },
          },
        },
      },
      [
        `${at}.min_rtt_calc_params.request_count: must be between 1 and 10000, and is 10001`,
        `${at}.min_rtt_calc_params.min_concurrency: must be between 1 and 4294967295, and is 0`,
      ],
    ],
  ])('refuses %s', (_what, adaptive, messages) => {
    expect(faultsOf(adaptive)).toEqual(messages);
  });
});

describe('checkAdmissionControl', () => {
  const faultsOf = (control: Admission) =>
    faultsIn(
      ADMISSION_CONTROL_FILTER,
      pack('envoy.extensions.filters.http.admission_control.v3.AdmissionControl', control),
    );
  const plain: Admission = { success_criteria: {} };

  it('takes what is complete', () => {
    expect(faultsOf({ ...plain, aggression: { default_value: 1.5 }, sampling_window: { seconds: 600 } })).toEqual([]);
  });

  it.each<[string, Admission, string]>([
    ['no criteria', {}, '.success_criteria: is required'],
    [
      'half a second',
      { ...plain, sampling_window: { nanos: 500_000_000 } },
      '.sampling_window: must be at least 1000 ms, and is 500 ms',
    ],
    ['an hour', { ...plain, sampling_window: { seconds: 3600 } }, '.sampling_window: must be at most 600000 ms'],
    ['mildness', { ...plain, aggression: { default_value: 0.5 } }, '.aggression: must be at least 1, and is 0.5'],
    [
      'no number',
      { ...plain, aggression: { default_value: Number.NaN } },
      '.aggression: must be at least 1, and is NaN',
    ],
    [
      'a threshold of nothing',
      { ...plain, sr_threshold: { default_value: { value: 0 } } },
      '.sr_threshold: must be at least 1',
    ],
    [
      'more than all',
      { ...plain, max_rejection_probability: { default_value: { value: 101 } } },
      '.max_rejection_probability: must be between 0 and 100, and is 101',
    ],
  ])('refuses %s', (_what, control, message) => {
    expect(faultsOf(control)).toEqual([message]);
  });
});
