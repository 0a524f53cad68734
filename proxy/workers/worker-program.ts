import { createRequire } from 'node:module';
import { extname, join } from 'node:path';
import { pathToFileURL } from 'node:url';

/** What a worker runs, and with which flags of Node. */
export interface WorkerProgram {
  readonly file: string;
  readonly execArgv: readonly string[];
}

/**
 * `worker.js` beside this file, built; in the bundle `worker.mjs` beside whichever of its files this has become; from source
 * `worker.ts`, which needs tsx. Node's flags are those of this process, but that a debugger's port cannot be had twice.
 */
export function workerProgram(): WorkerProgram {
  const extension = extname(import.meta.filename);
  const file = join(import.meta.dirname, `worker${extension}`);
  if (extension !== '.ts') return { file, execArgv: process.execArgv.filter((flag) => !flag.startsWith('--inspect')) };
  const tsx = createRequire(import.meta.url).resolve('tsx');
  return { file, execArgv: ['--import', pathToFileURL(tsx).href] };
}
