import { Option } from 'commander';
import type { ApiClient } from '../../control-plane/api/client.ts';
import type { HttpRoute } from '../../control-plane/model/http-route.ts';
import type { Service } from '../../control-plane/model/service.ts';
import type { ApiOptions, NamespaceOptions } from '../api-options.ts';
import { withApiOptions, withNamespaceOption } from '../api-options.ts';
import { CliError, exitCodes } from '../cli-error.ts';
import { withClient } from '../connect.ts';
import { HeddleCommand } from '../heddle-command.ts';
import { nameValue, portValue } from '../option-values.ts';
import { serialize } from '../terminal/print.ts';
import { styleFor } from '../terminal/style.ts';

interface RouteOptions extends ApiOptions, NamespaceOptions {
  readonly port?: number;
  readonly clear?: true;
}

/** A service that no document declares has this port. */
const IMPLICIT_PORT = 80;

export function routeCommand(): HeddleCommand {
  const command = new HeddleCommand('route')
    .description('Split the requests to a service among its versions.')
    .argument('<service>', 'whose requests', nameValue)
    .argument('[shares...]', 'v1=90 v2=10: weights of versions; others take none')
    .addOption(new Option('--port <number>', 'of the service, where it has several').argParser(portValue))
    .option('--clear', 'no split: every instance takes its part')
    .addHelpText('after', '\nExamples:\n  heddle route cart v1=90 v2=10\n  heddle route cart --clear');
  return withApiOptions(withNamespaceOption(command)).action(
    async (service: string, words: readonly string[], options: RouteOptions) => {
      if (options.clear) await clear(service, options);
      else await split(service, words, options);
    },
  );
}

async function split(service: string, words: readonly string[], options: RouteOptions): Promise<void> {
  const { changeInWords, readShares, sharesInWords, sharesOf, splitDocument } = await import(
    '../traffic/split-document.ts'
  );
  const { applyOne, findOne } = await import('../traffic/apply-one.ts');
  const shares = readShares(words);
  const { namespace } = options;
  await withClient(options, async (client) => {
    const route = await findOne<HttpRoute>(client, 'HTTPRoute', namespace, service);
    const before = route === null ? null : sharesOf(route, service);
    const port = options.port ?? (await portOf(client, namespace, service));
    const document = splitDocument(service, namespace, port, shares);
    const receipt = await applyOne(client, document, (line) => console.error(line));
    process.stdout.write(await serialize(document, 'yaml'));
    console.error(`${styleFor(process.stderr).good} ${service}   ${changeInWords(before, shares)} · ${receipt}`);
    const undo = before === null ? '--clear' : sharesInWords(before);
    console.error(`  undo: heddle route ${service} ${undo}${namespace === 'default' ? '' : ` -n ${namespace}`}`);
  });
}

async function clear(service: string, options: RouteOptions): Promise<void> {
  const { sharesInWords, sharesOf } = await import('../traffic/split-document.ts');
  const { deleteOne, findOne } = await import('../traffic/apply-one.ts');
  const { namespace } = options;
  await withClient(options, async (client) => {
    const route = await findOne<HttpRoute>(client, 'HTTPRoute', namespace, service);
    if (route === null) {
      throw new CliError(
        `there is no split of ${service}`,
        `heddle route ${service} v1=90 v2=10`,
        exitCodes.nothingFound,
      );
    }
    const before = sharesOf(route, service);
    const receipt = await deleteOne(client, 'HTTPRoute', namespace, service);
    console.error(`${styleFor(process.stderr).good} ${service}   no split any more · ${receipt}`);
    console.error(`  undo: heddle route ${service} ${sharesInWords(before)}`);
  });
}

async function portOf(client: ApiClient, namespace: string, service: string): Promise<number> {
  const { findOne } = await import('../traffic/apply-one.ts');
  const document = await findOne<Service>(client, 'Service', namespace, service);
  const ports = document?.spec.ports.map(({ port }) => port) ?? [IMPLICIT_PORT];
  const [only, ...others] = ports;
  if (only !== undefined && others.length === 0) return only;
  throw new CliError(
    `${service} has the ports ${ports.join(', ') || 'none'}`,
    `heddle route ${service} … --port ${only ?? IMPLICIT_PORT}`,
    exitCodes.usage,
  );
}
