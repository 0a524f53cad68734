import type { Option } from 'commander';
import { Command } from 'commander';

/**
 * A command whose flags can all be given as `HEDDLE_<FLAG>` in the environment: `HEDDLE_UPSTREAM=cart=9001,db=9002` is
 * `--upstream cart=9001 --upstream db=9002`. A flag on the command line wins. Hidden flags are not mirrored.
 */
export class HeddleCommand extends Command {
  override createCommand(name?: string): HeddleCommand {
    return new HeddleCommand(name);
  }

  override addOption(option: Option): this {
    if (option.long && !option.hidden) {
      const variable = variableFor(option.long);
      if (says(option, process.env[variable])) option.env(variable);
    }
    return super.addOption(option);
  }
}

/**
 * Whether the variable's value, or its absence, may stand for the flag. Not for a flag without a value when it says
 * "no", because commander would take its mere presence for "yes"; and not `tcp://…`, which Kubernetes writes into
 * HEDDLE_PORT and others of every pod in a namespace that has a Service called `heddle`.
 */
function says(option: Option, value: string | undefined): boolean {
  if (value === undefined) return true;
  const takesValue = option.required || option.optional;
  return takesValue ? !/^(tcp|udp|sctp):/.test(value) : !/^(0|false|no|off|)$/i.test(value);
}

function variableFor(flag: string): string {
  return `HEDDLE_${flag
    .replace(/^--(no-)?/, '')
    .replaceAll('-', '_')
    .toUpperCase()}`;
}
