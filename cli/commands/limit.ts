import { InvalidArgumentError, Option } from 'commander';
import type { BackendTrafficPolicy } from '../../control-plane/model/backend-traffic-policy.ts';
import type { ApiOptions, NamespaceOptions } from '../api-options.ts';
import { withApiOptions, withNamespaceOption } from '../api-options.ts';
import { withClient } from '../connect.ts';
import { HeddleCommand } from '../heddle-command.ts';
import { nameValue } from '../option-values.ts';
import { serialize } from '../terminal/print.ts';
import { styleFor } from '../terminal/style.ts';
import type { LimitRequest } from '../traffic/limit-document.ts';
import { readRate } from '../traffic/limit-document.ts';

interface LimitOptions extends ApiOptions, NamespaceOptions {
  readonly connections?: number;
  readonly requests?: number;
  readonly pending?: number;
  readonly ejectAfter?: number;
  readonly rate?: LimitRequest['rate'];
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
    .addOption(new Option('--rate <rate>', '100/s, 5/m: for each instance').argParser(rateValue))
    .option('--clear', 'the limits of the mesh again')
    .addHelpText(
      'after',
      '\nExamples:\n  heddle limit recommend --connections 20 --eject-after 5\n  heddle limit cart --rate 100/s\n  heddle limit cart --clear',
    );
  return withApiOptions(withNamespaceOption(command)).action(async (service: string, options: LimitOptions) => {
    if (options.clear) await clear(service, options);
    else await limit(service, options);
  });
}

async function limit(service: string, options: LimitOptions): Promise<void> {
  const { limitDocument, limitsInWords } = await import('../traffic/limit-document.ts');
  const { applyOne, findOne } = await import('../traffic/apply-one.ts');
  const { connections = null, requests = null, pending = null, ejectAfter = null, rate = null, namespace } = options;
  const request: LimitRequest = { connections, requests, pending, ejectAfter, rate };
  await withClient(options, async (client) => {
    const before = await findOne<BackendTrafficPolicy>(client, 'BackendTrafficPolicy', namespace, service);
    const document = limitDocument(service, namespace, request, before);
    const receipt = await applyOne(client, document, (line) => console.error(line));
    process.stdout.write(await serialize(document, 'yaml'));
    console.error(`${styleFor(process.stderr).good} ${service}: ${limitsInWords(request)} · ${receipt}`);
    const undo = before === null ? `heddle limit ${service} --clear` : 'heddle apply -f with what it said before';
    console.error(`  undo: ${undo}${before === null && namespace !== 'default' ? ` -n ${namespace}` : ''}`);
  });
}

async function clear(service: string, options: LimitOptions): Promise<void> {
  const { deleteOne } = await import('../traffic/apply-one.ts');
  const receipt = await withClient(options, (client) =>
    deleteOne(client, 'BackendTrafficPolicy', options.namespace, service),
  );
  console.error(`${styleFor(process.stderr).good} ${service} has the limits of the mesh again · ${receipt}`);
}

function countValue(text: string): number {
  if (!/^\d{1,9}$/.test(text)) throw new InvalidArgumentError('A whole number from 0 to 999999999.');
  return Number(text);
}

function rateValue(text: string): NonNullable<LimitRequest['rate']> {
  const rate = readRate(text);
  if (rate === null) throw new InvalidArgumentError('A rate is written 100/s, 5/m, 20/h or 1000/d.');
  return rate;
}
