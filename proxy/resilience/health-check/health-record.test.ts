import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { everyThreeSeconds } from '../../testing/health-check-settings.ts';
import { checkIntervalMs } from './check-interval.ts';
import type { HealthCheckSettings } from './health-check-settings.ts';
import type { CheckOutcome } from './health-record.ts';
import { HealthRecord } from './health-record.ts';

const settings: HealthCheckSettings = {
  ...everyThreeSeconds,
  noTrafficIntervalMs: 60_000,
  noTrafficHealthyIntervalMs: 50_000,
  unhealthyIntervalMs: 4_000,
  unhealthyEdgeIntervalMs: 500,
  healthyEdgeIntervalMs: 700,
  unhealthyThreshold: 3,
  healthyThreshold: 2,
};
const outcomes: Readonly<Record<string, CheckOutcome>> = {
  '+': { kind: 'success' },
  '-': { kind: 'network', reason: 'silence' },
  '!': { kind: 'failure', reason: 'the answer is 500' },
};

/** States after each check: `.` well, `x` failed. */
function statesAfter(checks: string, begins: '.' | 'x' = 'x'): string {
  const record = new HealthRecord(begins === 'x');
  return [...checks]
    .map((check) => {
      record.record(outcomes[check] as CheckOutcome, settings);
      return record.isFailed ? 'x' : '.';
    })
    .join('');
}

describe('HealthRecord', () => {
  it.each([
    { why: 'the first good check is enough', checks: '+', states: '.' },
    { why: 'the first failed one too', checks: '-', begins: '.', states: 'x' },
    { why: 'three without an answer condemn', checks: '+---', states: '...x' },
    { why: 'a good one between starts anew', checks: '+--+--', states: '......' },
    { why: 'a wrong answer condemns at once', checks: '+!', states: '.x' },
    { why: 'two good ones acquit', checks: '+!++', states: '.xx.' },
    { why: 'a failed one between starts anew', checks: '+!+-++', states: '.xxxx.' },
    { why: 'the second counts, when the first failed', checks: '-++', states: 'xx.' },
  ] as const)('$why: $checks', (row) => {
    expect(statesAfter(row.checks, 'begins' in row ? row.begins : 'x')).toBe(row.states);
  });

  it('keeps why the last check failed', () => {
    const record = new HealthRecord(false);
    record.record(outcomes['!'] as CheckOutcome, settings);
    expect(record.lastFailure).toBe('the answer is 500');
    record.record(outcomes['+'] as CheckOutcome, settings);
    expect(record.lastFailure).toBe('');
  });

  it('is well exactly when it was acquitted after it was last condemned', () => {
    fc.assert(
      fc.property(fc.array(fc.constantFrom('+', '-', '!'), { minLength: 1, maxLength: 40 }), (checks) => {
        const text = checks.join('');
        const states = statesAfter(text);
        for (const [index, check] of checks.entries()) {
          if (check === '!') expect(states[index]).toBe('x');
          if (text.slice(0, index + 1).endsWith('++')) expect(states[index]).toBe('.');
          if (text.slice(0, index + 1).endsWith('---')) expect(states[index]).toBe('x');
        }
      }),
    );
  });
});

describe('checkIntervalMs', () => {
  it.each([
    { isSuccess: true, transition: 'unchanged', hasTraffic: true, ms: 3_000 },
    { isSuccess: true, transition: 'changed', hasTraffic: true, ms: 3_000 },
    { isSuccess: true, transition: 'pending', hasTraffic: true, ms: 700 },
    { isSuccess: false, transition: 'unchanged', hasTraffic: true, ms: 4_000 },
    { isSuccess: false, transition: 'pending', hasTraffic: true, ms: 500 },
    { isSuccess: true, transition: 'unchanged', hasTraffic: false, ms: 50_000 },
    { isSuccess: false, transition: 'unchanged', hasTraffic: false, ms: 60_000 },
  ] as const)('waits $ms ms after $isSuccess, $transition, traffic $hasTraffic', ({ ms, ...state }) => {
    expect(checkIntervalMs(settings, state, () => 0.5)).toBe(ms);
  });

  it('adds what the random number says of both jitters', () => {
    const jittery = { ...settings, intervalJitterPercent: 10, intervalJitterMs: 100 };
    const state = { isSuccess: true, transition: 'unchanged', hasTraffic: true } as const;
    expect(checkIntervalMs(jittery, state, () => 0.5)).toBe(3_000 + 150 + 50);
  });
});
