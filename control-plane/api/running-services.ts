import type { RegisteredWorkload } from '../registry/registered-workload.ts';
import type { ServiceStat } from '../telemetry/telemetry-source.ts';

/** A service that takes requests, or one version of it, and how many of its workloads are registered now. */
interface Running {
  readonly namespace: string;
  readonly service: string;
  readonly version: string;
  instances: number;
}

/**
 * What flowed, with what runs: `instances` becomes the number of registered workloads, called or not, and services that
 * nobody has called get a row without requests. Workloads that take no requests count for nothing.
 *
 * A service of which nothing is registered and that its callers counted has no sidecars: of its instances we know only
 * those that were called, so its row stays as it is. Sorted by namespace, service and version, as the rows that come in.
 */
export function withRunningServices(
  rows: readonly ServiceStat[],
  workloads: readonly RegisteredWorkload[],
  by: 'service' | 'version',
): ServiceStat[] {
  const running = runningServices(workloads, by);
  const called = rows.map((row) => {
    const instances = running.get(keyOf(row))?.instances;
    running.delete(keyOf(row));
    if (instances !== undefined) return { ...row, instances };
    return row.countedBy === 'source' ? row : { ...row, instances: 0 };
  });
  const idle = [...running.values()].map((one) => ({ ...one, ...nothing }));
  return [...called, ...idle].sort((a, b) => (keyOf(a) < keyOf(b) ? -1 : 1));
}

function runningServices(workloads: readonly RegisteredWorkload[], by: 'service' | 'version'): Map<string, Running> {
  const running = new Map<string, Running>();
  for (const { namespace, service, labels, ports } of workloads) {
    if (ports.length === 0) continue;
    const name = { namespace, service, version: by === 'version' ? (labels.version ?? '') : '' };
    const known = running.get(keyOf(name));
    if (known === undefined) running.set(keyOf(name), { ...name, instances: 1 });
    else known.instances++;
  }
  return running;
}

const nothing = {
  host: '',
  countedBy: 'destination',
  requests: 0,
  unreached: 0,
  requestsPerSecond: 0,
  successRate: null,
  p50Ms: null,
  p95Ms: null,
  p99Ms: null,
  mutualTlsShare: null,
  tcp: null,
  circuit: null,
} as const;

type RowName = Omit<Running, 'instances'> & { readonly host?: string };

function keyOf({ namespace, service, host = '', version }: RowName): string {
  return `${namespace}\n${service}\n${host}\n${version}`;
}
