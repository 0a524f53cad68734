import type { Window } from './aggregator.ts';
import type { DestinationOf } from './destination-of.ts';
import { isAnsweredByCaller, isUnreached } from './reported-series.ts';
import { Tally } from './tally.ts';
import type { ServiceCircuit, ServiceStat } from './telemetry-source.ts';

interface Group {
  readonly namespace: string;
  readonly service: string;
  readonly host: string;
  readonly version: string;
  readonly destination: Tally;
  readonly source: Tally;
  readonly instances: Set<string>;
  unreached: number;
}

/** How callers find a service, or a version of it, where they find it not simply well. */
export type CircuitOf = (namespace: string, service: string, version: string | null) => ServiceCircuit | null;

/** Requests and connections by the service they were for, or by its versions. */
export function serviceStats(
  window: Window,
  destinationOf: DestinationOf,
  by: 'service' | 'version',
  circuitOf: CircuitOf,
): ServiceStat[] {
  const groups = new Map<string, Group>();
  /** Services that count for themselves, so that what their callers count would be the same requests again. */
  const counting = new Set<string>();
  for (const [labels, counts] of window.cells) {
    const { namespace, service } = destinationOf(labels);
    if (service === '') continue; // for nobody: no route matched
    const { workload, version } = labels.destination;
    const group = groupOf(groups, namespace, service, labels.host, by === 'version' ? version : '');
    group[labels.reporter].add(labels, counts);
    if (labels.reporter === 'destination') counting.add(`${namespace}/${service}`);
    if (isUnreached(labels)) group.unreached += counts.count + (counts.connections?.opened ?? 0);
    if (!isAnsweredByCaller(labels)) group.instances.add(workload);
  }
  const rows: ServiceStat[] = [];
  for (const { namespace, service, host, version, instances, unreached, ...tallies } of groups.values()) {
    const countedBy = counting.has(`${namespace}/${service}`) ? 'destination' : 'source';
    const tally = tallies[countedBy];
    if (tally.count === 0) continue;
    const name = { namespace, service, host, version, countedBy } as const;
    const closed = tallies.source.count > 0 ? ({ state: 'closed', reasons: [] } as const) : null;
    const circuit = circuitOf(namespace, service, by === 'version' ? version : null) ?? closed;
    rows.push({ ...name, instances: instances.size, unreached, ...tally.metrics(window.seconds), circuit });
  }
  return rows.sort((a, b) => compare(sortKey(a), sortKey(b)));
}

function groupOf(groups: Map<string, Group>, namespace: string, service: string, host: string, version: string): Group {
  const key = sortKey({ namespace, service, host, version });
  let group = groups.get(key);
  if (group === undefined) {
    const tallies = { destination: new Tally(), source: new Tally() };
    group = { namespace, service, host, version, ...tallies, instances: new Set(), unreached: 0 };
    groups.set(key, group);
  }
  return group;
}

function sortKey({
  namespace,
  service,
  host,
  version,
}: Pick<ServiceStat, 'namespace' | 'service' | 'host' | 'version'>): string {
  return `${namespace}\n${service}\n${host}\n${version}`;
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
