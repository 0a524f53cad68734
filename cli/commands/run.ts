import { HeddleCommand } from '../heddle-command.ts';
import type { SidecarOptions } from '../run/sidecar-options.ts';
import { withSidecarOptions } from '../run/sidecar-options.ts';

export function runCommand(): HeddleCommand {
  const command = new HeddleCommand('run')
    .description('A program beside a sidecar of its own: it starts when the sidecar is ready, and ends drained.')
    .usage('--service <name> [--port <port>] [options] -- <program> [arguments]')
    .argument('<program...>', 'what to run, after --')
    .passThroughOptions()
    .addHelpText(
      'after',
      `
The program gets the sidecar as http_proxy. SIGTERM or SIGINT takes the instance out of use first and reaches the program
then; a second one ends both at once. The exit code is the program's.

Examples:
  heddle run --service web --port 8080 -- node web.js
  heddle run --service web --port 8080 --upstream cart=9001 -- env CART_URL=http://127.0.0.1:9001 node web.js
  heddle run --service orders --port 50051/grpc -- node orders.js
  heddle run --service redis --port 6379/tcp -- redis-server --bind 127.0.0.1
  heddle run --service cart --port 8080 --upstream redis:6379=6380 -- env REDIS_URL=redis://127.0.0.1:6380 node cart.js`,
    );
  return withSidecarOptions(command).action(async (program: string[], options: SidecarOptions) => {
    const { runBeside } = await import('../run/run-beside.ts');
    process.exit(await runBeside(program, options));
  });
}
