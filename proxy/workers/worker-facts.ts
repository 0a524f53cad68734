import type { Stat } from '../admin/stats-page.ts';
import type { CarrierFacts } from '../carrier.ts';
import type { WorkerSlot } from './worker-slot.ts';

/** What there is to say of the workers themselves. */
export function groupFacts(group: {
  readonly slots: readonly WorkerSlot[];
  /** Workers that did not answer when last asked. */
  readonly missing: number;
  readonly refusedConnections: number;
}): Omit<CarrierFacts, 'usage'> {
  const { slots, missing, refusedConnections } = group;
  const running = slots.filter(({ isServing }) => isServing).length;
  const restarts = slots.reduce((total, slot) => total + slot.restarts, 0);
  return {
    metrics: [
      { name: 'heddle_workers', type: 'gauge', help: 'Processes that carry requests.', value: running },
      {
        name: 'heddle_workers_missing',
        type: 'gauge',
        help: 'Workers that did not answer within a second; what they counted since is not on this page yet.',
        value: missing,
      },
      {
        name: 'heddle_worker_restarts_total',
        type: 'counter',
        help: 'Workers that were started in place of one that had ended.',
        value: restarts,
      },
      {
        name: 'heddle_connections_refused_total',
        type: 'counter',
        help: 'Connections that were closed because too many waited for a worker.',
        value: refusedConnections,
      },
    ],
    stats: [
      ['server.concurrency', slots.length],
      ['server.workers_running', running],
      ['server.workers_missing', missing],
      ['server.worker_restarts', restarts],
      ...slots.flatMap(statsOf),
    ],
  };
}

function statsOf({ index, worker, counts }: WorkerSlot): Stat[] {
  const prefix = `workers.${index}.`;
  const requests = counts.downstream.reduce((total, { total: ofDirection }) => total + ofDirection, 0);
  const connections = counts.listeners.reduce((total, { connectionsActive }) => total + connectionsActive, 0);
  return [
    [`${prefix}pid`, worker?.pid ?? 0],
    [`${prefix}downstream_rq_total`, requests],
    [`${prefix}downstream_cx_active`, connections],
  ];
}
