import { mkdirSync, renameSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import type { FigureName } from './figures.ts';
import { figureNames } from './figures.ts';
import type { Machine, Versions } from './machine.ts';
import type { Effort, Outcome } from './measure.ts';
import type { Ratio } from './ratios.ts';

/** Everything that a figure must be read with. */
export interface Circumstances {
  /** ISO 8601. */
  readonly measuredAt: string;
  readonly commit: string;
  readonly machine: Machine;
  readonly versions: Versions;
  readonly method: Effort & {
    /** How often everything was started, each time for all rounds. */
    readonly processes: number;
    readonly connections: number;
    readonly bodyBytes: number;
    /** Whether the proxy had a core to itself. */
    readonly isPinned: boolean;
  };
}

/** What a proxy did in a scenario: the figures that it has, rounded to hundredths; requests/s to whole ones. */
export type ResultRow = { readonly scenario: string; readonly proxy: string; readonly remark?: string } & {
  readonly [Name in FigureName]?: number;
};

/** The content of the result file. */
export interface Results extends Circumstances {
  readonly rows: readonly ResultRow[];
  readonly ratios: readonly Ratio[];
  /** Load and upstream without a proxy. Not among the rows: it has no process to account. */
  readonly direct: readonly ResultRow[];
  readonly notMeasured: readonly { readonly scenario: string; readonly proxy: string; readonly reason: string }[];
}

export function collectResults(
  circumstances: Circumstances,
  outcomes: readonly Outcome[],
  ratios: readonly Ratio[],
): Results {
  const rows: ResultRow[] = [];
  const direct: ResultRow[] = [];
  const notMeasured: Results['notMeasured'][number][] = [];
  for (const { scenario, proxy, remark, measurement, reason } of outcomes) {
    if (measurement === null) {
      notMeasured.push({ scenario, proxy, reason: reason ?? 'unknown' });
      continue;
    }
    const measured = figureNames.filter((name) => Number.isFinite(measurement[name]));
    const values = measured.map((name) => [name, rounded(name, measurement[name])]);
    const row: ResultRow = {
      scenario,
      proxy,
      ...(remark === null ? {} : { remark }),
      ...Object.fromEntries(values),
    };
    // Whoever costs nothing is no proxy.
    (Number.isNaN(measurement.rssMb) ? direct : rows).push(row);
  }
  return { ...circumstances, rows, ratios, direct, notMeasured };
}

/** Puts the file in place whole, with the folders above it. */
export function writeResults(file: string, results: Results): void {
  mkdirSync(dirname(file), { recursive: true });
  const fresh = `${file}.${process.pid}`;
  writeFileSync(fresh, `${JSON.stringify(results, null, 2)}\n`);
  renameSync(fresh, file);
}

function rounded(name: FigureName, value: number): number {
  return name === 'requestsPerSecond' ? Math.round(value) : Math.round(value * 100) / 100;
}
