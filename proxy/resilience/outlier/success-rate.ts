import type { SuccessRateSettings } from './outlier-settings.ts';

/** The success rates of a cluster's endpoints in one interval, in percent. */
export interface SuccessRates {
  readonly average: number;
  /** Who is below is an outlier; negative where nobody can be. */
  readonly threshold: number;
}

/** Nothing can be said: too few endpoints, or too few requests. Envoy shows these as -1. */
export const noSuccessRates: SuccessRates = { average: -1, threshold: -1 };

/**
 * The mean of `rates`, and the bound that is `stdevFactor` thousandths of their standard deviation below it. It adapts: where
 * all fail alike, as when what they all depend on is down, nobody is an outlier.
 *
 * Source: Envoy `DetectorImpl::successRateEjectionThreshold`.
 */
export function successRates(rates: readonly number[], settings: SuccessRateSettings): SuccessRates {
  if (rates.length === 0 || rates.length < settings.minimumHosts) return noSuccessRates;
  const average = rates.reduce((sum, rate) => sum + rate, 0) / rates.length;
  const variance = rates.reduce((sum, rate) => sum + (rate - average) ** 2, 0) / rates.length;
  return { average, threshold: average - (settings.stdevFactor / 1000) * Math.sqrt(variance) };
}
