import { createRequire } from 'node:module';
import { extname, join } from 'node:path';
import { pathToFileURL } from 'node:url';

const extension = extname(import.meta.filename);

/** A program of this folder, as arguments for Node: compiled or not, as this file is. */
export function nodeProgram(name: string): string[] {
  return [...loader(), join(import.meta.dirname, name + extension)];
}

/** What Node needs to take TypeScript; nothing once it is compiled, or where Node has been told already. */
function loader(): string[] {
  if (extension === '.js') return [];
  return process.execArgv.includes('--import')
    ? process.execArgv
    : ['--import', pathToFileURL(createRequire(import.meta.url).resolve('tsx')).href];
}

/** What Node is told so that a process collects its garbage when it is asked to, and with which signal to ask. */
export const collectOnSignal = {
  flags: ['--import', pathToFileURL(join(import.meta.dirname, `collect-on-signal${extension}`)).href],
  signal: 'SIGUSR2',
} as const;
