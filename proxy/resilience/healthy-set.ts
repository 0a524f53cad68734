/** What the choice of usable endpoints looks at. */
export interface Pickable {
  /**
   * `draining`: it is leaving and should get nothing new. `unhealthy`: the control plane or a health check says that it
   * cannot serve.
   */
  readonly health: 'healthy' | 'draining' | 'unhealthy';
  /** Taken out by outlier detection. */
  readonly isEjected: boolean;
}

/** The endpoints that a picker is built over. */
export interface PickableSet<E> {
  readonly endpoints: readonly E[];
  /** Too few were healthy, so health was ignored. */
  readonly isPanicking: boolean;
}

/** Envoy `CommonLbConfig.healthy_panic_threshold`. */
export const defaultPanicThresholdPercent = 50;

/**
 * The endpoints that may take requests: the healthy ones that are not ejected, unless they are less than
 * `panicThresholdPercent` of all. Then health is ignored: when most endpoints look ill, the judgement is more likely
 * wrong than the endpoints, and the few that remain would break under the load of all. 0 turns that off.
 *
 * Endpoints that leave are not part of this: they take requests only when there is nobody else at all, for they still
 * answer until they are gone.
 */
export function choosePickable<E extends Pickable>(
  endpoints: readonly E[],
  panicThresholdPercent: number,
): PickableSet<E> {
  const staying = endpoints.filter((endpoint) => endpoint.health !== 'draining');
  if (staying.length === 0) return { endpoints, isPanicking: false };
  const healthy = staying.filter((endpoint) => endpoint.health === 'healthy' && !endpoint.isEjected);
  const isPanicking = healthy.length * 100 < panicThresholdPercent * staying.length;
  return { endpoints: isPanicking ? staying : healthy, isPanicking };
}
