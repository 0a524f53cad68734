import { HeddleCommand } from '../heddle-command.ts';
import type { SidecarOptions } from '../run/sidecar-options.ts';
import { withSidecarOptions } from '../run/sidecar-options.ts';

export function proxyCommand(): HeddleCommand {
  const command = new HeddleCommand('proxy')
    .description('A sidecar alone, for a program that something else starts and stops.')
    .addHelpText('after', '\nExamples:\n  heddle proxy --service web --port 8080 --upstream cart=9001');
  return withSidecarOptions(command).action(async (options: SidecarOptions) => {
    const { runAlone } = await import('../run/run-beside.ts');
    process.exit(await runAlone(options));
  });
}
