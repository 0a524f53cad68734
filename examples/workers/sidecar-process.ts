import type { ChildProcess } from 'node:child_process';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

const root = join(import.meta.dirname, '..', '..');

/** What the build has made, as users start it. */
export const builtProgram = [join(root, 'dist', 'cli', 'heddle.js')];
/** The same from source, for tests that do not build. */
export const sourceProgram = [
  '--import',
  pathToFileURL(createRequire(import.meta.url).resolve('tsx')).href,
  join(root, 'cli', 'heddle.ts'),
];

/** A sidecar in a process of its own, with its workers. */
export class SidecarProcess {
  readonly child: ChildProcess;
  /** Exit code. */
  readonly exited: Promise<number | null>;
  adminAddress = '';
  #stderr = '';

  /** `launcher` begins the command line, before Node: `prlimit` and the like. */
  constructor(
    line: readonly string[],
    stateDirectory: string,
    program: readonly string[] = builtProgram,
    launcher: readonly string[] = [],
  ) {
    const inherited = Object.entries(process.env).filter(([name]) => !name.startsWith('HEDDLE_'));
    const command = [...launcher, process.execPath, ...program, 'proxy', ...line, '--state-dir', stateDirectory];
    this.child = spawn(command[0] as string, command.slice(1), {
      env: { ...Object.fromEntries(inherited), XDG_CONFIG_HOME: stateDirectory },
      stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
    });
    this.child.stderr?.on('data', (chunk) => {
      this.#stderr += chunk;
    });
    this.exited = once(this.child, 'exit').then(([code]) => code as number | null);
  }

  get stderr(): string {
    return this.#stderr;
  }

  /** Fulfils when it is in the mesh; rejects with what it said when it ends before. */
  async ready(): Promise<this> {
    const ended = this.exited.then((code) => {
      throw new Error(`the sidecar ended with ${code}: ${this.#stderr}`);
    });
    const [report] = (await Promise.race([once(this.child, 'message'), ended])) as [{ adminAddress: string }];
    this.adminAddress = report.adminAddress;
    return this;
  }

  async page(path: string): Promise<string> {
    return (await fetch(`http://${this.adminAddress}${path}`)).text();
  }

  async stats(): Promise<ReadonlyMap<string, number>> {
    const lines = (await this.page('/stats')).trim().split('\n');
    return new Map(
      lines.map((line) => [line.slice(0, line.lastIndexOf(':')), Number(line.slice(line.lastIndexOf(' ')))]),
    );
  }

  async workerPids(): Promise<number[]> {
    return [...(await this.stats())].filter(([name]) => /^workers\.\d+\.pid$/.test(name)).map(([, pid]) => pid);
  }

  /** Sum of a metric over all its labels. */
  async metric(name: string): Promise<number> {
    const lines = (await this.page('/stats/prometheus')).split('\n').filter((line) => line.startsWith(`${name}{`));
    return lines.reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(' '))), 0);
  }
}

export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false; // ESRCH
  }
}
