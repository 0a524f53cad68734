#!/usr/bin/env node
/** `heddle`: the command line. What it does lies in `commands/`, one file per command. */
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
