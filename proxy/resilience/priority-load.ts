/** How many endpoints a level has, and how they are. */
export interface LevelHealth {
  readonly endpoints: number;
  readonly healthy: number;
  readonly degraded: number;
}

/** What a level takes, in percent of all requests. */
export interface LevelLoad {
  healthy: number;
  degraded: number;
  /** Health is ignored at this level: `healthy` goes to all of it. */
  isPanicking: boolean;
}

/** Envoy `ClusterLoadAssignment.Policy.overprovisioning_factor`: a level takes all until less than 72 % of it are healthy. */
export const defaultOverprovisioningPercent = 140;

/**
 * Divides the requests between priority levels, in whole percent that add up to 100.
 *
 * A level can take its share of healthy endpoints times the overprovisioning factor, at most 100; the first level takes what
 * it can, the next what is left, and so on; then the same for degraded endpoints. What all can take together is scaled to 100.
 * Only when it is less than that, levels below the threshold panic; when all of them do, requests are divided by the number of
 * endpoints. Without panic and with nobody healthy, level 0 gets all and has nobody to give it to.
 *
 * Source: Envoy, `LoadBalancerBase::recalculatePerPriorityState`, `recalculatePerPriorityPanic`.
 */
export function priorityLoad(
  levels: readonly LevelHealth[],
  panicThresholdPercent: number,
  overprovisioningPercent: number = defaultOverprovisioningPercent,
): LevelLoad[] {
  const canTake = (part: (level: LevelHealth) => number) =>
    levels.map((level) =>
      level.endpoints === 0 ? 0 : Math.min(100, Math.floor((overprovisioningPercent * part(level)) / level.endpoints)),
    );
  const healthy = canTake((level) => level.healthy);
  const degraded = canTake((level) => level.degraded);
  const together = Math.min(100, sum(healthy) + sum(degraded));
  const load: LevelLoad[] = levels.map(() => ({ healthy: 0, degraded: 0, isPanicking: false }));
  const [first] = load;
  if (first === undefined) return load;
  if (together > 0) distribute(load, healthy, degraded, together);
  if (panicThresholdPercent === 0) {
    if (together === 0) first.healthy = 100;
    return load;
  }
  for (const [index, level] of levels.entries()) {
    const alive = level.endpoints === 0 ? 0 : (100 * (level.healthy + level.degraded)) / level.endpoints;
    (load[index] as LevelLoad).isPanicking = together < 100 && alive < panicThresholdPercent;
  }
  if (load.every(({ isPanicking }) => isPanicking)) divideByNumber(load, levels);
  return load;
}

function distribute(
  load: readonly LevelLoad[],
  healthy: readonly number[],
  degraded: readonly number[],
  together: number,
): void {
  let left = 100;
  const give = (percent: number) => {
    const given = Math.min(left, Math.floor((percent * 100) / together));
    left -= given;
    return given;
  };
  for (const [index, level] of load.entries()) level.healthy = give(healthy[index] as number); // as long as the levels
  for (const [index, level] of load.entries()) level.degraded = give(degraded[index] as number);
  // what rounding left over goes to the first that has any
  const firstHealthy = healthy.findIndex((percent) => percent > 0);
  const rest = load[firstHealthy < 0 ? degraded.findIndex((percent) => percent > 0) : firstHealthy];
  if (rest === undefined) return;
  if (firstHealthy < 0) rest.degraded += left;
  else rest.healthy += left;
}

function divideByNumber(load: readonly LevelLoad[], levels: readonly LevelHealth[]): void {
  const endpoints = levels.reduce((total, level) => total + level.endpoints, 0);
  let left = 100;
  for (const [index, level] of load.entries()) {
    level.degraded = 0;
    level.healthy = Math.floor((100 * (levels[index] as LevelHealth).endpoints) / endpoints);
    left -= level.healthy;
  }
  const firstWithAny = levels.findIndex((level) => level.endpoints > 0);
  const rest = load[firstWithAny];
  if (rest !== undefined) rest.healthy += left;
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}
