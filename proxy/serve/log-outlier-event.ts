import type { Cluster } from '../cluster/cluster.ts';
import type { Log } from '../log.ts';
import type { OutlierEvent } from '../resilience/outlier/outlier-detector.ts';

/** One line for what outlier detection did; what it only would have done is for those who look for it. */
export function logOutlierEvent(log: Log, { name }: Cluster, endpoint: string, event: OutlierEvent): void {
  if (event.kind === 'returned') {
    log('info', 'an ejected endpoint is back', { cluster: name, endpoint, by: event.by });
  } else if (event.isEnforced) {
    log('info', 'an endpoint is ejected: it kept failing', { cluster: name, endpoint, cause: event.cause });
  } else {
    log('debug', 'an endpoint is an outlier and stays', { cluster: name, endpoint, cause: event.cause });
  }
}
