import type { Edge } from '../../control-plane/api/client.ts';
import type { ApiOptions, OutputOptions } from '../api-options.ts';
import { windowOption, withApiOptions, withOutputOption } from '../api-options.ts';
import { withClient } from '../connect.ts';
import { HeddleCommand } from '../heddle-command.ts';
import type { Listing } from '../terminal/print.ts';
import { printListing } from '../terminal/print.ts';
import type { Style } from '../terminal/style.ts';
import { styleFor } from '../terminal/style.ts';
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
      '\nExamples:\n  heddle edges\n  heddle edges --window 15m -o wide   with rate, success and latency',
    );
  return withApiOptions(withOutputOption(command)).action(async (options: EdgesOptions) => {
    const edges = await withClient(options, (client) => client.edges(options.window));
    await printListing(edgeListing(styleFor(process.stdout)), edges, options.output);
  });
}

export function edgeListing(style: Style): Listing<Edge> {
  return {
    name: ({ source, destination }) => `${source.service || unknown}/${destination.service || unknown}`,
    empty: { message: 'nobody has called anybody in this time', hint: 'heddle edges --window 1h' },
    columns: [
      { header: 'SRC', cell: ({ source }) => source.service || unknown },
      { header: 'SRC NAMESPACE', wide: true, cell: ({ source }) => source.namespace || unknown },
      { header: 'DST', cell: ({ destination }) => destination.service || unknown },
      { header: 'DST NAMESPACE', wide: true, cell: ({ destination }) => destination.namespace || unknown },
      { header: 'SECURED', cell: ({ isSecured }) => (isSecured ? style.good : style.bad) },
      { header: 'RPS', align: 'right', wide: true, cell: ({ requestsPerSecond }) => requestsPerSecond.toFixed(1) },
      { header: 'SUCCESS', align: 'right', wide: true, cell: ({ successRate }) => percent(successRate) },
      { header: 'P95', align: 'right', wide: true, cell: ({ p95Ms }) => latency(p95Ms) },
      { header: 'CLIENT ID', cell: ({ clientIds }) => clientIds.join(', ') || '-' },
      { header: 'SERVER ID', cell: ({ serverIds }) => serverIds.join(', ') || '-' },
      { header: 'NOTE', cell: ({ reason }) => reason ?? '', tone: ({ reason }) => (reason === null ? null : 'bad') },
    ],
  };
}

/** A program without a sidecar, or none that the mesh knows. */
const unknown = '-';
