/** How a new endpoint comes to its full share. */
export interface SlowStart {
  readonly windowMs: number;
  /** 1, the default, grows evenly; more of it grows faster at first (Envoy `SlowStartConfig.aggression`). */
  readonly aggression: number;
  /** Never less than this share of its weight. Default 10 (Envoy `min_weight_percent`). */
  readonly minWeightPercent: number;
}

/**
 * Share of its weight that an endpoint of that age takes: above 0, and 1 from the end of the window on.
 *
 * Source: Envoy, "Slow start mode": `weight * max(min_weight_percent, time_factor ^ (1 / aggression))`.
 */
export function warmthAt(ageMs: number, { windowMs, aggression, minWeightPercent }: SlowStart): number {
  if (ageMs >= windowMs) return 1;
  // Envoy counts the first second as one, so that no age gives nothing
  const timeFactor = Math.max(ageMs, 1_000) / windowMs;
  const grown = aggression === 1 ? timeFactor : timeFactor ** (1 / aggression);
  return Math.min(1, Math.max(minWeightPercent / 100, grown));
}
