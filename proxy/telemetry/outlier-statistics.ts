const detectors = [
  'consecutive_5xx',
  'consecutive_gateway_failure',
  'consecutive_local_origin_failure',
  'success_rate',
  'local_origin_success_rate',
  'failure_percentage',
  'local_origin_failure_percentage',
] as const;
type Detector = (typeof detectors)[number];
type CountByDetector = Readonly<Record<Detector, number>>;
type Key = `detected_${Detector}` | `enforced_${Detector}`;

/**
 * What each detector of outliers found, and what of it was ejected: rows of `clusterStatistics`.
 *
 * Source: Envoy, "Cluster manager statistics", outlier detection.
 */
export const outlierStatistics = Object.fromEntries(
  detectors.flatMap((detector) => {
    const name = (what: string) => `outlier_detection.ejections_${what}_${detector}`;
    return [
      [`detected_${detector}`, { name: name('detected'), kind: 'counter', help: 'Outliers of this kind.' }],
      [`enforced_${detector}`, { name: name('enforced'), kind: 'counter', help: 'Ejections for this reason.' }],
    ];
  }),
) as Readonly<Record<Key, { readonly name: string; readonly kind: 'counter'; readonly help: string }>>; // of each detector both

/** The numbers of one cluster for these. */
export function outlierCounts(counters: {
  readonly detected: CountByDetector;
  readonly enforced: CountByDetector;
}): Readonly<Record<Key, number>> {
  const counts = detectors.flatMap((detector) => [
    [`detected_${detector}`, counters.detected[detector]],
    [`enforced_${detector}`, counters.enforced[detector]],
  ]);
  return Object.fromEntries(counts) as Record<Key, number>; // of each detector both
}
