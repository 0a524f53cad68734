/** `npm run fuzz`: runs every fuzz target for a bounded time. What it takes is in `options.ts`. */
import { Buffer } from 'node:buffer';
import { readFileSync, writeFileSync } from 'node:fs';
import { findTargets } from './find-targets.ts';
import type { FuzzFailure, FuzzTarget } from './fuzz-target.ts';
import { fuzz } from './fuzzer.ts';
import type { Options } from './options.ts';
import { readOptions, usage } from './options.ts';

async function main(line: readonly string[]): Promise<number> {
  let options: Options;
  try {
    options = readOptions(line);
  } catch (error) {
    console.error(`fuzz: ${error instanceof Error ? error.message : error}\nTry: npm run fuzz -- --help`);
    return 2;
  }
  if (options.wantsHelp) {
    process.stdout.write(usage);
    return 0;
  }
  const all = await findTargets();
  const targets = all.filter(({ name }) => options.only === null || name === options.only);
  if (targets.length === 0) {
    console.error(`fuzz: ${options.only} is none of ${all.map(({ name }) => name).join(', ')}`);
    return 2;
  }
  if (options.input !== null) return runInput(targets, options.input);
  let failed = 0;
  for (const target of targets) if (!runOne(target, options)) failed++;
  return failed === 0 ? 0 : 1;
}

function runInput(targets: readonly FuzzTarget[], file: string): number {
  let input: Buffer;
  try {
    input = readFileSync(file);
  } catch (error) {
    console.error(`fuzz: the input cannot be read: ${error instanceof Error ? error.message : error}`);
    return 2;
  }
  for (const target of targets) console.log(`${target.name}: ${String(target.run(input) ?? 'passes')}`);
  return 0;
}

function runOne(target: FuzzTarget, options: Options): boolean {
  const startedAtMs = performance.now();
  const untilMs = startedAtMs + options.seconds * 1000;
  const { executions, outcomes, failure } = fuzz(target, options.seed, () => performance.now() < untilMs);
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

process.exitCode = await main(process.argv.slice(2));
