import { Option } from 'commander';
import type { HeddleCommand } from './heddle-command.ts';
import { nameValue, windowValue } from './option-values.ts';
import type { OutputFormat } from './terminal/print.ts';
import { outputFormats } from './terminal/print.ts';

/** Flags of every command that talks to a control plane. */
export interface ApiOptions {
  readonly context?: string;
  readonly api?: string;
}

export function withApiOptions(command: HeddleCommand): HeddleCommand {
  command
    .addOption(
      new Option('--context <name>', 'a context of the CLI’s file, not its current one').helpGroup('Control plane:'),
    )
    .addOption(
      new Option('--api <url>', 'an API, not the context’s; HEDDLE_TOKEN is its token').helpGroup('Control plane:'),
    );
  return command;
}

export interface OutputOptions {
  readonly output: OutputFormat;
}

export function withOutputOption(command: HeddleCommand): HeddleCommand {
  const option = new Option('-o, --output <form>', 'how to print').choices(outputFormats).default('table');
  return command.addOption(option);
}

export interface NamespaceOptions {
  readonly namespace: string;
}

export function withNamespaceOption(command: HeddleCommand): HeddleCommand {
  return command.option('-n, --namespace <name>', 'namespace', nameValue, 'default');
}

/** Seconds. */
export function windowOption(): Option {
  return new Option('--window <duration>', 'over how much of the past; an hour is kept')
    .argParser(windowValue)
    .default(60, '60s');
}
