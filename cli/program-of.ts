import type { Command, CommanderError, Option } from 'commander';
import { version } from '../proto/version.ts';
import { CliError, exitCodes } from './cli-error.ts';
import { HeddleCommand } from './heddle-command.ts';
import { styleFor } from './terminal/style.ts';

/** The program `heddle` with these commands, in the groups that `heddle --help` shows. */
export function programOf(groups: Readonly<Record<string, readonly HeddleCommand[]>>): Command {
  const program = new HeddleCommand('heddle')
    .description(
      'A service mesh: mutual TLS, retries, traffic splitting and telemetry for services that know nothing of it.',
    )
    .usage('<command> [options]')
    .version(version, '--version')
    .helpCommand(false)
    .enablePositionalOptions()
    .addHelpText('after', examples);
  for (const [group, commands] of Object.entries(groups)) {
    for (const command of commands) program.addCommand(command.helpGroup(`${group}:`));
  }
  for (const command of [program, ...program.commands]) behave(command);
  return program;
}

const examples = `
Examples:
  heddle demo                                         a whole mesh to look at
  heddle control-plane                                your own, then beside each service:
  heddle run --service web --port 8080 -- node web.js
  heddle stat                                         what is healthy
  heddle apply -f split.yaml --wait                   change routes, and wait until it is in force

Every flag can be given as HEDDLE_<FLAG> in the environment; a flag on the command line wins.
Exit codes: 0 fine, 1 failed, 2 wrong call, 3 nothing found, 4 timed out.
`;

/** The same manners for every command: errors as ours, usage errors exit with 2, help to stdout with 0. */
function behave(command: Command): void {
  command
    .showSuggestionAfterError(true)
    .configureOutput({ outputError: () => {} }) // the error itself carries the words
    .configureHelp({ styleTitle: (text) => styleFor(process.stdout).paint('bold', text), optionDescription })
    .exitOverride((error) => {
      if (error.exitCode === 0) process.exit(0); // --help and --version have been printed
      throw asUsageError(command, error);
    });
}

/** Without the variable of each flag, which commander would add: all are told at once at the end of `heddle --help`. */
function optionDescription({ description, argChoices, defaultValue, defaultValueDescription }: Option): string {
  const notes = [
    ...(argChoices === undefined ? [] : [argChoices.join(', ')]),
    ...(defaultValue === undefined ? [] : [`default: ${defaultValueDescription ?? defaultValue}`]),
  ];
  return notes.length === 0 ? description : `${description} (${notes.join('; ')})`;
}

function asUsageError(command: Command, error: CommanderError): CliError {
  const path = command.parent ? `heddle ${command.name()}` : 'heddle';
  if (error.code === 'commander.help') return new CliError('a command is missing', 'heddle --help', exitCodes.usage);
  const [message = '', suggestion] = error.message.replace(/^error: /, '').split('\n');
  const meant = /^\(Did you mean (?:one of )?(.*)\?\)$/.exec(suggestion ?? '')?.[1];
  const hint = meant === undefined ? `${path} --help` : command.parent ? `${path} ${meant} …` : `heddle ${meant}`;
  return new CliError(message, hint, exitCodes.usage, { cause: error });
}
