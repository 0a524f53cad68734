import { mkdirSync, renameSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import type { Machine, Versions } from './machine.ts';
import type { Effort, Measurement, Outcome } from './measure.ts';

/** Everything that a figure must be read with. */
export interface Circumstances {
  /** ISO 8601. */
  readonly measuredAt: string;
  readonly commit: string;
  readonly machine: Machine;
  readonly versions: Versions;
  readonly method: Effort & {
    readonly connections: number;
    readonly bodyBytes: number;
    /** Whether the proxy had a core to itself. */
    readonly isPinned: boolean;
  };
}

/** What a proxy did in a scenario, figures rounded to hundredths. */
export interface ResultRow extends Measurement {
  readonly scenario: string;
  readonly proxy: string;
}

/** The content of the result file. */
export interface Results extends Circumstances {
  readonly rows: readonly ResultRow[];
  /** Load and upstream without a proxy. Not among the rows: it has no process to account. */
  readonly direct: Pick<ResultRow, 'scenario' | 'requestsPerSecond' | 'p50Ms' | 'p99Ms'> | null;
  readonly notMeasured: readonly { readonly scenario: string; readonly proxy: string; readonly reason: string }[];
}

export function collectResults(circumstances: Circumstances, outcomes: readonly Outcome[]): Results {
  const rows: ResultRow[] = [];
  const notMeasured: Results['notMeasured'][number][] = [];
  let direct: Results['direct'] = null;
  for (const { scenario, proxy, measurement, reason } of outcomes) {
    if (measurement === null) {
      notMeasured.push({ scenario, proxy, reason: reason ?? 'unknown' });
      continue;
    }
    const requestsPerSecond = Math.round(measurement.requestsPerSecond);
    const p50Ms = hundredths(measurement.p50Ms);
    const p99Ms = hundredths(measurement.p99Ms);
    if (Number.isNaN(measurement.cpuUsPerRequest)) {
      direct = { scenario, requestsPerSecond, p50Ms, p99Ms };
    } else {
      const cpuUsPerRequest = hundredths(measurement.cpuUsPerRequest);
      const rssMb = hundredths(measurement.rssMb);
      rows.push({ scenario, proxy, cpuUsPerRequest, requestsPerSecond, p50Ms, p99Ms, rssMb });
    }
  }
  return { ...circumstances, rows, direct, notMeasured };
}

/** Puts the file in place whole, with the folders above it. */
export function writeResults(file: string, results: Results): void {
  mkdirSync(dirname(file), { recursive: true });
  const fresh = `${file}.${process.pid}`;
  writeFileSync(fresh, `${JSON.stringify(results, null, 2)}\n`);
  renameSync(fresh, file);
}

function hundredths(value: number): number {
  return Math.round(value * 100) / 100;
}
