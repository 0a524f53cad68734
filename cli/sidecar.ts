/**
 * The commands that are a sidecar, as a program of their own: what the build makes one bundle of. It needs nothing but
 * its own folder, and is started by `heddle run` and `heddle proxy`, or by itself:
 * `node dist/sidecar/sidecar.mjs proxy --service web`.
 */
import { proxyCommand } from './commands/proxy.ts';
import { runCommand } from './commands/run.ts';
import { programOf } from './program-of.ts';
import { runProgram } from './run-program.ts';

await runProgram(programOf({ Start: [runCommand()], Operate: [proxyCommand()] }));
