import { printable } from './terminal/printable.ts';

/** What the exit code of every `heddle` command means. `heddle run` passes its program's own code on instead. */
export const exitCodes = { fine: 0, failed: 1, usage: 2, nothingFound: 3, timedOut: 4 } as const;

/** A failure that the user can act on: what happened, and the next thing to do. */
export class CliError extends Error {
  override readonly name = 'CliError';
  /** A command to run or a thing to change; printed last, after `Try: `. */
  readonly hint: string;
  readonly exitCode: number;

  constructor(message: string, hint: string, exitCode: number = exitCodes.failed, options?: ErrorOptions) {
    super(message, options);
    this.hint = hint;
    this.exitCode = exitCode;
  }
}

/**
 * The lines that end a failed command; the last one always starts with `Try:`.
 *
 * A stack trace is for bugs: what is not a `CliError` and no error of the system shows one when HEDDLE_DEBUG is set.
 */
export function describeFailure(
  error: unknown,
  debug: boolean,
): { readonly lines: string[]; readonly exitCode: number } {
  const known = error instanceof CliError ? error : (asCallError(error) ?? asSystemError(error) ?? asBug(error));
  const lines = [`error: ${known.message}`, `Try: ${known.hint}`].map((line) =>
    line.split('\n').map(printable).join('\n'),
  );
  if (debug && error instanceof Error && error.stack) lines.unshift(error.stack);
  return { lines, exitCode: known.exitCode };
}

/** The API client's errors bring their hint along. Known by their shape: loading the client to ask takes too long. */
function asCallError(error: unknown): CliError | null {
  const { name, hint, reason } = Object(error) as { name?: unknown; hint?: unknown; reason?: unknown };
  if (!(error instanceof Error) || name !== 'ApiCallError' || typeof hint !== 'string') return null;
  return new CliError(error.message, hint, reason === 'NotFound' ? exitCodes.nothingFound : exitCodes.failed);
}

/**
 * Errors of the operating system that name their own cause; each is the user's to solve and none is a bug, so they are
 * one line, with the exit code of a wrong call.
 */
function asSystemError(error: unknown): CliError | null {
  const { code, address, port, path } = systemFields(error);
  switch (code) {
    case 'EADDRINUSE':
      return new CliError(
        `${address}:${port} is in use by another process`,
        `another port, or end what has it: ss -ltnp 'sport = :${port}'`,
        exitCodes.usage,
      );
    case 'EADDRNOTAVAIL':
      return new CliError(`${address} is not an address of this machine`, 'ip -brief address', exitCodes.usage);
    case 'ENOENT':
      return new CliError(`${path} does not exist`, 'check the spelling, or the folder you are in', exitCodes.usage);
    case 'ENOTDIR':
    case 'EISDIR':
      return new CliError(`${path} goes through a file, or is a folder`, `ls -ld ${path}`, exitCodes.usage);
    case 'EROFS':
      return new CliError(`${path} is on a read-only file system`, 'another folder', exitCodes.usage);
    case 'EACCES':
    case 'EPERM':
      return new CliError(
        `permission denied: ${path ?? `${address}:${port}`}`,
        path ? `ls -ld ${path}` : 'a port above 1023',
        exitCodes.usage,
      );
    case 'ENOSPC':
      return new CliError(`no space left on the device: ${path}`, 'df -h', exitCodes.failed);
    default:
      return null;
  }
}

function systemFields(error: unknown) {
  const candidate = error instanceof Error ? error : {};
  return candidate as { code?: string; address?: string; port?: number; path?: string };
}

function asBug(error: unknown): CliError {
  const message = error instanceof Error ? error.message : String(error);
  return new CliError(message, 'the same command with HEDDLE_DEBUG=1, which shows where it happened');
}
