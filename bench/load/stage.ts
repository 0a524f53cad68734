import type { ChildProcess } from 'node:child_process';
import { spawn } from 'node:child_process';
import { closeSync, mkdirSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Cores } from './cores.ts';
import { findProgram } from './program.ts';

/** How long a process may take over an orderly end before its whole group is killed. */
const graceMs = 3_000;
const shownLogLines = 4;

/**
 * What a run has put on the machine and takes away again: processes, and one temporary folder (0700).
 *
 * Whatever begins on a stage ends with it: `close` in the ordinary way, `clear` at once. A part of a run gets a stage
 * of its own by `part`, which can end before the whole does.
 */
export class Stage {
  readonly folder: string;
  readonly cores: Cores | null;
  readonly #processes: StageProcess[] = [];
  readonly #parts: Stage[] = [];

  constructor(cores: Cores | null, folder: string = mkdtempSync(join(tmpdir(), 'heddle-bench-'))) {
    this.cores = cores;
    this.folder = folder;
  }

  /** `cores` null: nothing of it is kept to some cores. */
  part(name: string, cores: Cores | null = this.cores): Stage {
    const folder = join(this.folder, name);
    mkdirSync(folder, { mode: 0o700 });
    const part = new Stage(cores, folder);
    this.#parts.push(part);
    return part;
  }

  /**
   * Starts a program on the proxy's core or on the others. It leads a process group of its own, so that Ctrl-C reaches
   * the benchmark alone, which then ends everything in order.
   *
   * @throws Error when the program is not on this machine
   */
  start(
    where: keyof Cores,
    program: string,
    line: readonly string[],
    environment: NodeJS.ProcessEnv = process.env,
  ): StageProcess {
    const path = findProgram(program);
    if (path === null) throw new Error(`${program} is not installed`);
    // taskset replaces itself with the program, so the process id is the program's.
    const command = this.cores === null ? [path] : ['taskset', '--cpu-list', this.cores[where], path];
    const logFile = join(this.folder, `${this.#processes.length}.log`);
    const started = new StageProcess(program, [...command, ...line], logFile, this.folder, environment);
    this.#processes.push(started);
    return started;
  }

  /** The first process that has ended in another way than with exit code 0. */
  firstFailed(): StageProcess | null {
    return this.#processes.find(({ outcome }) => outcome !== null && outcome !== 0) ?? null;
  }

  /** Ends every process, the last one first, and removes the folder. */
  async close(): Promise<void> {
    try {
      for (const part of this.#parts.reverse()) await part.close();
      for (const running of this.#processes.reverse()) await running.stop();
    } finally {
      this.clear();
    }
  }

  /** The same at once and without a farewell: for a process that is ending itself. */
  clear(): void {
    // Forgotten then: a process id may be somebody else's later.
    for (const part of this.#parts.splice(0)) part.clear();
    for (const running of this.#processes.splice(0)) running.signal('SIGKILL');
    rmSync(this.folder, { recursive: true, force: true });
  }
}

/** One process on a stage. What it prints, on either stream, goes to a file. */
export class StageProcess {
  readonly program: string;
  /** Exit code, or the signal or error that ended it; never rejects. */
  readonly exited: Promise<number | string>;
  readonly #child: ChildProcess;
  readonly #logFile: string;
  #outcome: number | string | null = null;

  constructor(
    name: string,
    command: readonly string[],
    logFile: string,
    folder: string,
    environment: NodeJS.ProcessEnv,
  ) {
    this.program = name;
    this.#logFile = logFile;
    const log = openSync(logFile, 'w', 0o600);
    try {
      const [program, ...line] = command as [string, ...string[]]; // a stage always names a program
      this.#child = spawn(program, line, {
        cwd: folder,
        env: environment,
        detached: true,
        stdio: ['ignore', log, log],
      });
    } finally {
      closeSync(log);
    }
    this.exited = new Promise((resolve) => {
      const over = (outcome: number | string) => {
        this.#outcome = outcome;
        resolve(outcome);
      };
      this.#child.once('error', (error) => over(error.message));
      this.#child.once('exit', (code, signal) => over(code ?? signal ?? 'unknown'));
    });
  }

  /** As `exited`; null while it runs. */
  get outcome(): number | string | null {
    return this.#outcome;
  }

  /** @throws Error when the program could not be started at all */
  get pid(): number {
    if (this.#child.pid === undefined) throw new Error(`${this.program} could not be started`);
    return this.#child.pid;
  }

  output(): string {
    return readFileSync(this.#logFile, 'utf8');
  }

  /** The end of what it printed, in one line: usually why it ended. */
  lastWords(): string {
    const lines = this.output().trimEnd().split('\n');
    return lines.slice(-shownLogLines).join(' | ') || 'it printed nothing';
  }

  /** To the process and all that it has started. */
  signal(signal: NodeJS.Signals): void {
    if (this.#child.pid === undefined) return;
    try {
      process.kill(-this.#child.pid, signal);
    } catch {
      // The whole group is gone already.
    }
  }

  /** Asks it to end, and kills its group when it does not. Fulfils when it is gone. */
  async stop(): Promise<void> {
    if (this.#outcome === null) this.#child.kill('SIGTERM');
    const timer = setTimeout(() => this.signal('SIGKILL'), graceMs);
    await this.exited;
    clearTimeout(timer);
    this.signal('SIGKILL'); // whatever it started and left behind
  }
}
