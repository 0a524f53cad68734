import { percentile } from './percentile.ts';

/** What our own load programs print as their last line, in JSON. */
export interface ProgramReport {
  readonly requests: number;
  readonly seconds: number;
  readonly badAnswers: number;
  readonly socketErrors: number;
  readonly bodyBytes: number;
  /** Connections that took up a TLS session again. */
  readonly resumed: number;
  readonly p50Ms: number;
  readonly p90Ms: number;
  readonly p99Ms: number;
}

/** Prints the report of a run with these times of its requests. */
export function printReport(
  latenciesMs: readonly number[],
  counts: Pick<ProgramReport, 'seconds' | 'badAnswers' | 'socketErrors' | 'bodyBytes' | 'resumed'>,
): void {
  const at = (share: number) => percentile(latenciesMs, share);
  const report: ProgramReport = {
    requests: latenciesMs.length,
    ...counts,
    p50Ms: at(0.5),
    p90Ms: at(0.9),
    p99Ms: at(0.99),
  };
  process.stdout.write(`${JSON.stringify(report)}\n`);
}

/** @throws Error when the program printed something else, or saw no answer at all */
export function readReport(text: string): ProgramReport {
  const line = text.trim().split('\n').at(-1) ?? '';
  if (!line.startsWith('{')) throw new Error(`the load printed no report: ${text.trim() || 'nothing at all'}`);
  const report = JSON.parse(line) as ProgramReport; // our own program, of the same build
  if (report.requests > 0) return report;
  throw new Error(
    `no request was answered; ${report.badAnswers} answers were wrong, ${report.socketErrors} connections failed`,
  );
}
