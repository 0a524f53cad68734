import type { Output } from '../../../proto/load.ts';
import type { NewEvent } from '../reported-event.ts';
import { readEvent } from '../reported-event.ts';

export const webSidecar = {
  identity: 'spiffe://cluster.local/ns/default/sa/web',
  namespace: 'default',
  service: 'web',
};

/** What the sidecar of web-1 says when it ejects cart-2. */
export function eventMessageOf(said: Partial<Output<'heddle.v1.Event'>> = {}): Output<'heddle.v1.Event'> {
  return {
    kind: 'EJECT',
    timestamp_ms: '1000',
    last_ms: '2000',
    count: 1,
    cluster_name: 'outbound|80||cart.default.svc.cluster.local',
    upstream_url: '10.0.0.2:80',
    workload: 'cart-2',
    cause: 'consecutive_5xx',
    num_ejections: 1,
    duration_ms: '30000',
    limit: '0',
    requests: '0',
    detail: '5 × 5xx in a row',
    rule: '',
    ...said,
  };
}

export function eventOf(changes: Partial<NewEvent> = {}): NewEvent {
  const context = { sidecar: webSidecar, workload: 'web-1', nowMs: 60_000, ruleOf: () => null };
  const event = readEvent(eventMessageOf(), context);
  if ('refused' in event) throw new Error(event.reason);
  return { ...event, ...changes };
}
