import type { EjectionCause } from '../../proto/ejection-causes.ts';
import { ejectionCauses } from '../../proto/ejection-causes.ts';

type CountByCause = Readonly<Record<EjectionCause, number>>;
type Key = `detected_${EjectionCause}` | `enforced_${EjectionCause}`;

/**
 * What each detector of outliers found, and what of it was ejected: rows of `clusterStatistics`.
 *
 * Source: Envoy, "Cluster manager statistics", outlier detection.
 */
export const outlierStatistics = Object.fromEntries(
  ejectionCauses.flatMap((detector) => {
    const name = (what: string) => `outlier_detection.ejections_${what}_${detector}`;
    return [
      [`detected_${detector}`, { name: name('detected'), kind: 'counter', help: 'Outliers of this kind.' }],
      [`enforced_${detector}`, { name: name('enforced'), kind: 'counter', help: 'Ejections for this reason.' }],
    ];
  }),
) as Readonly<Record<Key, { readonly name: string; readonly kind: 'counter'; readonly help: string }>>; // of each detector both

/** The numbers of one cluster for these. */
export function outlierCounts(counters: {
  readonly detected: CountByCause;
  readonly enforced: CountByCause;
}): Readonly<Record<Key, number>> {
  const counts = ejectionCauses.flatMap((detector) => [
    [`detected_${detector}`, counters.detected[detector]],
    [`enforced_${detector}`, counters.enforced[detector]],
  ]);
  return Object.fromEntries(counts) as Record<Key, number>; // of each detector both
}
