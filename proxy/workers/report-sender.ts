import type { IntervalHistogram } from 'node:perf_hooks';
import type { DataPlane } from '../data-plane.ts';
import { takeCounts } from '../telemetry/counts-delta.ts';
import type { ProcessUsage } from '../telemetry/process-metrics.ts';
import { cpuSeconds, openDescriptors, takeLagSeconds, watchLag } from '../telemetry/process-metrics.ts';
import { TcpDeltas } from '../telemetry/tcp-delta.ts';
import type { ClusterStats } from '../telemetry/traffic-stats.ts';
import type { FromWorker } from './messages.ts';

/** What is counted is told this often. A worker that is killed takes with it what it counted since. */
const intervalMs = 1_000;
/** Without requests it is told every so many intervals all the same: it says that the worker is alive. */
const quietIntervals = 5;
/** A message stays below some 300 kB. */
const maxCountsPerReport = 250;

/**
 * Tells the main process what this worker has counted. One report at a time: what is counted while the last one has not
 * been added up stays in the registry, which is bounded.
 */
export class ReportSender {
  readonly #plane: DataPlane;
  readonly #send: (message: FromWorker) => void;
  /** Requests of each cluster when it was last told. */
  readonly #told = new Map<string, number>();
  readonly #connections: TcpDeltas;
  #timer: NodeJS.Timeout | null = null;
  /** From the first time that somebody asks. */
  #lag: IntervalHistogram | null = null;
  #isUntaken = false;
  #asked = 0;
  #answered = 0;
  #areDestinationsAsked = false;
  #quiet = 0;
  #toldDropped = 0;
  #toldDroppedEvents = 0;
  #hadConditions = false;
  /** The last report had something in it that was counted. */
  #hadNews = false;
  #onAllTaken: (() => void) | null = null;

  constructor(plane: DataPlane, send: (message: FromWorker) => void) {
    this.#plane = plane;
    this.#send = send;
    this.#connections = new TcpDeltas(plane.connections);
  }

  start(): void {
    this.#timer = setInterval(() => this.#tick(), intervalMs).unref();
  }

  /** Reports as soon as the last report has been taken, with everything there is. */
  collect(request: number, withDestinations: boolean): void {
    this.#asked = request;
    this.#areDestinationsAsked ||= withDestinations;
    if (!this.#isUntaken) this.#report();
  }

  taken(): void {
    this.#isUntaken = false;
    if (this.#asked > this.#answered || (this.#onAllTaken !== null && this.#hadNews)) this.#report();
    else this.#onAllTaken?.();
  }

  /** Reports what is left. Resolves when all of it was taken. */
  last(): Promise<void> {
    if (this.#timer !== null) clearInterval(this.#timer);
    return new Promise((resolve) => {
      this.#onAllTaken = resolve;
      this.#hadNews = true;
      if (!this.#isUntaken) this.#report();
    });
  }

  #tick(): void {
    if (this.#isUntaken) return;
    const counts = takeCounts(this.#plane.registry, maxCountsPerReport);
    const connections = this.#connections.take(maxCountsPerReport);
    const isQuiet = counts.length === 0 && connections.length === 0 && !this.#hasNews();
    if (!isQuiet || ++this.#quiet >= quietIntervals) this.#report(counts, connections);
  }

  /** Beside counts: something has happened, or a destination is not well, or no longer so. */
  #hasNews(): boolean {
    return this.#plane.events.waiting > 0 || this.#hadConditions || this.#plane.conditions().length > 0;
  }

  #report(
    counts = takeCounts(this.#plane.registry, maxCountsPerReport),
    connections = this.#connections.take(maxCountsPerReport),
  ): void {
    const plane = this.#plane;
    const isMore = counts.length === maxCountsPerReport || connections.length === maxCountsPerReport;
    // The answer is the last of as many reports as it takes.
    const isAnswer = this.#asked > this.#answered && !isMore;
    if (isAnswer) this.#answered = this.#asked;
    const destinations = isAnswer && this.#areDestinationsAsked;
    if (destinations) this.#areDestinationsAsked = false;
    const { droppedTotal } = plane.registry;
    const { dropped: droppedEvents } = plane.events;
    const conditions = plane.conditions();
    this.#hadConditions = conditions.length > 0;
    const head = {
      counts,
      connections,
      droppedSeries: droppedTotal - this.#toldDropped,
      events: plane.events.take(),
      droppedEvents: droppedEvents - this.#toldDroppedEvents,
      conditions,
      clusters: this.#clusters(isAnswer),
      listeners: [...plane.listeners()],
      downstream: plane.downstream(),
      counters: plane.counters(),
      usage: this.#usage(isAnswer),
      answers: isAnswer ? this.#answered : 0,
    };
    this.#toldDropped = droppedTotal;
    this.#toldDroppedEvents = droppedEvents;
    this.#hadNews = counts.length > 0 || connections.length > 0;
    this.#quiet = 0;
    this.#isUntaken = true;
    if (destinations) void plane.destinations().then((rows) => this.#deliver({ ...head, destinations: rows }));
    else this.#deliver({ ...head, destinations: null });
  }

  #deliver(report: Extract<FromWorker, { readonly kind: 'report' }>['report']): void {
    this.#send({ kind: 'report', report });
  }

  #clusters(isAnswer: boolean): ClusterStats[] {
    const rows: ClusterStats[] = [];
    if (isAnswer) this.#told.clear(); // those that are no more among them
    for (const row of this.#plane.clusters()) {
      if (!isAnswer && this.#told.get(row.name) === row.requestsTotal) continue;
      this.#told.set(row.name, row.requestsTotal);
      rows.push(row);
    }
    return rows;
  }

  /** The event loop is watched once it has been asked for: a sidecar that nobody scrapes does without. */
  #usage(isAnswer: boolean): ProcessUsage {
    if (isAnswer) this.#lag ??= watchLag();
    const { rss, heapUsed } = process.memoryUsage();
    return {
      cpuSeconds: cpuSeconds(),
      residentBytes: rss,
      heapBytes: heapUsed,
      openDescriptors: openDescriptors(),
      lagSeconds: isAnswer && this.#lag !== null ? takeLagSeconds(this.#lag) : 0,
    };
  }
}
