import type { Route__Output } from '../../proto/generated/envoy/config/route/v3/Route.ts';
import type { Activities, ActivityKind } from '../telemetry/activity.ts';
import { Activity } from '../telemetry/activity.ts';
import { keptState } from './kept-state.ts';

/** What filters need to be seen at work. */
export interface ActivityMemory {
  readonly activities: Activities;
}

/** Where a filter of a route counts what it does: in one place with the same filter of other routes to that destination. */
export function activityOf(
  { activities }: ActivityMemory,
  kind: ActivityKind,
  { route }: Route__Output,
  rule = '',
  untilMs: number = Number.POSITIVE_INFINITY,
): Activity {
  const cluster = route?.cluster || route?.weighted_clusters?.clusters[0]?.name || '';
  return keptState(
    activities,
    `${kind} ${cluster} ${rule} ${untilMs}`,
    () => new Activity(kind, cluster, rule, untilMs),
  );
}
