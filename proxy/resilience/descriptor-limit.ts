import { readFileSync } from 'node:fs';

/** As many connections as one process takes at most (Envoy, edge guide: `max_active_downstream_connections`). */
const MAX_CONNECTIONS = 50_000;

/**
 * Downstream connections that this process can serve: less than half of its file descriptors, since each may need one to an
 * upstream, and at most 50 000. `limits` is the text of `/proc/self/limits`.
 */
export function connectionCap(limits: string = readFileSync('/proc/self/limits', 'utf8')): number {
  const descriptors = Number(/^Max open files\s+(\d+)/m.exec(limits)?.[1] ?? Number.POSITIVE_INFINITY);
  return Math.min(MAX_CONNECTIONS, Math.max(1, Math.floor(descriptors / 2) - 1));
}
