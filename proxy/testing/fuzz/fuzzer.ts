import { Buffer } from 'node:buffer';
import type { FuzzFailure, FuzzReport, FuzzTarget } from './fuzz-target.ts';
import { mutate } from './mutations.ts';
import { SeededRandom } from './seeded-random.ts';

/** Inputs kept for further mutation; new ones beyond it replace old ones. */
const MAX_CORPUS = 2000;

/** A single input that takes longer is a failure: nothing here may depend badly on what a peer sends. */
const MAX_RUN_MS = 2000;

/**
 * Feeds a target with mutations of its seeds until `goOn` says no or it fails. The same seed makes the same inputs in
 * the same order, whatever the machine; only their number depends on time.
 */
export function fuzz(target: FuzzTarget, seed: number, goOn: (executions: number) => boolean): FuzzReport {
  const random = new SeededRandom(seed);
  const tokens = (target.tokens ?? []).map((text) => Buffer.from(text, 'latin1'));
  const corpus: Buffer[] = (target.seeds ?? ['']).map((text) => Buffer.from(text, 'latin1'));
  const outcomes = new Set<string>();
  let executions = 0;
  let failure: FuzzFailure | null = null;
  const execute = (input: Buffer): boolean => {
    executions++;
    const result = attempt(target, input);
    if (result.error !== null) {
      failure = shrink(target, input, result.error.cause);
      return false;
    }
    if (!outcomes.has(result.outcome)) {
      outcomes.add(result.outcome);
      if (corpus.length < MAX_CORPUS) corpus.push(input);
      else corpus[random.below(MAX_CORPUS)] = input;
    }
    return true;
  };
  for (const input of [...corpus]) if (!execute(input)) break;
  while (failure === null && goOn(executions)) {
    const input = mutate(random.pick(corpus), random, random.pick(corpus), tokens);
    if (!execute(input)) break;
  }
  return { executions, outcomes: outcomes.size, failure };
}

/** `error` wraps what was thrown, which may be anything. */
function attempt(target: FuzzTarget, input: Buffer): { outcome: string; error: { cause: unknown } | null } {
  const startedAtMs = performance.now();
  try {
    const outcome = String(target.run(Buffer.from(input)) ?? '');
    const tookMs = performance.now() - startedAtMs;
    if (tookMs > MAX_RUN_MS) throw new Error(`took ${Math.round(tookMs)} ms`);
    return { outcome, error: null };
  } catch (cause) {
    return { outcome: '', error: { cause } };
  }
}

/** Takes pieces out of a failing input, large ones first, as long as it keeps failing. */
function shrink(target: FuzzTarget, failing: Buffer, cause: unknown): FuzzFailure {
  let input = failing;
  let error = cause;
  for (let size = Math.ceil(input.length / 2); size >= 1; size = size === 1 ? 0 : Math.ceil(size / 2)) {
    for (let at = 0; at < input.length; ) {
      const shorter = Buffer.concat([input.subarray(0, at), input.subarray(at + size)]);
      const result = attempt(target, shorter);
      if (result.error === null) {
        at += size;
      } else {
        input = shorter;
        error = result.error.cause;
      }
    }
  }
  return { input, error };
}
