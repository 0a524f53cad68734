import { CliError, exitCodes } from '../cli-error.ts';
import { HeddleCommand } from '../heddle-command.ts';

export function schemaCommand(): HeddleCommand {
  return new HeddleCommand('schema')
    .description('What documents may say, as JSON Schema, for editors that complete and check YAML.')
    .argument('[kind]', 'one kind; all of them when left out')
    .addHelpText(
      'after',
      `\nExamples:
  heddle schema > heddle.schema.json
  heddle schema backendtrafficpolicy

An editor with a YAML language server takes it from the first line of a file:
  # yaml-language-server: $schema=heddle.schema.json`,
    )
    .action(async (word: string | undefined) => {
      const [{ jsonSchemaOf, jsonSchemaOfAll }, { documentArgument }] = await Promise.all([
        import('../../control-plane/model/json-schema.ts'),
        import('../document-argument.ts'),
      ]);
      if (word?.includes('/')) throw new CliError(`${word} is no kind`, 'heddle schema httproute', exitCodes.usage);
      const schema =
        word === undefined ? jsonSchemaOfAll() : jsonSchemaOf((await documentArgument([word], 'schema')).kind);
      process.stdout.write(`${JSON.stringify(schema, null, 2)}\n`);
    });
}
