import { randomUUID } from 'node:crypto';
import type { ClientDuplexStream, ServiceError } from '@grpc/grpc-js';
import type { Input, Output } from '../../proto/load.ts';
import type { Clock } from '../clock.ts';
import type { Log } from '../log.ts';
import type { ClusterCondition } from './cluster-condition.ts';
import { stateMessage } from './cluster-condition.ts';
import type { EventLog } from './event-log.ts';
import type { ReportMessage } from './report-message.ts';
import { takeUnreported, takeUnreportedConnections } from './report-message.ts';
import type { SeriesRegistry } from './series-registry.ts';
import { TcpDeltas } from './tcp-delta.ts';
import type { TcpRegistry } from './tcp-registry.ts';
import { eventMessage } from './traffic-event.ts';

type ReportStream = ClientDuplexStream<Input<'heddle.v1.ReportRequest'>, Output<'heddle.v1.ReportResponse'>>;

/** A grpc-js client of `heddle.v1.TelemetryService`, as far as it is used. */
export interface ReportClient {
  Report(): ReportStream;
}

export interface TelemetryReporterOptions {
  readonly registry: SeriesRegistry;
  readonly connections: TcpRegistry;
  readonly events: EventLog;
  /** Destinations that are not simply well, now. */
  conditions(): readonly ClusterCondition[];
  /** Name of the workload whose sidecar this is. */
  readonly workload: string;
  readonly clock: Clock;
  /** Time between two reports, give or take a tenth. Default 5000. */
  readonly intervalMs?: number;
  /** Tells this run of this sidecar from all others. Default: a random UUID. */
  readonly instanceId?: string;
  readonly random?: () => number;
  readonly log?: Log;
}

/** One report on its way: it keeps its number, however often it is sent. */
interface PendingReport {
  readonly sequence: number;
  readonly message: ReportMessage;
  /** Streams that the server ended for a reason of its own while this was the oldest report. */
  refusals: number;
}

/** Reports that wait for an acknowledgement: a minute of detail. More time is counted on in the series meanwhile. */
const maxUnacknowledged = 12;
/** A message stays well below the 4 MiB that gRPC takes, even with the longest names. */
const maxSeriesPerReport = 250;
/** An event does not wait for the next report, and whatever happens in this time goes with it. */
const eventDelayMs = 250;
/** A stream on which nothing is acknowledged for so long is given up, in intervals. */
const silentIntervals = 3;
/** A report on which the server ends the stream this often is given up, so that the rest gets through. */
const maxRefusals = 3;
/** INVALID_ARGUMENT, OUT_OF_RANGE, INTERNAL: statuses that may be about what is in a report. */
const refusalCodes: ReadonlySet<number> = new Set([3, 11, 13]);

/**
 * Tells the control plane every few seconds what was counted since.
 *
 * Nothing is lost or counted twice when the connection breaks: a report stays until it is acknowledged and is sent again
 * under the number it has, by which the control plane knows it. While twelve wait, no further ones are made; what is
 * counted meanwhile stays in the series and goes into one report for the whole time. So a sidecar that cannot report
 * loses detail in time, never a request, and holds no more memory the longer it lasts.
 */
export class TelemetryReporter {
  readonly #registry: SeriesRegistry;
  readonly #connections: TcpDeltas;
  readonly #events: EventLog;
  readonly #conditions: () => readonly ClusterCondition[];
  readonly #workload: string;
  readonly #clock: Clock;
  readonly #intervalMs: number;
  readonly #instanceId: string;
  readonly #random: () => number;
  readonly #log: Log;
  readonly #pending: PendingReport[] = [];
  #lastSequence = 0;
  /** The last that was written to the present stream. */
  #sentSequence = 0;
  #intervalStartMs: number;
  #client: ReportClient | null = null;
  #stream: ReportStream | null = null;
  #heardAtMs = 0;
  #cancelTimer: () => void = () => {};
  /** Null while no event hurries a report. */
  #cancelHurry: (() => void) | null = null;
  /** The last report with a state told of destinations that are not well. */
  #hadConditions = false;
  #onDrained: () => void = () => {};
  #mergedIntervals = 0;
  #droppedReports = 0;
  #isFailing = false;

  constructor(options: TelemetryReporterOptions) {
    this.#registry = options.registry;
    this.#connections = new TcpDeltas(options.connections);
    this.#events = options.events;
    this.#events.onEvent = () => this.#hurry();
    this.#conditions = options.conditions;
    this.#workload = options.workload;
    this.#clock = options.clock;
    this.#intervalMs = options.intervalMs ?? 5000;
    this.#instanceId = options.instanceId ?? randomUUID();
    this.#random = options.random ?? Math.random;
    this.#log = options.log ?? (() => {});
    this.#intervalStartMs = this.#clock.now();
  }

  /** Intervals that share a report with the next one because too many reports waited, since start. */
  get mergedIntervals(): number {
    return this.#mergedIntervals;
  }

  /** Reports that the control plane would not take, since start. */
  get droppedReports(): number {
    return this.#droppedReports;
  }

  get unacknowledgedReports(): number {
    return this.#pending.length;
  }

  start(): void {
    // sidecars that were started together do not report together
    this.#schedule(this.#intervalMs * (0.5 + this.#random() / 2));
  }

  /** Reports over this client from now on, after what the last one has not acknowledged; null while there is none. */
  useClient(client: ReportClient | null): void {
    this.#client = client;
    this.#leaveStream();
    this.#send();
  }

  /** Reports at once. True when all was acknowledged within `timeoutMs`. */
  async flush(timeoutMs = 2000): Promise<boolean> {
    this.#take();
    this.#send();
    if (this.#pending.length === 0) return true;
    if (this.#stream === null) return false;
    return new Promise((resolve) => {
      const cancel = this.#clock.after(timeoutMs, () => resolve(false));
      this.#onDrained = () => {
        cancel();
        resolve(true);
      };
    });
  }

  close(): void {
    this.#cancelTimer();
    this.#cancelHurry?.();
    this.#client = null;
    this.#leaveStream();
  }

  #schedule(delayMs: number): void {
    this.#cancelTimer = this.#clock.after(delayMs, () => {
      this.#schedule(this.#intervalMs * (0.9 + this.#random() / 5));
      this.#tick();
    });
  }

  /** Only where nothing waits for an acknowledgement: what comes too fast for that goes with the next report. */
  #hurry(): void {
    if (this.#cancelHurry !== null || this.#client === null) return;
    this.#cancelHurry = this.#clock.after(eventDelayMs, () => {
      this.#cancelHurry = null;
      if (this.#pending.length > 0) return;
      this.#takeEvents();
      this.#send();
    });
  }

  #tick(): void {
    // Before anything is taken: what is yet to be sent has nobody to be acknowledged by.
    const silentMs = this.#clock.now() - this.#heardAtMs;
    if (this.#stream !== null && this.#pending.length > 0 && silentMs > silentIntervals * this.#intervalMs) {
      this.#reportFailing('no report is acknowledged');
      this.#leaveStream();
    }
    if (this.#pending.length < maxUnacknowledged) this.#take();
    else this.#mergedIntervals++;
    this.#send();
  }

  /** Turns what was counted, and what has happened, into reports. */
  #take(): void {
    const endMs = this.#clock.now();
    this.#takeEvents();
    const series = [...takeUnreported(this.#registry), ...takeUnreportedConnections(this.#connections)];
    for (let from = 0; from < series.length; from += maxSeriesPerReport) {
      this.#add({ series: series.slice(from, from + maxSeriesPerReport) }, endMs);
    }
    this.#intervalStartMs = endMs;
  }

  /** Also when nothing has happened, as long as a destination is not well, and once when all are well again. */
  #takeEvents(): void {
    const conditions = this.#conditions();
    if (this.#events.waiting === 0 && conditions.length === 0 && !this.#hadConditions) return;
    this.#hadConditions = conditions.length > 0;
    const events = this.#events.take().map(eventMessage);
    this.#add({ events, state: stateMessage(conditions) }, this.#clock.now());
  }

  #add(content: Partial<ReportMessage>, endMs: number): void {
    const sequence = ++this.#lastSequence;
    const message = {
      instance_id: this.#instanceId,
      workload: this.#workload,
      sequence,
      interval_start_ms: Math.round(this.#intervalStartMs),
      interval_end_ms: Math.round(endMs),
      dropped_series: this.#registry.droppedTotal,
      dropped_reports: this.#droppedReports,
      dropped_events: this.#events.dropped,
      ...content,
    };
    this.#pending.push({ sequence, message, refusals: 0 });
  }

  #send(): void {
    if (this.#pending.length === 0 || this.#client === null) return;
    this.#stream ??= this.#open(this.#client);
    if (this.#stream === null) return;
    for (const { sequence, message } of this.#pending) {
      if (sequence <= this.#sentSequence) continue;
      // nothing was waiting on this stream: from here on silence counts
      if (this.#sentSequence < (this.#pending[0]?.sequence ?? 0)) this.#heardAtMs = this.#clock.now();
      this.#sentSequence = sequence;
      this.#stream.write(message);
    }
  }

  #open(client: ReportClient): ReportStream | null {
    try {
      const stream = client.Report();
      stream.on('data', ({ sequence }) => this.#acknowledge(Number(sequence)));
      stream.on('error', (error: ServiceError) => this.#lose(stream, error));
      stream.on('end', () => {
        stream.end();
        this.#lose(stream, null);
      });
      this.#sentSequence = 0;
      return stream;
    } catch (error) {
      this.#reportFailing((error as Error).message); // grpc-js throws when the channel is closed
      return null;
    }
  }

  #acknowledge(sequence: number): void {
    this.#heardAtMs = this.#clock.now();
    if (this.#isFailing) this.#log('info', 'reporting telemetry again', { waiting: this.#pending.length });
    this.#isFailing = false;
    while (this.#pending[0] !== undefined && this.#pending[0].sequence <= sequence) this.#pending.shift();
    if (this.#pending.length === 0) this.#onDrained();
  }

  /** The next interval, or the next client, opens another stream: time enough between two attempts. */
  #lose(stream: ReportStream, error: ServiceError | null): void {
    if (stream !== this.#stream) return;
    this.#stream = null;
    this.#reportFailing(error === null ? 'the control plane ended the stream' : error.details || error.message);
    const oldest = this.#pending[0];
    if (error === null || !refusalCodes.has(error.code) || oldest === undefined) return;
    if (oldest.sequence > this.#sentSequence || ++oldest.refusals < maxRefusals) return;
    this.#pending.shift();
    this.#droppedReports++;
    this.#log('warn', 'the control plane does not take a report', { reason: error.details });
  }

  #leaveStream(): void {
    const stream = this.#stream;
    this.#stream = null;
    stream?.cancel();
  }

  /** Said once for each break. */
  #reportFailing(reason: string): void {
    if (!this.#isFailing) this.#log('warn', 'telemetry is not reported', { reason });
    this.#isFailing = true;
  }
}
