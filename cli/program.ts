import type { Command } from 'commander';
import { applyCommand } from './commands/apply.ts';
import { certsCommand } from './commands/certs.ts';
import { controlPlaneCommand } from './commands/control-plane.ts';
import { deleteCommand } from './commands/delete.ts';
import { demoCommand } from './commands/demo.ts';
import { describeCommand } from './commands/describe.ts';
import { edgesCommand } from './commands/edges.ts';
import { eventsCommand } from './commands/events.ts';
import { faultCommand } from './commands/fault.ts';
import { getCommand } from './commands/get.ts';
import { limitCommand } from './commands/limit.ts';
import { proxiesCommand } from './commands/proxies.ts';
import { proxyCommand } from './commands/proxy.ts';
import { rateLimitServerCommand } from './commands/rate-limit-server.ts';
import { routeCommand } from './commands/route.ts';
import { runCommand } from './commands/run.ts';
import { schemaCommand } from './commands/schema.ts';
import { statCommand } from './commands/stat.ts';
import { tokenCommand } from './commands/token.ts';
import { undoCommand } from './commands/undo.ts';
import { programOf } from './program-of.ts';

/**
 * All commands, in the groups that `heddle --help` shows.
 *
 * Command files declare themselves when they are loaded, and load what does their work when they run: every command
 * starts in the time of a bare Node.js and a few small files.
 */
export function buildProgram(): Command {
  return programOf({
    Start: [demoCommand(), controlPlaneCommand(), runCommand()],
    Look: [statCommand(), edgesCommand(), eventsCommand(), proxiesCommand(), getCommand(), describeCommand()],
    Change: [applyCommand(), deleteCommand(), routeCommand(), limitCommand(), faultCommand(), undoCommand()],
    Secure: [tokenCommand(), certsCommand()],
    Operate: [proxyCommand(), rateLimitServerCommand(), schemaCommand()],
  });
}
