import type { EjectionCause } from '../../../proto/ejection-causes.ts';
import { failsTooOften } from './failure-percentage.ts';
import type { OutlierRecord } from './outlier-record.ts';
import type { OutlierSettings } from './outlier-settings.ts';
import type { RequestTally } from './request-tally.ts';
import type { SuccessRates } from './success-rate.ts';
import { noSuccessRates, successRates } from './success-rate.ts';

/** One of the two kinds of results that are judged by their rates: what endpoints answered, or what was seen of them here. */
export interface JudgedKind {
  readonly tallyOf: (record: OutlierRecord) => RequestTally;
  readonly note: (record: OutlierRecord, successRate: number) => void;
  readonly successRate: EjectionCause;
  readonly failurePercentage: EjectionCause;
}

export const answers: JudgedKind = {
  tallyOf: (record) => record.answers,
  note: (record, successRate) => {
    record.successRate = successRate;
  },
  successRate: 'success_rate',
  failurePercentage: 'failure_percentage',
};

export const connections: JudgedKind = {
  tallyOf: (record) => record.connections,
  note: (record, successRate) => {
    record.localOriginSuccessRate = successRate;
  },
  successRate: 'local_origin_success_rate',
  failurePercentage: 'local_origin_failure_percentage',
};

/**
 * Judges the interval that is over: `onOutlier` is called for each endpoint that its success rate or its failure percentage
 * condemns, which may be one that it has ejected before. Endpoints that are out are not compared with.
 *
 * Source: Envoy `DetectorImpl::processSuccessRateEjections`.
 */
export function judgeInterval(
  records: ReadonlySet<OutlierRecord>,
  kind: JudgedKind,
  settings: OutlierSettings,
  onOutlier: (record: OutlierRecord, cause: EjectionCause) => void,
): SuccessRates {
  for (const record of records) kind.note(record, -1);
  const { successRate, failurePercentage } = settings;
  if (records.size < Math.min(successRate.minimumHosts, failurePercentage.minimumHosts)) return noSuccessRates;
  const leastVolume = Math.min(successRate.requestVolume, failurePercentage.requestVolume);
  const judged = [...records].filter((record) => {
    const { volume } = kind.tallyOf(record);
    return !record.isEjected && volume > 0 && volume >= leastVolume;
  });
  for (const record of judged) kind.note(record, kind.tallyOf(record).successRate);

  const withEnough = (volume: number) => judged.filter((record) => kind.tallyOf(record).volume >= volume);
  const compared = withEnough(successRate.requestVolume);
  const measured = withEnough(failurePercentage.requestVolume);
  const rates = successRates(
    compared.map((record) => kind.tallyOf(record).successRate),
    successRate,
  );
  for (const record of compared) {
    if (kind.tallyOf(record).successRate < rates.threshold) onOutlier(record, kind.successRate);
  }
  if (measured.length >= failurePercentage.minimumHosts) {
    for (const record of measured) {
      if (failsTooOften(kind.tallyOf(record).successRate, failurePercentage)) onOutlier(record, kind.failurePercentage);
    }
  }
  return rates;
}
