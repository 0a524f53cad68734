import type { Command } from 'commander';
import { proxyCommand } from './commands/proxy.ts';
import { runCommand } from './commands/run.ts';
import { programOf } from './program-of.ts';

/** `heddle` with the two commands that are a sidecar, and without the files of all others. */
export function sidecarProgram(): Command {
  return programOf({ Start: [runCommand()], Operate: [proxyCommand()] });
}
