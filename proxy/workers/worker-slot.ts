import type { Clock } from '../clock.ts';
import type { Log } from '../log.ts';
import type { FromWorker, ToWorker } from './messages.ts';
import { WorkerCounts } from './worker-counts.ts';
import { WorkerProcess } from './worker-process.ts';
import type { WorkerProgram } from './worker-program.ts';

export interface WorkerSlotOptions {
  readonly index: number;
  readonly program: WorkerProgram;
  readonly logsToStdout: boolean;
  readonly clock: Clock;
  readonly log: Log;
  /** All that a worker must be told first, in order. */
  introduction(index: number): Iterable<ToWorker>;
  onMessage(slot: WorkerSlot, message: FromWorker): void;
  /** It can be given connections. */
  onServing(slot: WorkerSlot, worker: WorkerProcess): void;
  /** It has ended, expectedly or not; what it had counted is in `counts` until this returns. */
  onEnd(slot: WorkerSlot, worker: WorkerProcess): void;
  /** It ended too often. */
  onGivenUp(reason: string): void;
}

/** A worker that served this long was a good one: after it the back-off begins anew. */
const stableAfterMs = 60_000;
const firstRestartMs = 100;
const maxRestartMs = 5_000;
/** Ends in a row, none of them after a stable time, after which starting another is of no use. */
const maxFailures = 6;
/** A worker that says nothing for so many seconds is stuck. It speaks at least every five. */
const maxSilentTicks = 30;

/**
 * The place of one worker. When it ends by itself its reason is logged and another takes its place, after 0.1 s the
 * first time and up to 5 s later; the sixth end in a row is the last.
 */
export class WorkerSlot {
  readonly index: number;
  counts = new WorkerCounts();
  /** How often a worker was started in place of another. */
  restarts = 0;
  /** Newest `collect` that was answered. */
  answered = 0;
  readonly #options: WorkerSlotOptions;
  #worker: WorkerProcess | null = null;
  #servingSinceMs: number | null = null;
  #failures = 0;
  #isStopping = false;
  #cancelRestart: () => void = () => {};
  #onGone: () => void = () => {};

  constructor(options: WorkerSlotOptions) {
    this.#options = options;
    this.index = options.index;
  }

  /** Null while there is none. */
  get worker(): WorkerProcess | null {
    return this.#worker;
  }

  get isServing(): boolean {
    return this.#servingSinceMs !== null;
  }

  start(): void {
    const { program, logsToStdout, introduction } = this.#options;
    const worker: WorkerProcess = new WorkerProcess({
      program,
      logsToStdout,
      onMessage: (message) => this.#receive(worker, message),
      onEnd: (reason) => this.#ended(worker, reason),
    });
    this.#worker = worker;
    for (const message of introduction(this.index)) worker.send(message);
  }

  /** Once a second. */
  tick(): void {
    const worker = this.#worker;
    if (worker === null || ++worker.silentTicks < maxSilentTicks) return;
    this.#options.log('error', 'a worker does not answer; it is ended', { worker: this.index, pid: worker.pid });
    worker.kill();
  }

  /** Asks it to end, and ends it when it has not done so in time. Resolves when it is gone. */
  async stop(graceMs: number, timeoutMs: number): Promise<void> {
    this.#isStopping = true;
    this.#cancelRestart();
    const worker = this.#worker;
    if (worker === null) return;
    worker.send({ kind: 'close', graceMs });
    const cancel = this.#options.clock.after(timeoutMs, () => worker.kill());
    await new Promise<void>((resolve) => {
      this.#onGone = resolve;
    });
    cancel();
  }

  #receive(worker: WorkerProcess, message: FromWorker): void {
    if (message.kind === 'applied') {
      worker.applied = message.sequence;
      if (this.#servingSinceMs === null) {
        this.#servingSinceMs = this.#options.clock.now();
        this.#options.log('info', 'a worker serves', { worker: this.index, pid: worker.pid });
        this.#options.onServing(this, worker);
      }
    }
    this.#options.onMessage(this, message);
  }

  #ended(worker: WorkerProcess, reason: string): void {
    const { clock, log, onEnd, onGivenUp } = this.#options;
    const servedMs = this.#servingSinceMs === null ? 0 : clock.now() - this.#servingSinceMs;
    this.#worker = null;
    this.#servingSinceMs = null;
    onEnd(this, worker);
    this.counts = new WorkerCounts();
    this.#onGone();
    if (this.#isStopping) return;
    this.#failures = servedMs >= stableAfterMs ? 1 : this.#failures + 1;
    const retryInMs = Math.min(firstRestartMs * 2 ** (this.#failures - 1), maxRestartMs);
    log('error', 'a worker has ended', { worker: this.index, pid: worker.pid, reason, servedMs, retryInMs });
    if (this.#failures >= maxFailures) {
      onGivenUp(`worker ${this.index} ended ${this.#failures} times in a row, the last time with ${reason}`);
      return;
    }
    this.#cancelRestart = clock.after(retryInMs, () => {
      this.restarts++;
      this.start();
    });
  }
}
