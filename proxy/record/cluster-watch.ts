import type { Cluster } from '../cluster/cluster.ts';
import type { ClusterCondition, OpenLimit } from '../telemetry/cluster-condition.ts';
import type { EventLog } from '../telemetry/event-log.ts';
import { Spell } from '../telemetry/spell.ts';
import { trafficEvent } from '../telemetry/traffic-event.ts';

/**
 * What becomes of one destination: its circuit, panic, and fallback, seen from their counters once a second. Requests pay
 * nothing for it; a refusal is told up to a second after it.
 */
export class ClusterWatch {
  readonly #cluster: Cluster;
  readonly #events: EventLog;
  readonly #circuit = new Spell();
  readonly #fallback = new Spell();
  #connectionsRefused = 0;
  #pendingRefused = 0;
  #carriedRefused = 0;
  /** What was used up when the circuit opened, and how much of it there is. */
  #openLimit: OpenLimit = 'requests';
  #limit = 0;
  #panicSinceMs = -1;

  constructor(cluster: Cluster, events: EventLog) {
    this.#cluster = cluster;
    this.#events = events;
  }

  look(nowMs: number): void {
    this.#lookAtCircuit(nowMs);
    this.#lookAtFallback(nowMs);
    this.#lookAtHealth(nowMs);
  }

  /** Null where it is well. */
  condition(): ClusterCondition | null {
    const { name, detector, isPanicking, endpoints } = this.#cluster;
    const isOpen = this.#circuit.isGoing;
    const ejected = detector?.counters.active ?? 0;
    let count = 0;
    let failedChecks = 0;
    for (const { check } of endpoints) {
      count++;
      if (check?.isFailed === true) failedChecks++;
    }
    if (!isOpen && ejected === 0 && failedChecks === 0 && !isPanicking) return null;
    return {
      cluster: name,
      endpoints: count,
      ejected,
      failedChecks,
      isPanicking,
      openLimit: isOpen ? this.#openLimit : null,
      limit: isOpen ? this.#limit : 0,
      refused: isOpen ? this.#circuit.count : 0,
    };
  }

  #lookAtCircuit(nowMs: number): void {
    const { breaker, highBreaker, counters, name: cluster } = this.#cluster;
    const overflows = (limit: 'connections' | 'pendingRequests' | 'requests') =>
      breaker[limit].overflows + highBreaker[limit].overflows;
    const pending = overflows('pendingRequests') - this.#pendingRefused;
    const carried = counters.carriedRefused - this.#carriedRefused;
    const connections = overflows('connections') + counters.connectionsRefusedByEndpoint - this.#connectionsRefused;
    this.#pendingRefused += pending;
    this.#carriedRefused += carried;
    this.#connectionsRefused += connections;
    const change = this.#circuit.look(overflows('requests') + this.#pendingRefused + this.#carriedRefused, nowMs);
    if (change === null) return;
    const { count: requests, sinceMs } = this.#circuit;
    if (change === 'begins') {
      const lacksConnections = connections > 0 || breaker.connections.remaining === 0;
      // requests wait for connections: where there are no more, that is what there is too little of
      if (pending > 0) this.#openLimit = lacksConnections ? 'connections' : 'pending';
      else this.#openLimit = carried > 0 ? 'connections' : 'requests';
      this.#limit = limitOf(this.#cluster, this.#openLimit);
      this.#tell('CIRCUIT_OPEN', nowMs, { cluster, cause: this.#openLimit, limit: this.#limit, requests });
    } else this.#tell('CIRCUIT_CLOSED', nowMs, { cluster, requests, durationMs: nowMs - sinceMs });
  }

  #lookAtFallback(nowMs: number): void {
    const { name: cluster, counters } = this.#cluster;
    const change = this.#fallback.look(counters.fallbacks, nowMs);
    if (change === null) return;
    const { count: requests, sinceMs } = this.#fallback;
    if (change === 'begins') this.#tell('FALLBACK_BEGAN', nowMs, { cluster, requests });
    else this.#tell('FALLBACK_ENDED', nowMs, { cluster, requests, durationMs: nowMs - sinceMs });
  }

  #lookAtHealth(nowMs: number): void {
    const { name: cluster, isPanicking } = this.#cluster;
    if (isPanicking === this.#panicSinceMs >= 0) return;
    if (isPanicking) {
      this.#panicSinceMs = nowMs;
      this.#tell('PANIC_ENTERED', nowMs, { cluster });
    } else {
      this.#tell('PANIC_LEFT', nowMs, { cluster, durationMs: nowMs - this.#panicSinceMs });
      this.#panicSinceMs = -1;
    }
  }

  #tell(...said: Parameters<typeof trafficEvent>): void {
    this.#events.record(trafficEvent(...said));
  }
}

function limitOf({ breaker, config }: Cluster, limit: OpenLimit): number {
  switch (limit) {
    case 'connections':
      return Math.min(breaker.connections.max, config.maxConnectionsPerEndpoint);
    case 'pending':
      return breaker.pendingRequests.max;
    case 'requests':
      return breaker.requests.max;
  }
}
