import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Style } from '../terminal/style.ts';
import { styleFor } from '../terminal/style.ts';
import { DemoMesh } from './demo-mesh.ts';

/** What both ways of running the demo have in common: a folder, processes, a voice, and an orderly end. */
export interface Stage {
  readonly mesh: DemoMesh;
  /** Holds all state and logs. */
  readonly folder: string;
  /** For processes of the demo, and for finding its control plane. */
  readonly environment: NodeJS.ProcessEnv;
  readonly style: Style;
  say(line?: string): void;
}

/**
 * Prepares a stage, lets `perform` act on it, and clears up: resolves with the exit code when no process is left.
 *
 * Ctrl-C, SIGTERM and a closed terminal end the performance in order, with exit code 0; a second one kills. Should this
 * process be killed itself, its children notice and end by themselves.
 */
export async function onStage(
  place: 'lasting' | 'temporary',
  perform: (stage: Stage) => Promise<number>,
): Promise<number> {
  const style = styleFor(process.stderr);
  const say = (line = '') => console.error(line);
  const folder = place === 'lasting' ? lastingFolder() : mkdtempSync(join(tmpdir(), 'heddle-demo-'));
  const environment = environmentFor(folder, place);
  const mesh = new DemoMesh(folder, environment, (child, outcome) => {
    say(`${style.bad} ${child.name} ended (${outcome}); see ${child.logFile}`);
  });
  const stopped = stopSignal(mesh, say);
  let exitCode = 1;
  try {
    exitCode = await Promise.race([perform({ mesh, folder, environment, style, say }), stopped]);
  } finally {
    await mesh.stop();
    if (place === 'temporary') {
      if (exitCode === 0) rmSync(folder, { recursive: true, force: true });
      else say(`Logs are kept in ${mesh.logs}`);
    }
  }
  return exitCode;
}

/** `$XDG_STATE_HOME/heddle/demo`, by default in `~/.local/state`: not where a control plane of the user's own keeps its state. */
function lastingFolder(): string {
  const folder = join(process.env.XDG_STATE_HOME || join(homedir(), '.local', 'state'), 'heddle', 'demo');
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  return folder;
}

/** HEDDLE_* variables are meant for the command they were given to, not for a dozen others that it starts. */
function environmentFor(folder: string, place: 'lasting' | 'temporary'): NodeJS.ProcessEnv {
  const kept = Object.entries(process.env).filter(([name]) => !name.startsWith('HEDDLE_') || name === 'HEDDLE_DEBUG');
  const environment = Object.fromEntries(kept);
  // A mesh that is gone in a minute has no business in the user's own context file.
  return place === 'temporary' ? { ...environment, XDG_CONFIG_HOME: join(folder, 'config') } : environment;
}

/** npm passes on the Ctrl-C that the terminal has sent to us as well: signals that close are one. */
const sameSignalMs = 500;

function stopSignal(mesh: DemoMesh, say: (line: string) => void): Promise<number> {
  return new Promise((resolve) => {
    let firstAtMs: number | null = null;
    const stop = () => {
      if (firstAtMs === null) {
        firstAtMs = Date.now();
        say('\nStopping …');
        resolve(0);
      } else if (Date.now() - firstAtMs > sameSignalMs) {
        mesh.kill();
        process.exit(1);
      }
    };
    for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(name, stop);
    process.once('exit', () => mesh.kill());
  });
}
