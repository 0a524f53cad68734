import { homedir } from 'node:os';
import { join } from 'node:path';

/**
 * Below which everything that runs here keeps its state: `/var/lib/heddle` for root, `$XDG_STATE_HOME/heddle`, by default
 * in `~/.local/state`, for others. The control plane's default is the same.
 */
export function defaultStateDirectory(environment: NodeJS.ProcessEnv = process.env): string {
  if (process.getuid?.() === 0 && !environment.XDG_STATE_HOME) return '/var/lib/heddle';
  return join(environment.XDG_STATE_HOME || join(homedir(), '.local', 'state'), 'heddle');
}
