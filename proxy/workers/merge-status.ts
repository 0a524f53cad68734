import type { ClusterStatus, EndpointStatus } from '../admin/clusters-page.ts';
import type { CarrierCounters } from '../carrier.ts';
import { carrierStatistics } from '../carrier.ts';
import type { ProcessUsage } from '../telemetry/process-metrics.ts';
import type { Statistic } from '../telemetry/statistic.ts';
import type { ClusterStats, DownstreamRequests, ListenerStats } from '../telemetry/traffic-stats.ts';
import { clusterStatistics, listenerStatistics } from '../telemetry/traffic-stats.ts';

const statistics = Object.entries<Statistic>({ ...clusterStatistics, ...listenerStatistics, ...carrierStatistics });

/** Numbers that are the same in every worker, or of which the highest counts for all. */
const highest: ReadonlySet<string> = new Set([
  ...statistics.filter(([, { kind }]) => kind === 'shared').map(([key]) => key),
  ...['port', 'weight', 'retryBudgetPercent', 'lagSeconds'],
  ...['successRate', 'localOriginSuccessRate', 'average', 'threshold'],
]);

/** Numbers that say how things stand; what has ended has none of them. */
const standing: ReadonlySet<string> = new Set([
  ...statistics.filter(([, { kind }]) => kind !== 'counter').map(([key]) => key),
  ...['residentBytes', 'heapBytes', 'openDescriptors', 'lagSeconds'],
]);

/**
 * Two rows of numbers as one: counters and gauges are added, field by field and place by place; of booleans it is enough
 * that one is true; names are those of the first.
 */
export function addUp<Row extends object>(first: Row, second: Row): Row {
  const sum = { ...first } as Record<string, unknown>;
  for (const [key, value] of Object.entries(second)) sum[key] = combine(key, sum[key], value);
  return sum as Row; // the same keys with values of the same types
}

function combine(key: string, first: unknown, second: unknown): unknown {
  if (typeof first === 'number' && typeof second === 'number') {
    return highest.has(key) ? Math.max(first, second) : first + second;
  }
  if (typeof first === 'boolean') return first || second;
  if (Array.isArray(first) && Array.isArray(second)) {
    const longer = first.length >= second.length ? first : second;
    return longer.map((_value, index) => (Number(first[index]) || 0) + (Number(second[index]) || 0));
  }
  const areRows = typeof first === 'object' && first !== null && typeof second === 'object' && second !== null;
  return areRows ? addUp(first, second) : (first ?? second);
}

/** The row of something that has ended: what it counted stays, how it stood is over. */
export function countersOf<Row extends object>(row: Row): Row {
  const entries = Object.entries(row).map(([key, value]) => [key, standing.has(key) ? 0 : value]);
  return Object.fromEntries(entries) as Row; // the same keys with values of the same types
}

/** Rows of the same key added up, in the order in which keys first appear. */
export function mergeRows<Row extends object>(rows: Iterable<Row>, keyOf: (row: Row) => string): Map<string, Row> {
  const merged = new Map<string, Row>();
  for (const row of rows) {
    const key = keyOf(row);
    const before = merged.get(key);
    merged.set(key, before === undefined ? row : addUp(before, row));
  }
  return merged;
}

export const clusterKey = ({ name }: ClusterStats): string => name;
export const listenerKey = ({ direction, address }: ListenerStats): string => `${direction} ${address}`;
export const directionKey = ({ direction }: DownstreamRequests): string => direction;

/** `/clusters` of several workers as one: an endpoint's counts added up, ejected where one of them has ejected it. */
export function mergeDestinations(all: Iterable<readonly ClusterStatus[]>): ClusterStatus[] {
  const merged = new Map<string, ClusterStatus>();
  for (const status of [...all].flat()) {
    const before = merged.get(status.name);
    if (before === undefined) {
      merged.set(status.name, status);
      continue;
    }
    const endpoints = [...mergeRows([...before.endpoints, ...status.endpoints], endpointKey).values()];
    // each looks its names up, and finds the same
    const { names } = before;
    merged.set(status.name, { ...addUp(withoutLists(before), withoutLists(status)), names, endpoints });
  }
  return [...merged.values()];
}

function withoutLists(status: ClusterStatus): ClusterStatus {
  return { ...status, names: [], endpoints: [] };
}

function endpointKey({ address, port }: EndpointStatus): string {
  return `${address} ${port}`;
}

export const noCounters = Object.fromEntries(
  Object.keys(carrierStatistics).map((key) => [key, 0]),
) as unknown as CarrierCounters; // all of its keys

export const noUsage: ProcessUsage = {
  cpuSeconds: 0,
  residentBytes: 0,
  heapBytes: 0,
  openDescriptors: 0,
  lagSeconds: 0,
};
