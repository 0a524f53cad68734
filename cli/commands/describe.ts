import type { Kind } from '../../control-plane/model/kinds.ts';
import type { ApiOptions, NamespaceOptions, OutputOptions } from '../api-options.ts';
import { withApiOptions, withNamespaceOption, withOutputOption } from '../api-options.ts';
import { CliError, exitCodes } from '../cli-error.ts';
import { withClient } from '../connect.ts';
import { documentArgument } from '../document-argument.ts';
import { HeddleCommand } from '../heddle-command.ts';
import { nameValue } from '../option-values.ts';
import { serialize } from '../terminal/print.ts';
import { printableData } from '../terminal/printable-data.ts';
import { styleFor } from '../terminal/style.ts';

interface DescribeOptions extends ApiOptions, NamespaceOptions, OutputOptions {
  readonly from?: string;
}

export function describeCommand(): HeddleCommand {
  const command = new HeddleCommand('describe')
    .description('All that decides about calls to a service: instances, routes, policy, faults, and who says so.')
    .argument('<what>', 'a service, or <kind>/<name> of a document')
    .argument('[name]', 'of a document whose kind is given')
    .option('--from <namespace>', 'of the caller, whose own routes may hold; else that of the service', nameValue)
    .addHelpText(
      'after',
      `\nExamples:
  heddle describe cart
  heddle describe cart -n shop --from web       as callers in namespace web have it
  heddle describe httproute/cart                a document, and what became of it
  heddle describe cart -o json`,
    );
  return withApiOptions(withNamespaceOption(withOutputOption(command))).action(
    async (first: string, second: string | undefined, options: DescribeOptions) => {
      const isService = second === undefined && !first.includes('/');
      if (isService) return describeService(first, options);
      const { kind, name } = await documentArgument(second === undefined ? [first] : [first, second]);
      if (name === null) throw new CliError('a name is missing', `heddle get ${kind.plural}`, exitCodes.usage);
      return kind.kind === 'Service' ? describeService(name, options) : describeDocument(kind, name, options);
    },
  );
}

async function describeService(name: string, options: DescribeOptions): Promise<void> {
  const { output } = options;
  const { knownService, namespaceFlag } = await import('../traffic/known-service.ts');
  const commandFor = (other: string, namespace: string) => `heddle describe ${other}${namespaceFlag(namespace)}`;
  const service = await withClient(options, (client) => knownService(client, name, options, commandFor));
  if (output === 'json' || output === 'yaml') process.stdout.write(await serialize(service, output));
  else if (output === 'name') process.stdout.write(`service/${service.name}\n`);
  else {
    const { serviceInWords } = await import('../describe/describe-service.ts');
    process.stdout.write(
      serviceInWords(printableData(service), styleFor(process.stdout), Date.now(), output === 'wide'),
    );
  }
}

async function describeDocument(kind: Kind, name: string, options: DescribeOptions): Promise<void> {
  const { output } = options;
  const namespace = kind.namespaced ? options.namespace : null;
  const document = await withClient(options, (client) => client.get(kind, namespace, name));
  if (output === 'json' || output === 'yaml') process.stdout.write(await serialize(document, output));
  else if (output === 'name') process.stdout.write(`${kind.kind.toLowerCase()}/${name}\n`);
  else {
    const { documentInWords } = await import('../describe/describe-document.ts');
    process.stdout.write(await documentInWords(document, styleFor(process.stdout)));
  }
}
