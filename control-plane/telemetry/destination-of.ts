import type { ReportedEnd, SeriesLabels } from './reported-series.ts';
import type { EdgeEnd } from './telemetry-source.ts';

/** Finds out which service the destination of a series is. */
export type DestinationOf = (labels: SeriesLabels) => EdgeEnd;

/**
 * Callers know a destination by the Service they asked for, callees by the service they registered as, which need not be
 * the same: a `Service` may select the workloads of another. Where a workload has reported itself, its word counts for
 * both ends, so that they meet.
 *
 * A host outside the mesh is in the namespace of its document. A sidecar learns of that with the cluster, so it cannot say it
 * of requests that it answers by a rule; what callers of the same namespace say of the host counts for them.
 */
export function destinationOf(all: Iterable<SeriesLabels>): DestinationOf {
  const services = new Map<string, string>();
  const hosts = new Map<string, string>();
  const key = ({ namespace, workload }: ReportedEnd) => `${namespace}/${workload}`;
  const hostKey = (callers: string, host: string) => `${callers}/${host}`;
  for (const { reporter, source, destination } of all) {
    const { namespace, service } = destination;
    if (reporter === 'destination') services.set(key(destination), service);
    else if (namespace !== '' && isHost(service)) hosts.set(hostKey(source.namespace, service), namespace);
  }
  return ({ source, destination }) => {
    const service = services.get(key(destination)) ?? destination.service;
    const { namespace } = destination;
    if (namespace !== '' || !isHost(service)) return { namespace, service };
    return { namespace: hosts.get(hostKey(source.namespace, service)) ?? '', service };
  };
}

/** No service has a name with a dot, and what is outside has no other. */
function isHost(service: string): boolean {
  return service.includes('.');
}
