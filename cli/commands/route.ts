import { Option } from 'commander';
import type { ApiClient } from '../../control-plane/api/client.ts';
import type { HttpRoute } from '../../control-plane/model/http-route.ts';
import type { ApiOptions, NamespaceOptions, OutputOptions } from '../api-options.ts';
import { withApiOptions, withNamespaceOption, withOutputOption } from '../api-options.ts';
import { CliError, exitCodes } from '../cli-error.ts';
import { withClient } from '../connect.ts';
import { HeddleCommand } from '../heddle-command.ts';
import type { HeaderValue } from '../option-values.ts';
import { headerValues, nameValue, portValue } from '../option-values.ts';
import { printListing } from '../terminal/print.ts';
import { tellChange } from '../traffic/tell-change.ts';

interface RouteOptions extends ApiOptions, NamespaceOptions, OutputOptions {
  readonly port?: number;
  readonly header?: readonly HeaderValue[];
  readonly clear?: true;
}

/** A service that no document declares has this port. */
const IMPLICIT_PORT = 80;

export function routeCommand(): HeddleCommand {
  const command = new HeddleCommand('route')
    .description('Split the requests to a service among its versions; without shares, say how they are split.')
    .argument('<service>', 'whose requests', nameValue)
    .argument('[shares...]', 'v1=90 v2=10: weights of versions; others take none')
    .addOption(new Option('--header <name=value>', 'only requests with it; may be repeated').argParser(headerValues))
    .addOption(new Option('--port <number>', 'of the service, where it has several').argParser(portValue))
    .option('--clear', 'no split: every instance takes its part; with --header, no rule of its own')
    .addHelpText(
      'after',
      `\nExamples:
  heddle route cart v1=90 v2=10
  heddle route cart v2=1 --header x-user=jason     jason alone gets v2
  heddle route cart                                how it is split now
  heddle route cart --clear`,
    );
  return withApiOptions(withNamespaceOption(withOutputOption(command))).action(
    async (service: string, words: readonly string[], options: RouteOptions) => {
      if (options.clear && words.length > 0) {
        throw new CliError('--clear takes no shares', `heddle route ${service} --clear`, exitCodes.usage);
      }
      if (options.clear) await clear(service, options);
      else if (words.length === 0) await show(service, options);
      else await split(service, words, options);
    },
  );
}

async function split(service: string, words: readonly string[], options: RouteOptions): Promise<void> {
  const { changeInWords, headersInWords, readShares, ruleFor, splitDocument, splitRulesOf, withRule } = await import(
    '../traffic/split-document.ts'
  );
  const { applyOne, findOne } = await import('../traffic/apply-one.ts');
  const { namespaceFlag, requirePort, requireVersions, serviceToChange } = await import('../traffic/known-service.ts');
  const shares = readShares(words);
  const { namespace, header: headers = [] } = options;
  const commandFor = (other: string, its: string) => `heddle route ${other} ${words.join(' ')}${namespaceFlag(its)}`;
  await withClient(options, async (client) => {
    const described = await serviceToChange(client, service, namespace, commandFor);
    if (options.port !== undefined) requirePort(described, options.port);
    await requireVersions(client, described, shares);
    const route = await findOne(client, 'HTTPRoute', namespace, service);
    const rules = route === null ? [] : splitRulesOf(route, service);
    const port = options.port ?? portIn(route) ?? (await portOf(client, namespace, service));
    const document = splitDocument(service, namespace, port, withRule(rules, { headers, shares }), route);
    const outcome = await applyOne(client, document, route, (line) => console.error(line));
    const what = [headersInWords(headers), changeInWords(ruleFor(rules, headers)?.shares ?? null, shares)];
    await tellChange(`${service}   ${what.filter(Boolean).join(': ')}`, outcome, document);
  });
}

async function clear(service: string, options: RouteOptions): Promise<void> {
  const { headersInWords, ruleFor, splitDocument, splitRulesOf, withoutRule } = await import(
    '../traffic/split-document.ts'
  );
  const { applyOne, deleteOne, findOne } = await import('../traffic/apply-one.ts');
  const { namespace, header: headers = [] } = options;
  const say = (line: string) => console.error(line);
  await withClient(options, async (client) => {
    const route = await findOne(client, 'HTTPRoute', namespace, service);
    const rules = route === null ? [] : splitRulesOf(route, service);
    if (route === null || ruleFor(rules, headers) === null) {
      const whose = headers.length === 0 ? '' : ` for ${headersInWords(headers)}`;
      throw new CliError(`there is no split of ${service}${whose}`, `heddle route ${service}`, exitCodes.nothingFound);
    }
    const left = headers.length === 0 ? [] : withoutRule(rules, headers);
    if (left.length === 0) {
      await tellChange(`${service}   no split any more`, await deleteOne(client, route, say), null);
      return;
    }
    const port = portIn(route) ?? IMPLICIT_PORT;
    const document = splitDocument(service, namespace, port, left, route);
    const outcome = await applyOne(client, document, route, say);
    await tellChange(`${service}   no split of ${headersInWords(headers)} any more`, outcome, document);
  });
}

async function show(service: string, options: RouteOptions): Promise<void> {
  const { changeInWords, headersInWords, isSplit, splitRulesOf } = await import('../traffic/split-document.ts');
  const { knownService, namespaceFlag } = await import('../traffic/known-service.ts');
  const { findOne } = await import('../traffic/apply-one.ts');
  await withClient(options, async (client) => {
    const { namespace } = options;
    const commandFor = (other: string, its: string) => `heddle route ${other}${namespaceFlag(its)}`;
    const route = await findOne(client, 'HTTPRoute', namespace, service);
    if (route === null) await knownService(client, service, { namespace }, commandFor);
    else if (!isSplit(route, service)) {
      const more = `HTTPRoute ${service} says more than a split`;
      throw new CliError(more, `heddle describe ${service}${namespaceFlag(namespace)}`);
    }
    const rules = route === null ? [] : splitRulesOf(route, service);
    const missing = route === null ? new Set<string>() : await missingVersions(client, namespace, service);
    const listing = {
      name: () => `httproute/${service}`,
      empty: {
        message: `there is no split of ${service}: every instance takes its part`,
        hint: `heddle route ${service} v1=90 v2=10`,
      },
      columns: [
        {
          header: 'REQUESTS',
          cell: ({ headers }: (typeof rules)[number]) =>
            headersInWords(headers) || (rules.length > 1 ? 'others' : 'all'),
        },
        {
          header: 'GO TO',
          cell: ({ shares }: (typeof rules)[number]) => changeInWords(null, shares, missing),
          tone: ({ shares }: (typeof rules)[number]) =>
            [...missing].some((version) => (shares.get(version) ?? 0) > 0) ? ('bad' as const) : null,
        },
      ],
    };
    const { output } = options;
    if (route !== null && (output === 'json' || output === 'yaml'))
      await printListing(listing, [route] as never, output);
    else await printListing(listing, rules, output);
  });
}

/** Those of the split that do not exist, so that their requests are answered with an error. */
async function missingVersions(client: ApiClient, namespace: string, service: string): Promise<ReadonlySet<string>> {
  const { describedOrNull } = await import('../traffic/known-service.ts');
  const described = await describedOrNull(client, namespace, service);
  const backends = (described?.ports ?? [])
    .flatMap(({ routes }) => routes)
    .filter(({ document }) => document === `HTTPRoute/${namespace}/${service}`)
    .flatMap((route) => route.backends)
    .filter(({ missing }) => missing !== null);
  return new Set(backends.map(({ name }) => (name === service ? '' : name.slice(service.length + 1))));
}

/** The port that the route sends to already. */
function portIn(route: HttpRoute | null): number | null {
  return route?.spec.rules[0]?.backendRefs[0]?.port ?? null;
}

async function portOf(client: ApiClient, namespace: string, service: string): Promise<number> {
  const { findOne } = await import('../traffic/apply-one.ts');
  const document = await findOne(client, 'Service', namespace, service);
  const ports = document?.spec.ports.map(({ port }) => port) ?? [IMPLICIT_PORT];
  const [only, ...others] = ports;
  if (only !== undefined && others.length === 0) return only;
  throw new CliError(
    `${service} has the ports ${ports.join(', ') || 'none'}`,
    `heddle route ${service} … --port ${only ?? IMPLICIT_PORT}`,
    exitCodes.usage,
  );
}
