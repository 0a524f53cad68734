import { Option } from 'commander';
import type { FaultInjection } from '../../control-plane/model/fault-injection.ts';
import type { ApiOptions, NamespaceOptions, OutputOptions } from '../api-options.ts';
import { withApiOptions, withNamespaceOption, withOutputOption } from '../api-options.ts';
import { CliError, exitCodes } from '../cli-error.ts';
import { withClient } from '../connect.ts';
import { HeddleCommand } from '../heddle-command.ts';
import type { HeaderValue } from '../option-values.ts';
import {
  durationValue,
  grpcStatusValue,
  headerValues,
  nameValue,
  percentValue,
  statusValue,
  throughputValue,
} from '../option-values.ts';
import type { Listing } from '../terminal/print.ts';
import { printListing } from '../terminal/print.ts';
import { timeLeft } from '../terminal/units.ts';
import type { FaultRequest } from '../traffic/fault-document.ts';
import { tellChange } from '../traffic/tell-change.ts';

interface FaultOptions extends ApiOptions, NamespaceOptions, OutputOptions {
  readonly abort?: number;
  readonly grpcStatus?: number;
  readonly delay?: number;
  readonly throughput?: number;
  readonly percent: number;
  readonly header?: readonly HeaderValue[];
  readonly for: number;
  readonly clear?: true;
}

export function faultCommand(): HeddleCommand {
  const command = new HeddleCommand('fault')
    .description(
      'Delay, abort or slow down a share of the requests to a service, for a while; without a service, say where.',
    )
    .argument('[service]', 'whose requests', nameValue)
    .addOption(new Option('--abort <status>', 'answer with this HTTP status').argParser(statusValue))
    .addOption(new Option('--grpc-status <status>', 'answer with this gRPC status').argParser(grpcStatusValue))
    .addOption(new Option('--delay <duration>', 'hold up for so long, then go on').argParser(durationValue))
    .addOption(new Option('--throughput <rate>', 'pass answers on at 10KiB a second').argParser(throughputValue))
    .addOption(new Option('--percent <share>', 'of the requests').argParser(percentValue).default(100, '100'))
    .addOption(new Option('--header <name=value>', 'only requests with it; may be repeated').argParser(headerValues))
    .addOption(new Option('--for <duration>', 'then it ends by itself').argParser(durationValue).default(300_000, '5m'))
    .option('--clear', 'end it now')
    .addHelpText(
      'after',
      `\nExamples:
  heddle fault recommend --abort 503 --percent 30 --for 2m
  heddle fault cart --delay 2s --header x-user=jason     jason alone has to wait
  heddle fault cart --throughput 10KiB                   answers take their time
  heddle fault cart --clear
  heddle fault                       which faults there are
  heddle fault cart                  those of cart`,
    );
  return withApiOptions(withNamespaceOption(withOutputOption(command))).action(
    async (service: string | undefined, options: FaultOptions) => {
      if (service === undefined) await list(options);
      else if (options.clear) await clear(service, options);
      else if (saysNothing(options)) await show(service, options);
      else await inject(service, options);
    },
  );
}

/** A service alone asks what there is, as `heddle route cart` does. */
function saysNothing({ abort, grpcStatus, delay, throughput, header, percent, for: forMs }: FaultOptions): boolean {
  const isPlain = percent === 100 && forMs === 300_000;
  return isPlain && [abort, grpcStatus, delay, throughput, header].every((option) => option === undefined);
}

async function show(service: string, options: FaultOptions): Promise<void> {
  const { kinds } = await import('../../control-plane/model/kinds.ts');
  const { knownService, namespaceFlag } = await import('../traffic/known-service.ts');
  const { namespace, output } = options;
  const commandFor = (other: string, its: string) => `heddle fault ${other}${namespaceFlag(its)}`;
  const faults = await withClient(options, async (client) => {
    await knownService(client, service, { namespace }, commandFor);
    return (await client.list(kinds.FaultInjection, namespace)).items as FaultInjection[];
  });
  const empty = {
    message: `there is no fault on ${service}`,
    hint: `heddle fault ${service} --abort 503 --percent 30 --for 2m`,
  };
  const own = faults.filter(({ spec }) => spec.targetRefs.some(({ name }) => name === service));
  await printListing({ ...faultListing(Date.now()), empty }, own, output);
}

async function inject(service: string, options: FaultOptions): Promise<void> {
  const { faultDocument, faultInWords, refuseOtherTargets } = await import('../traffic/fault-document.ts');
  const { applyOne, findOne } = await import('../traffic/apply-one.ts');
  const { abort = null, grpcStatus = null, delay: delayMs = null, throughput: throughputKib = null } = options;
  const { namespace, percent, header: headers = [], for: forMs } = options;
  if (forMs === 0) throw new CliError('--for 0 is over at once', `heddle fault ${service} … --for 2m`, exitCodes.usage);
  const faults = { abort, grpcStatus, delayMs, throughputKib };
  const request: FaultRequest = { service, namespace, ...faults, percent, headers, forMs };
  const nowMs = Date.now();
  const document = faultDocument(request, nowMs);
  const { namespaceFlag, serviceToChange } = await import('../traffic/known-service.ts');
  const outcome = await withClient(options, async (client) => {
    await serviceToChange(client, service, namespace, (other, its) => `heddle fault ${other} …${namespaceFlag(its)}`);
    const before = await findOne(client, 'FaultInjection', namespace, service);
    refuseOtherTargets(service, before);
    return applyOne(client, document, before, (line) => console.error(line));
  });
  // rounded up, as the document has it
  const until = new Date(Math.ceil((nowMs + forMs) / 1000) * 1000).toTimeString().slice(0, 8);
  await tellChange(`${faultInWords(request)} until ${until} (clears itself)`, outcome, document);
}

async function clear(service: string, options: FaultOptions): Promise<void> {
  const { refuseOtherTargets } = await import('../traffic/fault-document.ts');
  const { deleteOne, findOne } = await import('../traffic/apply-one.ts');
  const { abort, grpcStatus, delay, throughput, header, namespace } = options;
  if ([abort, grpcStatus, delay, throughput, header].some((option) => option !== undefined)) {
    throw new CliError('--clear ends a fault and makes none', `heddle fault ${service} --clear`, exitCodes.usage);
  }
  await withClient(options, async (client) => {
    const before = await findOne(client, 'FaultInjection', namespace, service);
    if (before === null) {
      throw new CliError(`there is no fault called ${service}`, 'heddle fault', exitCodes.nothingFound);
    }
    refuseOtherTargets(service, before);
    const outcome = await deleteOne(client, before, (line) => console.error(line));
    await tellChange(`no fault on ${service} any more`, outcome, null);
  });
}

async function list(options: FaultOptions): Promise<void> {
  const { kinds } = await import('../../control-plane/model/kinds.ts');
  const { items } = await withClient(options, (client) => client.list(kinds.FaultInjection, options.namespace));
  await printListing(faultListing(Date.now()), items as FaultInjection[], options.output);
}

/** Those whose time is over are shown as that: they have no effect and can be deleted. */
export function faultListing(nowMs: number): Listing<FaultInjection> {
  const leftMs = ({ spec }: FaultInjection) => Date.parse(spec.until) - nowMs;
  return {
    name: ({ metadata }) => `faultinjection/${metadata.name}`,
    empty: { message: 'there are no faults', hint: 'heddle fault --help' },
    columns: [
      { header: 'NAME', cell: ({ metadata }) => metadata.name },
      { header: 'SERVICE', cell: ({ spec }) => spec.targetRefs.map(({ name }) => name).join(',') },
      {
        header: 'DELAY',
        cell: ({ spec: { delay } }) => (delay ? `${delay.fixedDelay ?? 'as asked'} ${shareOf(delay)}` : '-'),
      },
      { header: 'ABORT', cell: ({ spec: { abort } }) => (abort ? `${answerOf(abort)} ${shareOf(abort)}` : '-') },
      {
        header: 'THROUGHPUT',
        cell: ({ spec: { responseRateLimit: limit } }) => (limit ? `${rateOf(limit)} ${shareOf(limit)}` : '-'),
      },
      {
        header: 'LEFT',
        align: 'right',
        cell: (fault) => (leftMs(fault) <= 0 ? 'over' : timeLeft(leftMs(fault))),
        tone: (fault) => (leftMs(fault) <= 0 ? 'dim' : 'warning'),
      },
    ],
  };
}

function shareOf({ percentage }: { readonly percentage: number }): string {
  return `${percentage}%`;
}

function rateOf({ fixedLimit }: NonNullable<FaultInjection['spec']['responseRateLimit']>): string {
  return fixedLimit === undefined ? 'as asked' : `${fixedLimit.value}/${fixedLimit.unit[0]?.toLowerCase()}`;
}

function answerOf({ httpStatus, grpcStatus }: NonNullable<FaultInjection['spec']['abort']>): string {
  if (httpStatus !== undefined) return String(httpStatus);
  return grpcStatus === undefined ? 'as asked' : `gRPC ${grpcStatus}`;
}
