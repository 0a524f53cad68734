import { execFile } from 'node:child_process';
import { cpus, release, totalmem } from 'node:os';
import { findEnvoy } from './peers/envoy-binary.ts';
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
export type Versions = Readonly<Record<string, string | null>>;

export async function findVersions(): Promise<Versions> {
  const asked: readonly (readonly [string, string])[] = [
    ['haproxy', '-v'],
    ['nginx', '-v'],
    ['nghttpx', '--version'],
    ['wrk', '-v'],
    ['h2load', '--version'],
  ];
  const found = asked.map(async ([program, question]) => [program, await programVersion(program, question)]);
  const envoy = findEnvoy();
  return {
    node: process.versions.node,
    ...Object.fromEntries(await Promise.all(found)),
    envoy: envoy === null ? null : await envoyVersion(envoy),
    'http-proxy': httpProxyVersion(),
  };
}

/** Its version stands behind a commit: `envoy  version: 9e55…/1.40.0/Clean/RELEASE/BoringSSL`. */
function envoyVersion(path: string): Promise<string | null> {
  return new Promise((resolve) => {
    execFile(path, ['--version'], { timeout: 5_000 }, (_error, stdout) => {
      resolve(/\/(\d+\.\d+\.\d+)\//.exec(stdout)?.[1] ?? null);
    });
  });
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
