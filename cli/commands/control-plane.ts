import { Option } from 'commander';
import { flags } from '../../control-plane/config.ts';
import { HeddleCommand } from '../heddle-command.ts';

export function controlPlaneCommand(): HeddleCommand {
  const command = new HeddleCommand('control-plane')
    .description('The control plane: API, identities, and configuration for every sidecar. Needs no argument.')
    .addHelpText(
      'after',
      '\nExamples:\n  heddle control-plane\n  heddle control-plane --advertise 192.0.2.7   for other hosts',
    );
  for (const [name, flag] of Object.entries<{ readonly help: string; readonly value?: string }>(flags)) {
    command.addOption(
      new Option(flag.value === undefined ? `--${name}` : `--${name} <${flag.value.toLowerCase()}>`, flag.help),
    );
  }
  return command
    .addOption(new Option('--with-parent').hideHelp())
    .action(async ({ withParent, ...options }: { withParent?: boolean } & Record<string, string | boolean>) => {
      const { runControlPlaneUntilStopped } = await import('../run-control-plane.ts');
      await runControlPlaneUntilStopped(asParameters(options), withParent ?? false);
      process.exit();
    });
}

/** Commander has read the flags, the environment included; the control plane checks what they say. */
export function asParameters(options: Readonly<Record<string, string | boolean>>): string[] {
  return Object.entries(options).map(([key, value]) => {
    const flag = `--${key.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
    return value === true ? flag : `${flag}=${value}`;
  });
}
