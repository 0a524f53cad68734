import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Stage } from '../stage.ts';
import type { Load } from './load.ts';
import { assertAllGood } from './load.ts';

/** What one run of wrk saw. */
export interface WrkReport {
  readonly requests: number;
  readonly requestsPerSecond: number;
  readonly p50Ms: number;
  readonly p90Ms: number;
  readonly p99Ms: number;
  /** Answers that are not 2xx or 3xx. */
  readonly badAnswers: number;
  /** Connections refused or broken, and requests without an answer within wrk's time-out. */
  readonly socketErrors: number;
}

export interface WrkOptions {
  readonly path: string;
  /** How many bytes the answer at this path has. */
  readonly bodyBytes: number;
  readonly connections: number;
  /** Bytes that are sent with every request, which makes it a POST. Default none. */
  readonly uploadBytes?: number;
  /** Whether every request has a connection of its own. */
  readonly closes?: boolean;
  /** Sent with every request. */
  readonly headers?: readonly string[];
}

/** Over its own duration, for connecting and printing. A run that takes longer has hung. */
const graceMs = 10_000;

/** Keeps connections of HTTP/1.1 busy, each with one request at a time (closed loop). */
export function wrk(options: WrkOptions): Load {
  return {
    programs: ['wrk'],
    async run(stage, peer, durationMs) {
      const { badAnswers, socketErrors, ...report } = await runWrk(stage, peer.port, durationMs, options);
      assertAllGood(badAnswers, socketErrors, report.requests);
      const bodyBytes = report.requests * (options.bodyBytes + (options.uploadBytes ?? 0));
      return { ...report, bodyBytes, kbPerConnection: Number.NaN };
    },
  };
}

/** @throws Error when wrk fails, hangs, or prints what is no report */
async function runWrk(
  stage: Stage,
  port: number,
  durationMs: number,
  { path, connections, uploadBytes, closes, headers = [] }: WrkOptions,
): Promise<WrkReport> {
  const url = `http://127.0.0.1:${port}${path}`;
  // wrk takes whole seconds only. Interrupted, it reports what it has seen until then.
  const seconds = Math.ceil(durationMs / 1000);
  const line = ['-t1', `-c${connections}`, `-d${seconds}s`, '--timeout', '5s', '--latency'];
  if (uploadBytes !== undefined) {
    const script = join(stage.folder, 'upload.lua');
    writeFileSync(script, `wrk.method = 'POST'\nwrk.body = string.rep('x', ${uploadBytes})\n`);
    line.push('-s', script);
  }
  for (const header of [...headers, ...(closes ? ['Connection: close'] : [])]) line.push('-H', header);
  line.push(url);
  const running = stage.start('others', 'wrk', line);
  const isCutShort = seconds * 1000 > durationMs;
  const interrupt = isCutShort ? setTimeout(() => running.signal('SIGINT'), durationMs) : undefined;
  const kill = setTimeout(() => running.signal('SIGKILL'), durationMs + graceMs);
  const outcome = await running.exited;
  clearTimeout(interrupt);
  clearTimeout(kill);
  if (outcome !== 0) throw new Error(`wrk ended (${outcome}): ${running.lastWords()}`);
  return readWrkReport(running.output());
}

/** @throws Error naming the line that is missing */
export function readWrkReport(text: string): WrkReport {
  const find = (what: string, pattern: RegExp): string => {
    const found = pattern.exec(text)?.[1];
    if (found === undefined) throw new Error(`wrk reported no ${what}: ${text.trim() || 'nothing at all'}`);
    return found;
  };
  const errors = /Socket errors: connect (\d+), read (\d+), write (\d+), timeout (\d+)/.exec(text)?.slice(1) ?? [];
  return {
    requests: Number(find('number of requests', /^\s*(\d+) requests in /m)),
    requestsPerSecond: Number(find('rate', /^Requests\/sec:\s+([\d.]+)/m)),
    p50Ms: milliseconds(find('median', /^\s+50%\s+(\S+)/m)),
    p90Ms: milliseconds(find('90th percentile', /^\s+90%\s+(\S+)/m)),
    p99Ms: milliseconds(find('99th percentile', /^\s+99%\s+(\S+)/m)),
    badAnswers: Number(/Non-2xx or 3xx responses: (\d+)/.exec(text)?.[1] ?? 0),
    socketErrors: errors.reduce((sum, count) => sum + Number(count), 0),
  };
}

const unitMs: Readonly<Record<string, number>> = { us: 0.001, ms: 1, s: 1000, m: 60_000 };

function milliseconds(text: string): number {
  const [, value, unit] = /^([\d.]+)(us|ms|s|m)$/.exec(text) ?? [];
  const factor = unitMs[unit ?? ''];
  if (factor === undefined) throw new Error(`wrk reported a time that is none: ${text}`);
  return Number(value) * factor;
}
