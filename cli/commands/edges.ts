import type { Edge } from '../../control-plane/api/client.ts';
import type { ApiOptions, OutputOptions } from '../api-options.ts';
import { windowOption, withApiOptions, withOutputOption } from '../api-options.ts';
import { withClient } from '../connect.ts';
import { HeddleCommand } from '../heddle-command.ts';
import type { Listing } from '../terminal/print.ts';
import { printListing } from '../terminal/print.ts';
import { outsideHelp, serviceText } from '../terminal/service-text.ts';
import type { Style } from '../terminal/style.ts';
import { styleFor } from '../terminal/style.ts';
import type { Column } from '../terminal/table.ts';
import { tcpColumns, tcpHelp } from '../terminal/tcp-columns.ts';
import { latency, percent } from '../terminal/units.ts';

interface EdgesOptions extends ApiOptions, OutputOptions {
  readonly window: number;
}

export function edgesCommand(): HeddleCommand {
  const command = new HeddleCommand('edges')
    .description('Who calls whom, whether over mutual TLS, and as whom.')
    .addOption(windowOption())
    .addHelpText(
      'after',
      '\nExamples:\n  heddle edges\n  heddle edges --window 15m -o wide   with rate, success, latency and whole ids' +
        tcpHelp +
        outsideHelp,
    );
  return withApiOptions(withOutputOption(command)).action(async (options: EdgesOptions) => {
    const edges = await withClient(options, (client) => client.edges(options.window));
    const listing = edgeListing(styleFor(process.stdout), edges, options.output === 'wide');
    await printListing(listing, edges, options.output);
  });
}

/**
 * TCP and why an edge is not secured have columns where there is such an edge. Ids are `spiffe://…` with `wholeIds`, else
 * as Istio writes principals, `cluster.local/ns/default/sa/web`, so that a table fits a terminal.
 */
export function edgeListing(style: Style, edges: readonly Edge[], wholeIds: boolean): Listing<Edge> {
  const notes = edges.some(({ reason }) => reason !== null);
  const written = (ids: readonly string[]) =>
    ids.map((id) => (wholeIds ? id : id.replace(/^spiffe:\/\//, ''))).join(', ') || '-';
  /** Without the trust domain, which is the same for all but those of federated meshes. */
  const brief = (ids: readonly string[]) => ids.map((id) => id.replace(/^spiffe:\/\/[^/]*\//, '')).join(', ') || '-';
  const securedCell = ({ isSecured, isPending, isReached }: Edge): string => {
    if (isSecured) return style.good;
    if (isReached === false) return '-'; // a control plane of before says nothing
    return isPending ? '…' : style.bad;
  };
  const note: Column<Edge> = {
    header: 'NOTE',
    cell: ({ reason }) => reason ?? '',
    tone: ({ reason, isPending, isReached }) => {
      if (reason === null || isPending) return null;
      return isReached === false ? 'warning' : 'bad';
    },
    narrow: { below: ({ reason }) => reason ?? '' },
  };
  return {
    name: ({ source, destination, host }) => `${source.service || unknown}/${host || destination.service || unknown}`,
    empty: { message: 'nobody has called anybody in this time', hint: 'heddle edges --window 1h' },
    columns: [
      { header: 'SRC', cell: ({ source }) => source.service || unknown },
      { header: 'SRC NAMESPACE', wide: true, cell: ({ source }) => source.namespace || unknown },
      {
        header: 'DST',
        cell: ({ destination, host }) => serviceText(destination.service, host),
        narrow: { cell: ({ destination, host }) => host || serviceText(destination.service, host) },
      },
      { header: 'DST NAMESPACE', wide: true, cell: ({ destination }) => destination.namespace || unknown },
      { header: 'SECURED', cell: securedCell },
      { header: 'RPS', align: 'right', wide: true, cell: ({ requestsPerSecond }) => requestsPerSecond.toFixed(1) },
      { header: 'SUCCESS', align: 'right', wide: true, cell: ({ successRate }) => percent(successRate) },
      { header: 'P95', align: 'right', wide: true, cell: ({ p95Ms }) => latency(p95Ms) },
      ...tcpColumns(edges),
      {
        header: 'CLIENT ID',
        cell: ({ clientIds }) => written(clientIds),
        narrow: { cell: ({ clientIds }) => brief(clientIds) },
      },
      {
        header: 'SERVER ID',
        cell: ({ serverIds }) => written(serverIds),
        narrow: { cell: ({ serverIds }) => brief(serverIds) },
      },
      ...(notes ? [note] : []),
    ],
  };
}

/** A program without a sidecar, or none that the mesh knows. */
const unknown = '-';
