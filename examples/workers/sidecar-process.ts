import type { ChildProcess } from 'node:child_process';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';

const program = join(import.meta.dirname, '..', '..', 'dist', 'cli', 'heddle.js');

/** A sidecar as users start it: the built program, in a process of its own, with its workers. */
export class SidecarProcess {
  readonly child: ChildProcess;
  /** Exit code. */
  readonly exited: Promise<number | null>;
  adminAddress = '';
  #stderr = '';

  constructor(line: readonly string[], stateDirectory: string) {
    const inherited = Object.entries(process.env).filter(([name]) => !name.startsWith('HEDDLE_'));
    this.child = spawn(process.execPath, [program, 'proxy', ...line, '--state-dir', stateDirectory], {
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
