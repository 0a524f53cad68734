#!/usr/bin/env -S node --max-semi-space-size=4
/**
 * `heddle`: the command line. What it does lies in `commands/`, one file per command.
 *
 * The first line bounds the young generation of the heap: what a request leaves behind is small and dead at once, and
 * with room for it to pile up a sidecar takes 20 to 30 MB more for the same work.
 */
import { CliError, describeFailure, exitCodes } from './cli-error.ts';
import { buildProgram } from './program.ts';

// A reader that has seen enough (`heddle get … | head -1`) ends us without a word, as it does any other program.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit(0);
  fail(new CliError(`the output cannot be written: ${error.message}`, 'df -h', exitCodes.failed, { cause: error }));
  process.exit();
});

try {
  await buildProgram().parseAsync();
} catch (error) {
  fail(error);
}

function fail(error: unknown): void {
  const { lines, exitCode } = describeFailure(error, Boolean(process.env.HEDDLE_DEBUG));
  for (const line of lines) console.error(line);
  process.exitCode = exitCode;
}
