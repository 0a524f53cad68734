import type { ApiOptions, NamespaceOptions } from '../api-options.ts';
import { withApiOptions, withNamespaceOption } from '../api-options.ts';
import { CliError, exitCodes } from '../cli-error.ts';
import { withClient } from '../connect.ts';
import { documentArgument } from '../document-argument.ts';
import { HeddleCommand } from '../heddle-command.ts';

export function deleteCommand(): HeddleCommand {
  const command = new HeddleCommand('delete')
    .description('Take a document away; what it said no longer holds.')
    .argument('<kind>', 'httproute, service, workload, backendtrafficpolicy, faultinjection …; also <kind>/<name>')
    .argument('[name]', 'which one')
    .addHelpText('after', '\nExamples:\n  heddle delete httproute cart\n  heddle delete httproute/cart -n shop');
  return withApiOptions(withNamespaceOption(command)).action(
    async (first: string, second: string | undefined, options: ApiOptions & NamespaceOptions) => {
      const { kind, name } = await documentArgument(second === undefined ? [first] : [first, second]);
      if (name === null) throw new CliError('a name is missing', `heddle get ${kind.plural}`, exitCodes.usage);
      const { resourceVersion } = await withClient(options, (client) =>
        client.delete(kind, kind.namespaced ? options.namespace : null, name),
      );
      process.stdout.write(`${kind.kind.toLowerCase()}/${name} deleted\n`);
      console.error(`  undo: heddle undo ${resourceVersion}`);
    },
  );
}
