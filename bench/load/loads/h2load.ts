import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Protocol } from '../upstream.ts';
import type { Load } from './load.ts';
import { assertAllGood, runProgram } from './load.ts';

/** What one run of h2load saw. It knows no percentiles. */
export interface H2loadReport {
  readonly requests: number;
  readonly requestsPerSecond: number;
  /** Answers that are not 2xx. */
  readonly badAnswers: number;
  readonly failedRequests: number;
  readonly bodyBytes: number;
}

export interface H2loadOptions {
  readonly protocol: Protocol;
  readonly path: string;
  readonly connections: number;
  /** Requests at a time on each connection. */
  readonly streams: number;
  /** A number of requests instead of a duration. */
  readonly requests?: number;
  /** What is sent with every request, which makes it a POST. */
  readonly body?: string;
  readonly headers?: readonly string[];
  /** What an answer has at least. Default 0; without it, a call that failed is a good answer, since gRPC says so behind it. */
  readonly answerBytes?: number;
}

/** A single request of a size that takes its time. */
const limitMs = 60_000;

/** Keeps every stream of every connection busy (closed loop). */
export function h2load(options: H2loadOptions): Load {
  const { protocol, path, connections, streams, requests, body, headers = [], answerBytes = 0 } = options;
  return {
    programs: ['h2load'],
    async run(stage, peer, durationMs) {
      const line = [`-c${connections}`, `-m${streams}`, ...(protocol === 'http1' ? ['--h1'] : [])];
      line.push(...(requests === undefined ? ['-D', `${durationMs}ms`] : ['-n', String(requests)]));
      for (const header of headers) line.push('-H', header);
      if (body !== undefined) {
        const file = join(stage.folder, 'request-body');
        writeFileSync(file, body);
        line.push('-d', file);
      }
      line.push(`http://127.0.0.1:${peer.port}${path}`);
      const text = await runProgram(stage, 'h2load', line, requests === undefined ? durationMs : limitMs);
      const { badAnswers, failedRequests, ...report } = readH2loadReport(text);
      assertAllGood(badAnswers, failedRequests, report.requests);
      if (report.bodyBytes < report.requests * answerBytes) {
        throw new Error(
          `${report.requests} answers have ${report.bodyBytes} bytes together, and not ${answerBytes} each`,
        );
      }
      return { ...report, p50Ms: Number.NaN, p90Ms: Number.NaN, p99Ms: Number.NaN, kbPerConnection: Number.NaN };
    },
  };
}

/** @throws Error naming the line that is missing, or saying that there was no request at all */
export function readH2loadReport(text: string): H2loadReport {
  const find = (what: string, pattern: RegExp): string[] => {
    const found = pattern.exec(text)?.slice(1);
    if (found === undefined) throw new Error(`h2load reported no ${what}: ${text.trim() || 'nothing at all'}`);
    return found;
  };
  const [rate] = find('rate', /^finished in .*, ([\d.]+) req\/s/m) as [string];
  const [done, failed, errored] = find('requests', /^requests: .* (\d+) done, .* (\d+) failed, (\d+) errored/m).map(
    Number,
  ) as [number, number, number];
  // 2xx are not counted from here: answers that have only begun when time is up are among them.
  const others = find('status codes', /^status codes: \d+ 2xx, (\d+) 3xx, (\d+) 4xx, (\d+) 5xx/m).map(Number);
  const [bodyBytes] = find('traffic', /^traffic: .* \((\d+)\) data/m).map(Number) as [number];
  if (done === 0) throw new Error(`h2load completed no request: ${failed} failed`);
  return {
    requests: done,
    requestsPerSecond: Number(rate),
    badAnswers: others.reduce((sum, count) => sum + count, 0),
    failedRequests: Math.max(failed, errored),
    bodyBytes,
  };
}
