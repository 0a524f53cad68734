import type { RunningPeer } from '../peer.ts';
import type { Stage } from '../stage.ts';

/** Work for a proxy, made by one program or another. */
export interface Load {
  /** Programs that it is made with, and must be on this machine. */
  readonly programs: readonly string[];
  /**
   * Loads the peer for about this long, or with one piece of work where that is named by its size.
   *
   * @throws Error when the program fails, hangs, prints what is no report, or saw a single answer that is wrong
   */
  run(stage: Stage, peer: RunningPeer, durationMs: number): Promise<LoadReport>;
}

/** What the load saw. NaN: it does not tell. */
export interface LoadReport {
  readonly requests: number;
  readonly requestsPerSecond: number;
  /** Of bodies, in answers that are whole and in what was sent for them. */
  readonly bodyBytes: number;
  readonly p50Ms: number;
  readonly p90Ms: number;
  readonly p99Ms: number;
  /** Growth of the proxy's resident memory by each connection that is held open, in 10³ bytes. */
  readonly kbPerConnection: number;
}

/** Over its own duration, for connecting and printing. A run that takes longer has hung. */
const graceMs = 10_000;

/**
 * Runs a program beside the proxies until it ends by itself.
 *
 * @throws Error with its last words when it fails, or takes ten seconds longer than it should
 */
export async function runProgram(
  stage: Stage,
  program: string,
  line: readonly string[],
  durationMs: number,
): Promise<string> {
  const running = stage.start('others', program, line);
  const kill = setTimeout(() => running.signal('SIGKILL'), durationMs + graceMs);
  const outcome = await running.exited;
  clearTimeout(kill);
  if (outcome !== 0) throw new Error(`${program} ended (${outcome}): ${running.lastWords()}`);
  return running.output();
}

/** @throws Error saying how many requests were not answered as they should */
export function assertAllGood(badAnswers: number, socketErrors: number, requests: number): void {
  if (badAnswers === 0 && socketErrors === 0) return;
  throw new Error(`${badAnswers} answers were errors and ${socketErrors} connections failed, of ${requests} requests`);
}
