import type { Load } from './load.ts';
import { assertAllGood, runProgram } from './load.ts';
import { nodeProgram } from './node-program.ts';
import { readReport } from './program-report.ts';
import type { TlsHandshakesOptions } from './tls-handshakes-program.ts';

/** A few handshakes may meet a ticket that has just been replaced. */
const resumedShare = 0.99;

/**
 * A new connection with mutual TLS for every request, some at a time: full handshakes, or such as resume a session.
 *
 * A run in which handshakes were not of the kind that is asked for is an error and not a figure.
 */
export function tlsHandshakes(connections: number, resumes: boolean): Load {
  return {
    programs: [],
    async run(stage, { port, clientTls }, durationMs) {
      if (clientTls === null) throw new Error('the peer takes no TLS');
      const options: TlsHandshakesOptions = { ...clientTls, port, path: '/', connections, resumes, durationMs };
      const line = [...nodeProgram('tls-handshakes-program'), JSON.stringify(options)];
      const report = readReport(await runProgram(stage, process.execPath, line, durationMs));
      assertAllGood(report.badAnswers, report.socketErrors, report.requests);
      const { requests, resumed, seconds, bodyBytes, p50Ms, p90Ms, p99Ms } = report;
      if (resumes ? resumed < requests * resumedShare : resumed > 0) {
        throw new Error(`${resumed} of ${requests} handshakes resumed a session`);
      }
      const requestsPerSecond = requests / seconds;
      return { requests, requestsPerSecond, bodyBytes, p50Ms, p90Ms, p99Ms, kbPerConnection: Number.NaN };
    },
  };
}
