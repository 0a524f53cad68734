import type { CheckGate } from './check-gate.ts';
import type { CheckedState } from './check-interval.ts';
import { checkIntervalMs } from './check-interval.ts';
import type { HealthCheckSettings } from './health-check-settings.ts';
import type { CheckOutcome, HealthRecord, Transition } from './health-record.ts';

/** Checks one endpoint, once for each call. */
export interface Prober {
  /** Until when it loads what it needs, which is no part of a check's time; null where it needs nothing. Never rejects. */
  readonly loading: Promise<void> | null;
  /** Always fulfilled. `signal` ends a check that takes too long; what it comes to then is nobody's concern. */
  check(signal: AbortSignal): Promise<CheckOutcome>;
  /** Closes what it kept open. */
  close(): void;
}

/** What a checker needs of its process. */
export interface CheckEnvironment {
  readonly gate: CheckGate;
  random(): number;
  /** Calls back once after `ms`, unless the answered function is called before. */
  after(ms: number, callback: () => void): () => void;
}

export interface SessionListener {
  hasTraffic(): boolean;
  onBegin(): void;
  onEnd(outcome: CheckOutcome, transition: Transition): void;
}

/** The checks of one endpoint: one after the other, the first as soon as there is room for it. */
export class CheckSession {
  readonly record: HealthRecord;
  readonly #settings: HealthCheckSettings;
  readonly #environment: CheckEnvironment;
  readonly #prober: Prober;
  readonly #listener: SessionListener;
  /** Ends whatever it waits for: time, room, an answer. */
  #cancel: () => void = () => {};
  /** How the last check ended, while the next one waits for longer because nobody calls; null otherwise. */
  #idleAfter: Pick<CheckedState, 'isSuccess' | 'transition'> | null = null;

  constructor(
    record: HealthRecord,
    settings: HealthCheckSettings,
    environment: CheckEnvironment,
    prober: Prober,
    listener: SessionListener,
  ) {
    this.record = record;
    this.#settings = settings;
    this.#environment = environment;
    this.#prober = prober;
    this.#listener = listener;
  }

  start(): void {
    const { loading } = this.#prober;
    if (loading === null) this.#begin();
    else {
      let isStopped = false;
      this.#cancel = () => {
        isStopped = true;
      };
      void loading.then(() => {
        if (!isStopped) this.#begin();
      });
    }
  }

  #begin(): void {
    const jitterMs = this.#environment.random() * this.#settings.initialJitterMs;
    if (jitterMs > 0) this.#wait(jitterMs);
    else this.#enter();
  }

  /** Somebody calls the cluster: who has waited for longer than it should checks within the interval that holds now. */
  onTraffic(): void {
    const last = this.#idleAfter;
    if (last === null) return;
    const { random } = this.#environment;
    this.#cancel();
    this.#idleAfter = null;
    this.#wait(random() * checkIntervalMs(this.#settings, { ...last, hasTraffic: true }, random));
  }

  stop(): void {
    this.#cancel();
    this.#prober.close();
  }

  #wait(ms: number): void {
    this.#cancel = this.#environment.after(ms, () => this.#enter());
  }

  #enter(): void {
    this.#idleAfter = null;
    let hasBegun = false;
    const leaveQueue = this.#environment.gate.enter(() => {
      hasBegun = true;
      this.#check();
    });
    if (!hasBegun) this.#cancel = leaveQueue;
  }

  #check(): void {
    const { gate } = this.#environment;
    const { timeoutMs } = this.#settings;
    const controller = new AbortController();
    let isOver = false;
    const end = (): boolean => {
      if (isOver) return false;
      isOver = true;
      cancelTimeout();
      controller.abort();
      gate.leave();
      return true;
    };
    const settle = (outcome: CheckOutcome): void => {
      if (end()) this.#settle(outcome.kind === 'success' ? outcome : { ...outcome, reason: oneLine(outcome.reason) });
    };
    const cancelTimeout = this.#environment.after(timeoutMs, () =>
      settle({ kind: 'network', reason: `no answer within ${timeoutMs} ms` }),
    );
    this.#cancel = end;
    this.#listener.onBegin();
    this.#prober
      .check(controller.signal)
      .then(settle, (error: unknown) => settle({ kind: 'network', reason: String(error) }));
  }

  #settle(outcome: CheckOutcome): void {
    const isFirst = this.record.isPending;
    const transition = this.record.record(outcome, this.#settings);
    const { random } = this.#environment;
    const isSuccess = outcome.kind === 'success';
    const hasTraffic = this.#listener.hasTraffic();
    const intervalMs = checkIntervalMs(this.#settings, { isSuccess, transition, hasTraffic }, random);
    this.#idleAfter = hasTraffic ? null : { isSuccess, transition };
    // those that began together must not go on together
    this.#wait(isFirst ? random() * intervalMs : intervalMs);
    this.#listener.onEnd(outcome, transition);
  }
}

/** A reason may be in the words of whoever was asked, and ends up in a log, on a page of lines, and on terminals. */
const MAX_REASON_LENGTH = 300;

function oneLine(text: string): string {
  return text.slice(0, MAX_REASON_LENGTH).replace(/[^\x20-\x7e\xa0-\uffff]+/g, ' ');
}
