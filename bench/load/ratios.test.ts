import { describe, expect, it } from 'vitest';
import { ratioOf } from './ratios.ts';
import { outcomeOf } from './testing/measurement.ts';
import { scenarioOf } from './testing/scenario.ts';

const ratio = (heddle: number | null, haproxy: number | null, envoy: number | null, target = {}) => {
  const of = (proxy: string, value: number | null) =>
    outcomeOf('s', proxy, value === null ? null : { cpuUsPerRequest: value });
  const outcomes = [of('heddle', heddle), of('haproxy', haproxy), of('envoy', envoy)];
  return ratioOf(scenarioOf('s', [], { target: { timesHaproxy: 1.2, timesEnvoy: 1, ...target } }), outcomes);
};

describe('ratioOf', () => {
  it('compares by the first figure of the scenario', () => {
    expect(ratio(11, 10, 20)).toEqual({
      scenario: 's',
      figure: 'cpuUsPerRequest',
      heddle: 11,
      timesHaproxy: 1.1,
      timesEnvoy: 0.55,
      keepsTarget: true,
    });
  });

  it.each([
    ['more than HAProxy may be multiplied by', 12.1, 10, 20],
    ['more than Envoy needs', 11, 10, 10.5],
    ['more than HAProxy, and Envoy is not there', 20, 10, null],
  ])('says that a target is missed: %s', (_why, heddle, haproxy, envoy) => {
    expect(ratio(heddle, haproxy, envoy).keepsTarget).toBe(false);
  });

  it('claims no target of which a part was not measured', () => {
    expect(ratio(11, 10, null)).toMatchObject({ timesEnvoy: null, keepsTarget: null });
    expect(ratio(null, 10, 20)).toMatchObject({ heddle: null, timesHaproxy: null, keepsTarget: null });
  });

  it('knows bounds of its own, and scenarios without a target', () => {
    const own = { timesHaproxy: undefined, timesEnvoy: undefined, atMost: 16 };
    expect(ratio(15, 1, 20, own).keepsTarget).toBe(true);
    expect(ratio(17, 1, 20, own).keepsTarget).toBe(false);
    expect(ratioOf(scenarioOf('s', [], { target: null }), []).keepsTarget).toBeNull();
  });

  it('makes no ratio to nothing or less, which added latency may be', () => {
    expect(ratio(1, 0, -0.1)).toMatchObject({ timesHaproxy: null, timesEnvoy: null });
  });
});
