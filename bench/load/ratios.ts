import type { FigureName } from './figures.ts';
import type { Outcome } from './measure.ts';
import { envoyName } from './peers/envoy.ts';
import { haproxyName } from './peers/haproxy.ts';
import { heddleName } from './peers/heddle.ts';
import type { Scenario } from './scenario.ts';

/** How Heddle stands in a scenario, by the figure that it is compared by. Null: not measured. */
export interface Ratio {
  readonly scenario: string;
  readonly figure: FigureName;
  readonly heddle: number | null;
  readonly timesHaproxy: number | null;
  readonly timesEnvoy: number | null;
  /** Whether all that the target asks is kept; null: no target, or some of it was not measured and the rest is kept. */
  readonly keepsTarget: boolean | null;
}

export function ratioOf(scenario: Scenario, outcomes: readonly Outcome[]): Ratio {
  const [figure] = scenario.figures;
  const of = (proxy: string) => figureOf(outcomes, proxy, figure);
  const heddle = of(heddleName);
  const timesHaproxy = divide(heddle, of(haproxyName));
  const timesEnvoy = divide(heddle, of(envoyName));
  const { target } = scenario;
  const bounds: [number | null, number | undefined][] = [
    [timesHaproxy, target?.timesHaproxy],
    [timesEnvoy, target?.timesEnvoy],
    [heddle, target?.atMost],
  ];
  const asked = bounds.filter(([, bound]) => bound !== undefined);
  const isMissed = asked.some(([value, bound]) => value !== null && value > (bound ?? Number.NaN));
  const isKept = asked.length > 0 && asked.every(([value]) => value !== null);
  return {
    scenario: scenario.name,
    figure,
    heddle: hundredths(heddle),
    timesHaproxy: hundredths(timesHaproxy),
    timesEnvoy: hundredths(timesEnvoy),
    keepsTarget: isMissed ? false : isKept ? true : null,
  };
}

/** Null where the proxy was not measured, or the figure is none. */
export function figureOf(outcomes: readonly Outcome[], proxy: string, figure: FigureName): number | null {
  const value = outcomes.find((outcome) => outcome.proxy === proxy)?.measurement?.[figure] ?? Number.NaN;
  return Number.isFinite(value) ? value : null;
}

/** A figure that is nothing or less, as added latency may be in noise, is no measure for another. */
export function divide(value: number | null, by: number | null): number | null {
  return value === null || by === null || by <= 0 ? null : value / by;
}

function hundredths(value: number | null): number | null {
  return value === null ? null : Math.round(value * 100) / 100;
}
