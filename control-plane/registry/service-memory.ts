import type { RegisteredWorkload, RememberedService } from './registered-workload.ts';

export interface ServiceMemoryOptions {
  /** How long a service stays known after its last lease went. Default 1 hour: longer than an outage or a slow roll-out. */
  readonly keepMs?: number;
  /**
   * Default 1000 entries, which is under 1 MiB unless workloads have many labels: who registers and leaves all the time
   * must not fill the control plane.
   */
  readonly maxEntries?: number;
  /** Default 50, versions included: one service that comes back on other ports each time must not push out the others. */
  readonly maxEntriesPerService?: number;
}

/**
 * Services that ran and do not run now, so that a call to one of them is answered "no healthy upstream" and not
 * "no such service". The latter would let it out of the mesh in plaintext where unknown hosts are passed through, and
 * would turn a version's share of a split into errors of the route.
 *
 * One entry for each combination of service, version, identity and ports that registered; it is made when the last
 * lease of the combination goes and ends when a new one comes, after an hour, or when there is no room: then the one
 * that left first is forgotten, of its own service when that has too many, else of all.
 */
export class ServiceMemory {
  readonly #keepMs: number;
  readonly #maxEntries: number;
  readonly #maxEntriesPerService: number;
  /** Number of leases by combination. */
  readonly #live = new Map<string, number>();
  /** By combination; those that left first come first. */
  readonly #gone = new Map<string, RememberedService>();

  constructor({ keepMs = 3600_000, maxEntries = 1000, maxEntriesPerService = 50 }: ServiceMemoryOptions = {}) {
    this.#keepMs = keepMs;
    this.#maxEntries = maxEntries;
    this.#maxEntriesPerService = maxEntriesPerService;
  }

  /** Those that left first come first. */
  entries(): readonly RememberedService[] {
    return [...this.#gone.values()];
  }

  /** A workload got a lease. */
  came(workload: RegisteredWorkload): void {
    const key = combination(summary(workload, 0));
    this.#live.set(key, (this.#live.get(key) ?? 0) + 1);
    this.#gone.delete(key);
  }

  /**
   * The lease of a workload that {@link came} went, or goes on as `successor`, which came before. What the successor
   * has as well needs no memory: a sidecar registers before it knows its ports, and once more with them.
   */
  left(workload: RegisteredWorkload, nowMs: number, successor: RegisteredWorkload | null = null): void {
    const service = summary(workload, nowMs);
    const key = combination(service);
    const others = (this.#live.get(key) ?? 1) - 1;
    if (others > 0) {
      this.#live.set(key, others);
      return;
    }
    this.#live.delete(key);
    if (successor === null || !includes(summary(successor, nowMs), service)) {
      this.#remember(key, service);
    }
  }

  /** Takes over what an earlier process remembered. What runs now is left out. */
  restore(entries: readonly RememberedService[], nowMs: number): void {
    for (const entry of [...entries].sort((a, b) => a.lastSeenMs - b.lastSeenMs)) {
      const key = combination(entry);
      if (!this.#live.has(key)) {
        // A clock that was ahead must not make anything stay longer.
        this.#remember(key, frozen({ ...entry, lastSeenMs: Math.min(entry.lastSeenMs, nowMs) }));
      }
    }
    this.forget(nowMs);
  }

  /** Ends what is over. `true` when that was anything. */
  forget(nowMs: number): boolean {
    const before = this.#gone.size;
    for (const [key, { lastSeenMs }] of this.#gone) {
      if (lastSeenMs + this.#keepMs <= nowMs) {
        this.#gone.delete(key);
      }
    }
    return this.#gone.size < before;
  }

  #remember(key: string, service: RememberedService): void {
    this.#gone.delete(key); // to its new place at the end
    this.#gone.set(key, service);
    const siblings = [...this.#gone].filter(([, other]) => isSameService(other, service)).map(([sibling]) => sibling);
    const [first] =
      siblings.length > this.#maxEntriesPerService
        ? siblings
        : this.#gone.size > this.#maxEntries
          ? this.#gone.keys()
          : [];
    if (first !== undefined) {
      this.#gone.delete(first);
    }
  }
}

function summary(workload: RegisteredWorkload, lastSeenMs: number): RememberedService {
  const { namespace, service, identity, labels } = workload;
  const sorted = [...workload.ports].sort((a, b) => a.port - b.port);
  const ports = sorted.map(({ port }) => port);
  const protocols = sorted.map(({ protocol }) => protocol);
  return frozen({ namespace, service, identity, labels, ports, protocols, lastSeenMs });
}

function frozen(service: RememberedService): RememberedService {
  return Object.freeze({
    ...service,
    labels: Object.freeze(service.labels),
    ports: Object.freeze(service.ports),
    ...(service.protocols && { protocols: Object.freeze(service.protocols) }),
  });
}

/**
 * Other labels and protocols do not tell two entries apart: some, such as a pod's hash, are different for every
 * instance. Those of the instance that left last stand for all.
 */
function combination({ namespace, service, identity, labels, ports }: RememberedService): string {
  return JSON.stringify([namespace, service, labels.version ?? '', identity, ports]);
}

function includes(successor: RememberedService, service: RememberedService): boolean {
  const hasItsPorts = service.ports.every((port) => successor.ports.includes(port));
  return hasItsPorts && combination({ ...successor, ports: [] }) === combination({ ...service, ports: [] });
}

function isSameService(a: RememberedService, b: RememberedService): boolean {
  return a.namespace === b.namespace && a.service === b.service;
}
