import type { CheckEnvironment, Prober } from './check-session.ts';
import { CheckSession } from './check-session.ts';
import type { HealthCheckSettings } from './health-check-settings.ts';
import type { CheckOutcome } from './health-record.ts';
import { HealthRecord } from './health-record.ts';

/** Counters of one cluster; Envoy's `health_check.*`. */
export interface HealthCheckCounters {
  attempts: number;
  successes: number;
  /** Of these, `networkFailures` had no answer. */
  failures: number;
  networkFailures: number;
}

export interface HealthCheckListener {
  /** Somebody has called the cluster. */
  hasTraffic(): boolean;
  /** A check was passed; whatever else takes the endpoint out may let it in again. */
  onPassed(record: HealthRecord): void;
  /** An endpoint is well, or no longer: time to build a new picker. */
  onChange(record: HealthRecord, outcome: CheckOutcome): void;
}

/**
 * Asks the endpoints of a cluster how they are, each at its own time, off the path of requests.
 *
 * Source: Envoy `health_checker_impl_base.cc`.
 */
export class HealthChecker {
  readonly counters: HealthCheckCounters = { attempts: 0, successes: 0, failures: 0, networkFailures: 0 };
  readonly #settings: HealthCheckSettings;
  readonly #environment: CheckEnvironment;
  readonly #listener: HealthCheckListener;
  readonly #sessions = new Map<HealthRecord, CheckSession>();
  #hasTraffic = false;

  constructor(settings: HealthCheckSettings, environment: CheckEnvironment, listener: HealthCheckListener) {
    this.#settings = settings;
    this.#environment = environment;
    this.#listener = listener;
  }

  /** Endpoints that no check has condemned. */
  get healthy(): number {
    let count = 0;
    for (const { isFailed } of this.#sessions.keys()) if (!isFailed) count++;
    return count;
  }

  /** Begins to check an endpoint. `isFailed`: what counts of it until the first check has ended. */
  watch(prober: Prober, isFailed: boolean): HealthRecord {
    const record = new HealthRecord(isFailed);
    const session = new CheckSession(record, this.#settings, this.#environment, prober, {
      hasTraffic: () => this.#listener.hasTraffic(),
      onBegin: () => {
        this.counters.attempts++;
      },
      onEnd: (outcome, transition) => {
        this.#count(outcome);
        if (transition === 'changed') this.#listener.onChange(record, outcome);
        if (outcome.kind === 'success' && !record.isFailed) this.#listener.onPassed(record);
      },
    });
    this.#sessions.set(record, session);
    session.start();
    return record;
  }

  /** An endpoint has failed whatever its checks say; it is well again when it passes them. */
  fail(record: HealthRecord, reason: string): void {
    if (record.fail(reason)) this.#listener.onChange(record, { kind: 'failure', reason });
  }

  forget(record: HealthRecord): void {
    this.#sessions.get(record)?.stop();
    this.#sessions.delete(record);
  }

  /** To be called now and then: notices that somebody has begun to call the cluster. */
  sweep(): void {
    if (this.#hasTraffic || !this.#listener.hasTraffic()) return;
    this.#hasTraffic = true;
    for (const session of this.#sessions.values()) session.onTraffic();
  }

  /** Ends all checks. */
  stop(): void {
    for (const session of this.#sessions.values()) session.stop();
    this.#sessions.clear();
  }

  #count(outcome: CheckOutcome): void {
    if (outcome.kind === 'success') {
      this.counters.successes++;
      return;
    }
    this.counters.failures++;
    if (outcome.kind === 'network') this.counters.networkFailures++;
  }
}
