import type { Outcome } from './measure.ts';
import { medians } from './measure.ts';

/**
 * What a scenario came to in several starts of its processes, as if it were one: the same proxies in the same order, each
 * with the rounds of all starts. A proxy that has no figures in one start has none at all, for the first such reason.
 */
export function poolStarts(runs: readonly (readonly Outcome[])[]): Outcome[] {
  const [first = []] = runs;
  return first.map((outcome, index) => {
    const ofProxy = runs.map((run) => run[index] as Outcome); // a scenario has the same proxies each time
    const failed = ofProxy.find(({ measurement }) => measurement === null);
    if (failed !== undefined) return failed;
    const starts = ofProxy.flatMap((each) => each.starts);
    return { ...outcome, starts, measurement: medians(starts.flat()) };
  });
}
