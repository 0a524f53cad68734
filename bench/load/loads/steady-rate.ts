import type { Load } from './load.ts';
import { assertAllGood, runProgram } from './load.ts';
import { nodeProgram } from './node-program.ts';
import { readReport } from './program-report.ts';
import type { SteadyRateOptions } from './steady-rate-program.ts';

/** So many requests per second over HTTP/1.1, whether earlier ones have been answered or not (open loop). */
export function steadyRate(requestsPerSecond: number, connections: number): Load {
  return {
    programs: [],
    async run(stage, { port }, durationMs) {
      const options: SteadyRateOptions = { port, path: '/', connections, requestsPerSecond, durationMs };
      const line = [...nodeProgram('steady-rate-program'), JSON.stringify(options)];
      const report = readReport(await runProgram(stage, process.execPath, line, durationMs));
      assertAllGood(report.badAnswers, report.socketErrors, report.requests);
      const { requests, seconds, bodyBytes, p50Ms, p90Ms, p99Ms } = report;
      const kbPerConnection = Number.NaN;
      return { requests, requestsPerSecond: requests / seconds, bodyBytes, p50Ms, p90Ms, p99Ms, kbPerConnection };
    },
  };
}
