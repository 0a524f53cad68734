import type { Command } from 'commander';
import { CliError, describeFailure, exitCodes } from './cli-error.ts';

/** Runs what the command line asks for, and ends with the exit code that belongs to it. */
export async function runProgram(program: Command): Promise<void> {
  // A reader that has seen enough (`heddle get … | head -1`) ends us without a word, as it does any other program.
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'EPIPE') process.exit(0);
    fail(new CliError(`the output cannot be written: ${error.message}`, 'df -h', exitCodes.failed, { cause: error }));
    process.exit();
  });

  try {
    await program.parseAsync();
  } catch (error) {
    fail(error);
  }
}

function fail(error: unknown): void {
  const { lines, exitCode } = describeFailure(error, Boolean(process.env.HEDDLE_DEBUG));
  for (const line of lines) console.error(line);
  process.exitCode = exitCode;
}
