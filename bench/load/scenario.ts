import type { FigureName } from './figures.ts';
import type { Load } from './loads/load.ts';
import type { Peer } from './peer.ts';
import type { Protocol } from './upstream.ts';

/** One question, and everybody to whom it is put. */
export interface Scenario {
  readonly name: string;
  readonly summary: string;
  /** What is measured: the first is what proxies are compared by, the others stand beside it. */
  readonly figures: readonly [FigureName, ...FigureName[]];
  /** What Heddle may need of the first figure, as a multiple of another's in the same run; or at most, of its own. */
  readonly target: Target | null;
  readonly protocol: Protocol;
  /** How many addresses the upstream has. */
  readonly upstreamAddresses: number;
  /** The method that a proxy must carry calls of before it is measured; null: `GET /` in its protocol. */
  readonly callPath: string | null;
  readonly load: Load;
  /** Before the first round, for those that warm up; null: the load itself. */
  readonly warmUp: Load | null;
  /** Whether the load runs shortly before each round, so that connections between hops are open again. */
  readonly settles: boolean;
  /** Whether proxies have a core to themselves, where there are several; else everybody has all of them. */
  readonly isPinned: boolean;
  readonly peers: readonly Peer[];
  /** Whether pairs are each of the others beside the first, and not the first beside each of them. */
  readonly comparesToFirst: boolean;
  /** For those who ask for it by name. */
  readonly isOnRequest: boolean;
}

export interface Target {
  readonly timesHaproxy?: number;
  readonly timesEnvoy?: number;
  readonly atMost?: number;
}

/** What stands beside the CPU of a closed loop. */
export const closedLoop = ['requestsPerSecond', 'p50Ms', 'p90Ms', 'p99Ms', 'rssMb'] as const;

/** What most of them have in common. */
export const usual = {
  protocol: 'http1',
  upstreamAddresses: 2,
  callPath: null,
  warmUp: null,
  settles: true,
  isPinned: true,
  comparesToFirst: false,
  isOnRequest: false,
} as const;
