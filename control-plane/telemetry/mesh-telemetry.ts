import type { Output } from '../../proto/load.ts';
import type { AggregatorOptions } from './aggregator.ts';
import { Aggregator } from './aggregator.ts';
import { Circuits } from './circuits.ts';
import { destinationOf } from './destination-of.ts';
import { meshEdges } from './edges.ts';
import { EventHistory } from './event-history.ts';
import type { RuleOf } from './mesh-event.ts';
import { MeshTotals } from './mesh-totals.ts';
import { ReportLedger } from './report-ledger.ts';
import { readEvent } from './reported-event.ts';
import type { Refusal, ReportedSeries, ReportingSidecar } from './reported-series.ts';
import { readSeries } from './reported-series.ts';
import { serviceStats } from './stat.ts';
import type { Edge, ServiceStat, TelemetrySource } from './telemetry-source.ts';

/** How reports were taken, since start. */
export interface ReportCounts {
  accepted: number;
  /** Sent again after they were counted. */
  repeated: number;
  /** Series refused, by reason. */
  readonly refused: Record<Refusal['refused'], number>;
}

/** What became of a report. */
export interface ReportOutcome {
  readonly isNew: boolean;
  /** The first series that was refused, for the log; null when none was. */
  readonly refusal: Refusal | null;
}

export interface MeshTelemetryOptions extends AggregatorOptions {
  /** Finds the documents that events come from. Default: none is known. */
  readonly ruleOf?: RuleOf;
}

/** All that the sidecars have reported: the last hour, and totals since start. */
export class MeshTelemetry implements TelemetrySource {
  readonly aggregator: Aggregator;
  readonly totals = new MeshTotals();
  readonly tcpTotals = new MeshTotals();
  readonly ledger = new ReportLedger();
  readonly events = new EventHistory();
  readonly circuits = new Circuits();
  readonly #now: () => number;
  readonly #ruleOf: RuleOf;
  readonly counts: ReportCounts = { accepted: 0, repeated: 0, refused: { foreign: 0, invalid: 0 } };

  constructor(options: MeshTelemetryOptions = {}) {
    this.aggregator = new Aggregator(options);
    this.#now = options.now ?? Date.now;
    this.#ruleOf = options.ruleOf ?? (() => null);
  }

  /**
   * Counts a report, once. A series that is refused is left out and the rest is taken: sending it again would not make
   * it better.
   */
  accept(report: Output<'heddle.v1.ReportRequest'>, sidecar: ReportingSidecar): ReportOutcome {
    const isNew = this.ledger.enter(sidecar.identity, {
      instanceId: report.instance_id,
      sequence: Number(report.sequence),
      droppedSeries: Number(report.dropped_series),
      droppedReports: Number(report.dropped_reports),
      droppedEvents: Number(report.dropped_events),
    });
    if (!isNew) {
      this.counts.repeated++;
      return { isNew, refusal: null };
    }
    this.counts.accepted++;
    let refusal: Refusal | null = null;
    for (const message of report.series) {
      const series: ReportedSeries | Refusal = readSeries(message, sidecar);
      if ('refused' in series) {
        this.counts.refused[series.refused]++;
        refusal ??= series;
        continue;
      }
      (series.counts.connections === null ? this.totals : this.tcpTotals).add(series);
      this.aggregator.add(series, Number(report.interval_end_ms));
    }
    const nowMs = this.#now();
    const context = { sidecar, workload: report.workload, nowMs, ruleOf: this.#ruleOf };
    for (const message of report.events) {
      const event = readEvent(message, context);
      if ('refused' in event) {
        this.counts.refused[event.refused]++;
        refusal ??= event;
      } else this.events.add(event);
    }
    if (report.state !== null) this.circuits.hear(`${sidecar.identity}\n${report.instance_id}`, report.state, nowMs);
    return { isNew, refusal };
  }

  stat(windowSeconds: number, by: 'service' | 'version' = 'version'): readonly ServiceStat[] {
    const nowMs = this.#now();
    const named = destinationOf(this.aggregator.labels());
    return serviceStats(this.aggregator.window(windowSeconds), named, by, (namespace, service, version) =>
      this.circuits.of(namespace, service, version, nowMs),
    );
  }

  edges(windowSeconds: number): readonly Edge[] {
    return meshEdges(this.aggregator.window(windowSeconds), destinationOf(this.aggregator.labels()));
  }
}
