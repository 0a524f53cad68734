import type { StdioOptions } from 'node:child_process';
import { spawn } from 'node:child_process';
import { constants } from 'node:os';
import { CliError } from '../cli-error.ts';

/** A program that a sidecar runs beside, with everything it starts. */
export interface Application {
  readonly pid: number;
  /** Exit code of the program itself; 128 + the signal's number when a signal ended it, as shells report it. */
  readonly exited: Promise<number>;
  /** Signals the program and all that it started and left in its process group. Nothing happens when all are gone. */
  signal(name: NodeJS.Signals): void;
}

/**
 * Starts a program as the leader of a session and process group of its own, so that Ctrl-C in a terminal reaches
 * `heddle run` alone, which drains first and signals the program then.
 *
 * @throws CliError exit code 127 when there is no such program and 126 when it cannot be executed, as env(1) does
 */
export function startApplication(
  command: readonly string[],
  environment: NodeJS.ProcessEnv,
  stdio: StdioOptions = 'inherit',
): Promise<Application> {
  const [program = '', ...options] = command;
  const child = spawn(program, options, { env: environment, stdio, detached: true });
  const exited = new Promise<number>((resolve) => {
    child.once('exit', (code, signal) => resolve(code ?? 128 + constants.signals[signal ?? 'SIGKILL']));
  });
  return new Promise((resolve, reject) => {
    child.once('error', (error: NodeJS.ErrnoException) => reject(cannotStart(program, error)));
    child.once('spawn', () => {
      const pid = child.pid as number; // known once it has spawned
      resolve({ pid, exited, signal: (name) => signalGroup(pid, name) });
    });
  });
}

function signalGroup(leader: number, name: NodeJS.Signals): void {
  try {
    process.kill(-leader, name);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error; // ESRCH: all of them have gone
  }
}

function cannotStart(program: string, error: NodeJS.ErrnoException): CliError {
  if (error.code === 'ENOENT') {
    return new CliError(`${program} was not found`, 'the program’s full path after --', 127, { cause: error });
  }
  if (error.code === 'EACCES') {
    return new CliError(`${program} cannot be executed`, `chmod +x ${program}`, 126, { cause: error });
  }
  return new CliError(`${program} cannot be started: ${error.message}`, 'the program without heddle', 126, {
    cause: error,
  });
}
