import { Option } from 'commander';
import type { ServiceStat } from '../../control-plane/api/client.ts';
import type { ApiOptions, OutputOptions } from '../api-options.ts';
import { windowOption, withApiOptions, withOutputOption } from '../api-options.ts';
import { CliError, exitCodes } from '../cli-error.ts';
import { withClient } from '../connect.ts';
import { HeddleCommand } from '../heddle-command.ts';
import type { Listing } from '../terminal/print.ts';
import { printListing } from '../terminal/print.ts';
import { outsideHelp, serviceText } from '../terminal/service-text.ts';
import type { Column } from '../terminal/table.ts';
import { tcpColumns, tcpHelp } from '../terminal/tcp-columns.ts';
import { latency, percent } from '../terminal/units.ts';

interface StatOptions extends ApiOptions, OutputOptions {
  readonly by: 'service' | 'version';
  readonly window: number;
}

export function statCommand(): HeddleCommand {
  const command = new HeddleCommand('stat')
    .description('Success, rate, latency and mutual TLS of every service.')
    .argument('[service]', 'only this one')
    .addOption(new Option('--by <what>', 'one row for each').choices(['service', 'version']).default('service'))
    .addOption(windowOption())
    .addHelpText(
      'after',
      `\nExamples:\n  heddle stat\n  heddle stat cart --by version --window 5m${columnsHelp}${tcpHelp}${outsideHelp}`,
    );
  return withApiOptions(withOutputOption(command)).action(async (service: string | undefined, options: StatOptions) => {
    const all = await withClient(options, (client) => client.stat(options.window, options.by));
    const rows = service === undefined ? all : all.filter((row) => row.service === service || row.host === service);
    if (service !== undefined && rows.length === 0 && all.length > 0) throw await unknownService(service, all);
    await printListing(statListing(options.by, rows), rows, options.output);
  });
}

const columnsHelp = `

CIRCUIT is what callers have found: closed; open, with the limit that is reached; or how many instances they leave out.
UNREACHED, where there are some, counts requests that got to no instance. heddle events says when, heddle describe why.
In a narrow terminal both stand below their row.`;

/** TCP, and what got to no instance, have columns only where there is some. */
export function statListing(by: 'service' | 'version', rows: readonly ServiceStat[]): Listing<ServiceStat> {
  const someUnreached = rows.some(({ unreached }) => unreached > 0);
  const version = { header: 'VERSION', cell: (row: ServiceStat) => row.version || '-' };
  const unreached: Column<ServiceStat> = {
    header: 'UNREACHED',
    align: 'right',
    cell: (row) => String(row.unreached),
    tone: (row) => (row.unreached > 0 ? 'bad' : null),
    narrow: { below: unreachedInWords },
  };
  return {
    name: (row) => (by === 'version' && row.version ? `${row.service}-${row.version}` : row.host || row.service),
    empty: {
      message: 'no service is running, and none has been called in this time',
      hint: 'heddle run --service web --port 8080 -- node web.js   or   heddle stat --window 1h',
    },
    columns: [
      { header: 'SERVICE', cell: (row) => serviceText(row.service, row.host) },
      { header: 'NAMESPACE', wide: true, cell: (row) => row.namespace },
      ...(by === 'version' ? [version] : []),
      { header: 'INSTANCES', align: 'right', cell: (row) => String(row.instances) },
      { header: 'SUCCESS', align: 'right', cell: (row) => percent(row.successRate), tone: successTone },
      { header: 'RPS', align: 'right', cell: (row) => row.requestsPerSecond.toFixed(1) },
      { header: 'REQUESTS', align: 'right', wide: true, cell: (row) => String(row.requests) },
      { header: 'P50', align: 'right', cell: (row) => latency(row.p50Ms) },
      { header: 'P95', align: 'right', cell: (row) => latency(row.p95Ms) },
      { header: 'P99', align: 'right', cell: (row) => latency(row.p99Ms) },
      { header: 'MTLS', align: 'right', cell: secured, tone: securedTone },
      { header: 'CIRCUIT', cell: circuit, tone: circuitTone, narrow: { cell: circuitState, below: circuitReasons } },
      ...tcpColumns(rows),
      ...(someUnreached ? [unreached] : []),
      { header: 'COUNTED BY', wide: true, cell: (row) => row.countedBy },
    ],
  };
}

async function unknownService(service: string, all: readonly ServiceStat[]): Promise<CliError> {
  const { nearestWord } = await import('../../control-plane/model/nearest-word.ts');
  const meant = nearestWord(
    service,
    all.map((row) => row.host || row.service),
  );
  return new CliError(
    `no service ${service} is running, and none has been called in this time`,
    meant === null ? 'heddle stat' : `heddle stat ${meant}`,
    exitCodes.nothingFound,
  );
}

function successTone({ successRate }: ServiceStat): 'good' | 'warning' | 'bad' | null {
  if (successRate === null) return null;
  if (successRate >= 0.999) return 'good';
  return successRate >= 0.99 ? 'warning' : 'bad';
}

/** `closed`, `open (20/20 connections)`, `1/3 ejected`. */
function circuit({ circuit }: ServiceStat): string {
  if (circuit === null) return '-';
  const reasons = circuit.reasons.join(', ');
  if (circuit.state === 'open') return `open (${reasons})`;
  return circuit.state === 'half' ? reasons : 'closed';
}

function circuitState({ circuit }: ServiceStat): string {
  if (circuit === null) return '-';
  return circuit.state === 'half' ? 'partly' : circuit.state;
}

function circuitReasons({ circuit }: ServiceStat): string {
  return circuit === null || circuit.reasons.length === 0 ? '' : `circuit: ${circuit.reasons.join(', ')}`;
}

function unreachedInWords({ unreached }: ServiceStat): string {
  if (unreached === 0) return '';
  return `${unreached} ${unreached === 1 ? 'request' : 'requests'} got to no instance`;
}

function circuitTone({ circuit }: ServiceStat): 'good' | 'warning' | 'bad' | null {
  if (circuit === null) return null;
  return ({ closed: 'good', half: 'warning', open: 'bad' } as const)[circuit.state];
}

/** All, in most meshes: without the decimals that nobody needs then. */
function secured({ mutualTlsShare }: ServiceStat): string {
  return mutualTlsShare === 1 ? '100%' : percent(mutualTlsShare);
}

function securedTone({ mutualTlsShare }: ServiceStat): 'warning' | null {
  return mutualTlsShare !== null && mutualTlsShare < 1 ? 'warning' : null;
}
