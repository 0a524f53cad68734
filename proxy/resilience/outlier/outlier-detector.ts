import type { EjectionCause } from '../../../proto/ejection-causes.ts';
import type { OnRow } from './consecutive-failures.ts';
import { countAnswer, countConnection } from './consecutive-failures.ts';
import type { EjectionCounters } from './ejections.ts';
import { Ejections } from './ejections.ts';
import { answers, connections, judgeInterval } from './interval-judgement.ts';
import type { Outcome } from './outcome.ts';
import { localOrigin, statusOf } from './outcome.ts';
import { OutlierRecord } from './outlier-record.ts';
import type { OutlierSettings } from './outlier-settings.ts';
import type { SuccessRates } from './success-rate.ts';
import { noSuccessRates } from './success-rate.ts';

/** One thing that outlier detection did or would have done. */
export type OutlierEvent =
  /**
   * `isEnforced` false: found to be one, and left in, because its cause is enforced for a share only, or not at all.
   * `forMs`: at least so long, 0 where it is left in.
   */
  | { readonly kind: 'ejected'; readonly cause: EjectionCause; readonly isEnforced: boolean; readonly forMs: number }
  | { readonly kind: 'returned'; readonly by: 'time' | 'health-check'; readonly afterMs: number };

export interface OutlierListener {
  onEvent(record: OutlierRecord, event: OutlierEvent): void;
  /** Called once after endpoints went out or came back, for all that changed together: time to build a new picker. */
  onChange(): void;
}

/** What a detector needs of its process. */
export interface OutlierEnvironment {
  /** Monotonic milliseconds. */
  now(): number;
  random(): number;
}

/**
 * Takes endpoints that keep failing out of the choice for a while, judging only by what comes of real requests.
 *
 * Rows of failures are judged as they come (`consecutive-failures.ts`), rates at the end of each interval
 * (`interval-judgement.ts`); who goes out and for how long is common to all (`ejections.ts`). An endpoint comes back in
 * the first sweep after its time is over, or when an active health check finds it well. The time grows with each
 * ejection and shrinks again, one step for each interval, while it behaves.
 *
 * Hot path: `report`, once for each attempt.
 *
 * Source: Envoy `outlier_detection_impl.cc`.
 */
export class OutlierDetector {
  readonly settings: OutlierSettings;
  readonly #environment: OutlierEnvironment;
  readonly #listener: OutlierListener;
  readonly #records = new Set<OutlierRecord>();
  readonly #ejections: Ejections;
  #answerRates = noSuccessRates;
  #connectionRates = noSuccessRates;

  constructor(settings: OutlierSettings, environment: OutlierEnvironment, listener: OutlierListener) {
    this.settings = settings;
    this.#environment = environment;
    this.#listener = listener;
    this.#ejections = new Ejections(settings, environment.random);
  }

  get counters(): EjectionCounters {
    return this.#ejections;
  }

  /** Of the last interval. */
  get answerRates(): SuccessRates {
    return this.#answerRates;
  }

  /** The same of what was seen here, where that is judged apart. */
  get connectionRates(): SuccessRates {
    return this.#connectionRates;
  }

  /** Begins to watch an endpoint. An endpoint that stays through an update keeps its record, and so its past. */
  track(name: string): OutlierRecord {
    const record = new OutlierRecord(name);
    this.#records.add(record);
    return record;
  }

  /** Stops watching an endpoint that is gone. Does not call `onChange`: whoever removed it knows. */
  forget(record: OutlierRecord): void {
    if (this.#records.delete(record)) this.#ejections.release(record);
  }

  /** Counts what came of one attempt. */
  report(record: OutlierRecord, outcome: Outcome): void {
    if (outcome < 100 && this.settings.splitsLocalOriginErrors) {
      const isFailure = outcome === localOrigin.failed || outcome === localOrigin.timedOut;
      if (isFailure) record.connections.failure();
      else record.connections.success();
      countConnection(record, isFailure, this.settings, this.#onRow);
      return;
    }
    const status = statusOf(outcome);
    if (status === 0) return;
    if (status >= 500) record.answers.failure();
    else record.answers.success();
    countAnswer(record, status, this.settings, this.#onRow);
  }

  /** Ends an interval; to be called each `intervalMs`, with the detector's clock. */
  sweep(nowMs: number): void {
    let hasChanged = false;
    for (const record of this.#records) {
      record.answers.turn();
      record.connections.turn();
      if (!record.isEjected || !this.#ejections.isOver(record, nowMs)) continue;
      this.#bringBack(record, nowMs, 'time');
      hasChanged = true;
    }
    const onOutlier = (record: OutlierRecord, cause: EjectionCause): void => {
      if (!record.isEjected && this.#tryEject(record, cause, nowMs)) hasChanged = true;
    };
    this.#answerRates = judgeInterval(this.#records, answers, this.settings, onOutlier);
    if (this.settings.splitsLocalOriginErrors) {
      this.#connectionRates = judgeInterval(this.#records, connections, this.settings, onOutlier);
    }
    for (const record of this.#records) this.#forgive(record, nowMs);
    if (hasChanged) this.#listener.onChange();
  }

  /** An active health check has succeeded: an endpoint that is out comes back, unless it is set otherwise. */
  onHealthy(record: OutlierRecord): void {
    if (!record.isEjected || !this.settings.returnsWhenHealthy) return;
    this.#bringBack(record, this.#environment.now(), 'health-check');
    this.#listener.onChange();
  }

  readonly #onRow: OnRow = (record, cause) => {
    // A request that was in flight when its endpoint went out, or that panic mode sent there, changes nothing.
    if (record.isEjected || !this.#records.has(record)) return;
    if (this.#tryEject(record, cause, this.#environment.now())) this.#listener.onChange();
  };

  #tryEject(record: OutlierRecord, cause: EjectionCause, nowMs: number): boolean {
    const verdict = this.#ejections.tryEject(record, cause, this.#records.size, nowMs);
    const isEnforced = verdict === 'ejected';
    const forMs = isEnforced ? this.#ejections.timeMs(record) : 0;
    if (verdict !== 'too-many-are-out') this.#listener.onEvent(record, { kind: 'ejected', cause, isEnforced, forMs });
    return isEnforced;
  }

  #bringBack(record: OutlierRecord, nowMs: number, by: 'time' | 'health-check'): void {
    this.#ejections.bringBack(record, nowMs);
    this.#listener.onEvent(record, { kind: 'returned', by, afterMs: nowMs - record.ejectedAtMs });
  }

  /** An endpoint that has been in for an interval has one ejection forgiven. */
  #forgive(record: OutlierRecord, nowMs: number): void {
    if (record.isEjected || record.ejectionMultiplier === 0) return;
    if (nowMs - record.returnedAtMs >= this.settings.intervalMs) record.ejectionMultiplier--;
  }
}
