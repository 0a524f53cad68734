/**
 * `npm run fuzz`: runs every fuzz target for a bounded time.
 *
 * `-- --seconds 10` for each target (default 30); `--only NAME`; `--seed N` (default 1) for other inputs. A failing
 * input is made as short as can be, saved as `fuzz-failure-NAME`, and ends the run with exit code 1; `--input FILE`
 * with `--only` runs just that one again.
 */
import { Buffer } from 'node:buffer';
import { readFileSync, writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { findTargets } from './find-targets.ts';
import type { FuzzFailure, FuzzTarget } from './fuzz-target.ts';
import { fuzz } from './fuzzer.ts';

const { values: options } = parseArgs({
  options: {
    seconds: { type: 'string', default: '30' },
    seed: { type: 'string', default: '1' },
    only: { type: 'string' },
    input: { type: 'string' },
  },
});

function number(name: 'seconds' | 'seed'): number {
  const value = Number(options[name]);
  if (!Number.isFinite(value)) throw new Error(`--${name} takes a number, not ${options[name]}`);
  return value;
}

async function main(): Promise<number> {
  const all = await findTargets();
  const targets = all.filter(({ name }) => options.only === undefined || name === options.only);
  if (targets.length === 0) {
    console.error(`No target ${options.only}. There are: ${all.map(({ name }) => name).join(', ')}.`);
    return 2;
  }
  if (options.input !== undefined) {
    const input = readFileSync(options.input);
    for (const target of targets) console.log(`${target.name}: ${String(target.run(input) ?? 'passes')}`);
    return 0;
  }
  let failed = 0;
  for (const target of targets) if (!runOne(target)) failed++;
  return failed === 0 ? 0 : 1;
}

function runOne(target: FuzzTarget): boolean {
  const startedAtMs = performance.now();
  const untilMs = startedAtMs + number('seconds') * 1000;
  const { executions, outcomes, failure } = fuzz(target, number('seed'), () => performance.now() < untilMs);
  const seconds = (performance.now() - startedAtMs) / 1000;
  const rate = Math.round(executions / seconds);
  console.log(
    `${target.name}: ${executions} inputs (${rate}/s), ${outcomes} outcomes${failure === null ? '' : ', FAILED'}`,
  );
  if (failure !== null) report(target, failure);
  return failure === null;
}

function report(target: FuzzTarget, { input, error }: FuzzFailure): void {
  const file = `fuzz-failure-${target.name}`;
  writeFileSync(file, input);
  console.error(error);
  console.error(`input (${input.length} bytes, in ${file}): ${JSON.stringify(Buffer.from(input).toString('latin1'))}`);
}

process.exitCode = await main();
