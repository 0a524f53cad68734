import { InvalidArgumentError, Option } from 'commander';
import type { ApiClient } from '../../control-plane/api/client.ts';
import type { ApiOptions, NamespaceOptions } from '../api-options.ts';
import { withApiOptions, withNamespaceOption } from '../api-options.ts';
import { CliError, exitCodes } from '../cli-error.ts';
import { withClient } from '../connect.ts';
import { HeddleCommand } from '../heddle-command.ts';
import { nameValue } from '../option-values.ts';
import type { LimitedBy, LimitRequest, Rate, RateRequest } from '../traffic/limit-document.ts';
import { readLimitedBy, readRate } from '../traffic/limit-document.ts';
import { tellChange } from '../traffic/tell-change.ts';

interface LimitOptions extends ApiOptions, NamespaceOptions {
  readonly connections?: number;
  readonly requests?: number;
  readonly pending?: number;
  readonly ejectAfter?: number;
  readonly rate?: Rate;
  readonly rps?: number;
  readonly by?: LimitedBy;
  readonly global?: true;
  readonly clear?: true;
}

export function limitCommand(): HeddleCommand {
  const count = (flags: string, description: string) => new Option(flags, description).argParser(countValue);
  const command = new HeddleCommand('limit')
    .description('How much a service takes, and when an instance of it is left out.')
    .argument('<service>', 'whose limits', nameValue)
    .addOption(count('--connections <number>', 'from each caller at a time'))
    .addOption(count('--requests <number>', 'from each caller at a time'))
    .addOption(count('--pending <number>', 'that wait for a connection'))
    .addOption(count('--eject-after <number>', '5xx answers in a row; 0 never'))
    .addOption(new Option('--rate <rate>', '100/s, 5/m, 20/h or 1000/d').argParser(rateValue))
    .addOption(count('--rps <number>', 'the same as --rate <number>/s').conflicts('rate'))
    .addOption(
      new Option('--by <what>', 'of the rate: identity, for each caller; header=<name>, for each value').argParser(
        limitedByValue,
      ),
    )
    .option('--global', 'of the rate: one count for all instances, not one in each')
    .option('--clear', 'the limits of the mesh again')
    .addHelpText(
      'after',
      `\nExamples:
  heddle limit recommend --connections 20 --eject-after 5
  heddle limit cart --rps 100                        for each instance
  heddle limit cart --rate 1000/m --by identity      for each caller
  heddle limit cart --rps 100 --by header=x-user --global
  heddle limit cart --clear`,
    );
  return withApiOptions(withNamespaceOption(command)).action(async (service: string, options: LimitOptions) => {
    const request = requestOf(service, options);
    if (options.clear) await clear(service, options);
    else await limit(service, request, options);
  });
}

function requestOf(service: string, options: LimitOptions): LimitRequest {
  const { connections = null, requests = null, pending = null, ejectAfter = null, by, global, clear } = options;
  for (const flag of ['connections', 'requests', 'rps'] as const) {
    if (options[flag] !== 0) continue;
    throw new CliError(`--${flag} is 1 at least`, `heddle limit ${service} --${flag} 1`, exitCodes.usage);
  }
  const rate = rateOf(options);
  if (rate === null && (by !== undefined || global)) {
    const flag = global ? '--global' : '--by';
    throw new CliError(`${flag} is about a rate`, `heddle limit ${service} --rps 100 ${flag} …`, exitCodes.usage);
  }
  const request = { connections, requests, pending, ejectAfter, rate };
  if (clear && Object.values(request).some((limit) => limit !== null)) {
    throw new CliError('--clear takes no limits', `heddle limit ${service} --clear`, exitCodes.usage);
  }
  return request;
}

function rateOf({ rate, rps, by, global }: LimitOptions): RateRequest | null {
  const said = rate ?? (rps === undefined ? null : ({ requests: rps, unit: 'Second' } as const));
  return said === null ? null : { ...said, by: by ?? null, global: global ?? false };
}

async function limit(service: string, request: LimitRequest, options: LimitOptions): Promise<void> {
  const { limitDocument, limitsInWords } = await import('../traffic/limit-document.ts');
  const { applyOne, findOne } = await import('../traffic/apply-one.ts');
  const { namespaceFlag, serviceToChange } = await import('../traffic/known-service.ts');
  const { namespace } = options;
  await withClient(options, async (client) => {
    const before = await findOne(client, 'BackendTrafficPolicy', namespace, service);
    const document = limitDocument(service, namespace, request, before);
    await serviceToChange(client, service, namespace, (other, its) => `heddle limit ${other} …${namespaceFlag(its)}`);
    if (request.rate?.global) await requireCounter(client, service);
    const outcome = await applyOne(client, document, before, (line) => console.error(line));
    await tellChange(`${service}: ${limitsInWords(request)}`, outcome, document);
  });
}

/** @throws CliError where nobody would count, so that the limit would be none */
async function requireCounter(client: ApiClient, service: string): Promise<void> {
  const { findOne } = await import('../traffic/apply-one.ts');
  const mesh = await findOne(client, 'Mesh', null, 'default');
  if (mesh?.spec.rateLimit !== undefined) return;
  throw new CliError(
    'nobody counts for all instances: the Mesh names no rate limit service',
    `heddle rate-limit-server --help, then Mesh spec.rateLimit.backendRef; or heddle limit ${service} without --global`,
  );
}

async function clear(service: string, options: LimitOptions): Promise<void> {
  const { withoutLimits } = await import('../traffic/limit-document.ts');
  const { applyOne, deleteOne, findOne } = await import('../traffic/apply-one.ts');
  const { namespace } = options;
  const say = (line: string) => console.error(line);
  await withClient(options, async (client) => {
    const before = await findOne(client, 'BackendTrafficPolicy', namespace, service);
    if (before === null) {
      const hint = `heddle describe ${service}${namespace === 'default' ? '' : ` -n ${namespace}`}`;
      throw new CliError(`no BackendTrafficPolicy is called ${service}`, hint, exitCodes.nothingFound);
    }
    const document = withoutLimits(service, namespace, before);
    const outcome =
      document === null ? await deleteOne(client, before, say) : await applyOne(client, document, before, say);
    await tellChange(`${service} has the limits of the mesh again`, outcome, document);
  });
}

function countValue(text: string): number {
  if (!/^\d{1,9}$/.test(text)) throw new InvalidArgumentError('A whole number is expected.');
  return Number(text);
}

function rateValue(text: string): Rate {
  const rate = readRate(text);
  if (rate === null) throw new InvalidArgumentError('A rate is written 100/s, 5/m, 20/h or 1000/d.');
  return rate;
}

function limitedByValue(text: string): LimitedBy {
  const by = readLimitedBy(text);
  if (by === null) throw new InvalidArgumentError('Write identity, or header=<name> such as header=x-user.');
  return by;
}
