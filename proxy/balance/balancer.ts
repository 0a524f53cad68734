import type { HashKey } from './hash-key.ts';

/** What a balancer needs to know of an endpoint. */
export interface Candidate {
  /** `address:port`: what consistent hashing places it by, the same in every proxy. */
  readonly key: string;
  /** Share of traffic relative to the other candidates: a positive integer (Envoy `load_balancing_weight`, ≥ 1). */
  readonly weight: number;
  /** Requests in flight to this endpoint now; whoever forwards counts them. */
  readonly activeRequests: number;
  /** Share of its weight that it takes while it starts slowly: above 0, and 1 when it is warm. */
  readonly warmth: number;
  /** What is known of its answer times; null where the balancer does not ask. */
  readonly latency: AnswerTime | null;
}

/** How long an endpoint takes to answer, by experience. */
export interface AnswerTime {
  /** In milliseconds, above 0. */
  estimateMs(): number;
}

/**
 * Chooses an endpoint for one request, without allocating.
 *
 * A picker belongs to one fixed set of candidates. When the set changes, a new picker is built and published in its
 * place, so that a request in the middle of its choice never sees half of a change.
 *
 * Hot path: `bench/balance/pick.ts`.
 */
export interface Picker<C> {
  /**
   * The candidate for the next attempt; null only when there is none at all.
   *
   * `exclude` is the endpoint that the last attempt failed on: it is passed over as long as another candidate exists,
   * and returned when it is the only one (Envoy's `previous_hosts` retry predicate, which gives way likewise).
   *
   * `key` is what requests that belong together have in common; null for a request that nothing is known of. Only
   * consistent hashing looks at it: the same key leads to the same candidate.
   */
  pick(exclude: C | null, key: HashKey | null): C | null;
}

/**
 * Builds a picker over `candidates`, which must not change afterwards except for `activeRequests`.
 * `random` returns numbers in [0, 1), as `Math.random` does.
 */
export type BuildPicker = <C extends Candidate>(candidates: readonly C[], random: () => number) => Picker<C>;

/** True when every candidate has the same weight, so that a balancer may ignore weights altogether. */
export function haveEqualWeights(candidates: readonly Candidate[]): boolean {
  const first = candidates[0];
  return candidates.every((candidate) => candidate.weight === first?.weight);
}
