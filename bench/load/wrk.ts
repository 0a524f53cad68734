import type { Stage } from './stage.ts';

/** What one run of wrk saw. */
export interface WrkReport {
  readonly requests: number;
  readonly requestsPerSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  /** Answers that are not 2xx or 3xx. */
  readonly badAnswers: number;
  /** Connections refused or broken, and requests without an answer within wrk's two seconds. */
  readonly socketErrors: number;
}

export const connections = 64;
/** Over its own duration, for connecting and printing. A run that takes longer has hung. */
const graceMs = 10_000;

/**
 * Keeps 64 connections busy for this long, each with one request at a time (closed loop).
 *
 * @throws Error when wrk fails, hangs, or prints what is no report
 */
export async function runWrk(stage: Stage, port: number, durationMs: number): Promise<WrkReport> {
  const url = `http://127.0.0.1:${port}/`;
  // wrk takes whole seconds only. Interrupted, it reports what it has seen until then.
  const seconds = Math.ceil(durationMs / 1000);
  const wrk = stage.start('others', 'wrk', ['-t1', `-c${connections}`, `-d${seconds}s`, '--latency', url]);
  const isCutShort = seconds * 1000 > durationMs;
  const interrupt = isCutShort ? setTimeout(() => wrk.signal('SIGINT'), durationMs) : undefined;
  const kill = setTimeout(() => wrk.signal('SIGKILL'), durationMs + graceMs);
  const outcome = await wrk.exited;
  clearTimeout(interrupt);
  clearTimeout(kill);
  if (outcome !== 0) throw new Error(`wrk ended (${outcome}): ${wrk.lastWords()}`);
  return readWrkReport(wrk.output());
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
