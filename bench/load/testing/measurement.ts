import type { FigureName, Measurement } from '../figures.ts';
import { measurementOf } from '../figures.ts';
import type { Outcome } from '../measure.ts';

/** These figures, and none of the others. */
export function measured(figures: Partial<Record<FigureName, number>>): Measurement {
  return measurementOf((name) => figures[name] ?? Number.NaN);
}

/** What a proxy did; null figures: it was not measured. */
export function outcomeOf(
  scenario: string,
  proxy: string,
  figures: Partial<Record<FigureName, number>> | null,
  others: Partial<Outcome> = {},
): Outcome {
  const measurement = figures === null ? null : measured(figures);
  return { scenario, proxy, remark: null, measurement, starts: [], reason: null, isFault: false, ...others };
}
