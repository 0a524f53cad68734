import type { ChildProcess } from 'node:child_process';
import { spawn } from 'node:child_process';
import { EventEmitter, once } from 'node:events';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { extname, join } from 'node:path';
import { CliError } from '../cli-error.ts';
import type { Report } from '../parent-link.ts';

/** How long a process may take over an orderly end before it is killed. */
const graceMs = 8_000;
const shownLogLines = 5;

type ReportOf<Kind extends Report['kind']> = Extract<Report, { readonly kind: Kind }>;

/**
 * One `heddle` process of the demo. It writes to a log file of its own, leads a process group of its own, so that Ctrl-C
 * reaches the demo alone, and ends when the demo is gone, whatever became of it.
 */
export class DemoProcess {
  readonly name: string;
  readonly logFile: string;
  /** Exit code or the signal's name; never rejects. */
  readonly exited: Promise<number | string>;
  readonly #child: ChildProcess;
  readonly #reports: Report[] = [];
  readonly #changes = new EventEmitter();
  #outcome: number | string | null = null;

  constructor(
    name: string,
    line: readonly string[],
    logFile: string,
    environment: NodeJS.ProcessEnv,
    program: string = thisProgram,
  ) {
    this.name = name;
    this.logFile = logFile;
    const log = openSync(logFile, 'w', 0o600);
    try {
      this.#child = spawn(process.execPath, [...process.execArgv, program, ...line], {
        env: environment,
        detached: true,
        stdio: ['ignore', log, log, 'ipc'],
      });
    } finally {
      closeSync(log);
    }
    this.exited = new Promise((resolve) => {
      const over = (outcome: number | string) => {
        this.#outcome = outcome;
        this.#changes.emit('change');
        resolve(outcome);
      };
      this.#child.once('error', (error) => over(error.message));
      this.#child.once('exit', (code, signal) => {
        if (signal !== null) this.#killApplication();
        over(code ?? signal ?? 'unknown');
      });
    });
    this.#child.on('message', (message) => {
      this.#reports.push(message as Report); // `report` of parent-link.ts sends nothing else
      this.#changes.emit('change');
    });
  }

  get pid(): number | undefined {
    return this.#child.pid;
  }

  /**
   * What the process reported of this kind.
   *
   * @throws CliError with its own error and hint, or else the end of its log, when it exits without having done so
   */
  async reported<Kind extends Report['kind']>(kind: Kind): Promise<ReportOf<Kind>> {
    for (;;) {
      const found = this.#find(kind);
      if (found) return found;
      if (this.#outcome !== null) throw this.#failure();
      await once(this.#changes, 'change');
    }
  }

  /** An orderly end, killed with everything it started when it takes too long. Fulfils when it is gone. */
  async stop(): Promise<void> {
    this.#child.kill('SIGTERM');
    const timer = setTimeout(() => this.kill(), graceMs);
    await this.exited;
    clearTimeout(timer);
  }

  /** At once, with the program that `heddle run` started. */
  kill(): void {
    if (this.#outcome !== null) return;
    this.#child.kill('SIGKILL');
    this.#killApplication();
  }

  /** It leads a process group of its own and would outlive a `heddle run` that could not say goodbye. */
  #killApplication(): void {
    const application = this.#find('application');
    if (!application) return;
    try {
      process.kill(-application.pid, 'SIGKILL');
    } catch {
      // Gone already.
    }
  }

  #find<Kind extends Report['kind']>(kind: Kind): ReportOf<Kind> | undefined {
    return this.#reports.find((report): report is ReportOf<Kind> => report.kind === kind);
  }

  #failure(): CliError {
    const text = this.#log();
    const own = /^error: (.*)\nTry: (.*)$/m.exec(text);
    const words = own?.[1] ?? (text.split('\n').slice(-shownLogLines).join(' | ') || 'without a word');
    return new CliError(`${this.name} ended (${this.#outcome}): ${words}`, own?.[2] ?? `less ${this.logFile}`);
  }

  #log(): string {
    try {
      return readFileSync(this.logFile, 'utf8').trimEnd();
    } catch (error) {
      return `its log cannot be read: ${error instanceof Error ? error.message : error}`;
    }
  }
}

/** This very program, built or not: `cli/heddle.js` or `cli/heddle.ts`. */
const thisProgram = join(import.meta.dirname, '..', `heddle${extname(import.meta.filename)}`);
