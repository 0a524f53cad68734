import type { Input } from '../../proto/load.ts';

/** What a circuit breaker can be at the end of. */
export type OpenLimit = 'connections' | 'pending' | 'requests';

/** A destination that is not simply well, as `heddle.v1.ClusterState` has it. */
export interface ClusterCondition {
  readonly cluster: string;
  readonly endpoints: number;
  /** Taken out by outlier detection. */
  readonly ejected: number;
  readonly failedChecks: number;
  readonly isPanicking: boolean;
  /** Null while nothing is refused. */
  readonly openLimit: OpenLimit | null;
  /** How much of it there is; 0 while nothing is refused. */
  readonly limit: number;
  /** Requests refused since it was reached. */
  readonly refused: number;
}

/** As the control plane is told. More than these are left out: nobody reads so many. */
const maxClusters = 100;

export function stateMessage(conditions: readonly ClusterCondition[]): Input<'heddle.v1.TrafficState'> {
  return {
    clusters: conditions.slice(0, maxClusters).map((condition) => ({
      cluster_name: condition.cluster,
      endpoints: condition.endpoints,
      ejected: condition.ejected,
      failed_checks: condition.failedChecks,
      panic: condition.isPanicking,
      open_limit: condition.openLimit ?? '',
      limit: condition.limit,
      refused: condition.refused,
    })),
  };
}

/** How several workers find one destination: as ill as the one that finds it worst, with what all of them refuse. */
export function mergeConditions(all: Iterable<ClusterCondition>): ClusterCondition[] {
  const merged = new Map<string, ClusterCondition>();
  for (const condition of all) {
    const before = merged.get(condition.cluster);
    merged.set(condition.cluster, before === undefined ? condition : worse(before, condition));
  }
  return [...merged.values()];
}

function worse(a: ClusterCondition, b: ClusterCondition): ClusterCondition {
  const openLimit = a.openLimit ?? b.openLimit;
  // shares of one limit make the whole of it; workers may lack different things
  const shareOf = (of: ClusterCondition) => (of.openLimit === openLimit ? of.limit : 0);
  return {
    cluster: a.cluster,
    endpoints: Math.max(a.endpoints, b.endpoints),
    ejected: Math.max(a.ejected, b.ejected),
    failedChecks: Math.max(a.failedChecks, b.failedChecks),
    isPanicking: a.isPanicking || b.isPanicking,
    openLimit,
    limit: shareOf(a) + shareOf(b),
    refused: a.refused + b.refused,
  };
}
