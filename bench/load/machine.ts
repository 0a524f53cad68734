import { execFile } from 'node:child_process';
import { cpus, release, totalmem } from 'node:os';
import { httpProxyVersion } from './peers/http-proxy.ts';
import { programVersion } from './program.ts';

/** Without which no figure means anything. */
export interface Machine {
  readonly cpu: string;
  readonly cores: number;
  readonly memoryGb: number;
  readonly kernel: string;
}

export function describeMachine(): Machine {
  const cores = cpus();
  return {
    cpu: cores[0]?.model.trim() || 'unknown',
    cores: cores.length,
    memoryGb: Math.round(totalmem() / 1e9),
    kernel: release(),
  };
}

/** Null: not installed. */
export type Versions = Readonly<Record<'node' | 'haproxy' | 'nginx' | 'wrk' | 'http-proxy', string | null>>;

export async function findVersions(): Promise<Versions> {
  const [haproxy, nginx, wrk] = await Promise.all(
    ['haproxy', 'nginx', 'wrk'].map((program) => programVersion(program, '-v')),
  );
  return {
    node: process.versions.node,
    haproxy: haproxy ?? null,
    nginx: nginx ?? null,
    wrk: wrk ?? null,
    'http-proxy': httpProxyVersion(),
  };
}

/**
 * The commit that is checked out, with `-dirty` behind it when files differ from it. The benchmark's own results do not
 * count, or the second run would always be of something else. `unknown` outside a repository.
 */
export async function findCommit(root: string): Promise<string> {
  const commit = await git(root, 'rev-parse', 'HEAD');
  if (commit === null) return 'unknown';
  const changes = await git(root, 'status', '--porcelain', '--', '.', ':(exclude)bench/results');
  return changes === '' ? commit : `${commit}-dirty`;
}

function git(root: string, ...line: readonly string[]): Promise<string | null> {
  return new Promise((resolve) => {
    execFile('git', line, { cwd: root }, (error, stdout) => resolve(error ? null : stdout.trim()));
  });
}
