import type { FailurePercentageSettings } from './outlier-settings.ts';

/**
 * Whether an endpoint that succeeds with `successRate` percent of its requests fails too often, by a fixed bound: it finds
 * endpoints also where all are equally bad.
 *
 * Source: Envoy `DetectorImpl::processSuccessRateEjections`, `FAILURE_PERCENTAGE`.
 */
export function failsTooOften(successRate: number, { threshold }: FailurePercentageSettings): boolean {
  return 100 - successRate >= threshold;
}
