import type { CallersAt } from '../../proto/caller-metadata.ts';
import { defaultMaglevPlaces, defaultRingPoints, maxRingPoints } from '../../proto/hash-table-sizes.ts';
import type { ZoneAware } from '../balance/locality-split.ts';
import { defaultAnswerTimeMs, defaultDecayMs } from '../balance/peak-ewma.ts';
import type { SlowStart } from '../balance/slow-start.ts';

export type BalancerKind = 'round-robin' | 'least-request' | 'random' | 'peak-ewma' | 'ring-hash' | 'maglev';

/** How a cluster chooses between its endpoints. Numbers that are of no concern to the kind have their defaults. */
export interface BalancerConfig {
  readonly kind: BalancerKind;
  readonly minRingSize: number;
  readonly maxRingSize: number;
  /** Of ring hash and Maglev: percent of its share of the requests under way that an endpoint takes at most; 0 is no bound. */
  readonly hashBalancePercent: number;
  /** Of Maglev. */
  readonly tableSize: number;
  /** Of peak EWMA: what an endpoint is taken to need before it has answered. */
  readonly answerTimeMs: number;
  readonly decayMs: number;
  /** Null for none; round robin and least request alone have it. */
  readonly slowStart: SlowStart | null;
  /** Null where localities do not count. */
  readonly localities: LocalityRouting | null;
}

export type LocalityRouting =
  | { readonly kind: 'weighted' }
  /** `callers`: instances of the sidecar's own service by place; empty where nobody said. */
  | ({ readonly kind: 'zone-aware'; readonly callers: readonly CallersAt[] } & ZoneAware);

/** A balancer with nothing but defaults. */
export function plainBalancer(kind: BalancerKind): BalancerConfig {
  return {
    kind,
    minRingSize: defaultRingPoints,
    maxRingSize: maxRingPoints,
    hashBalancePercent: 0,
    tableSize: defaultMaglevPlaces,
    answerTimeMs: defaultAnswerTimeMs,
    decayMs: defaultDecayMs,
    slowStart: null,
    localities: null,
  };
}
