import type { ProxyStatus } from '../../control-plane/api/client.ts';
import type { ApiOptions, OutputOptions } from '../api-options.ts';
import { withApiOptions, withOutputOption } from '../api-options.ts';
import { withClient } from '../connect.ts';
import { HeddleCommand } from '../heddle-command.ts';
import type { Listing } from '../terminal/print.ts';
import { printListing } from '../terminal/print.ts';
import { latency, timeLeft } from '../terminal/units.ts';

export function proxiesCommand(): HeddleCommand {
  const command = new HeddleCommand('proxies')
    .description('Sidecars that are connected, and whether they have in force what they should.')
    .addHelpText(
      'after',
      '\nExamples:\n  heddle proxies\n  heddle proxies -o wide    identities, and what was rejected',
    );
  return withApiOptions(withOutputOption(command as HeddleCommand)).action(
    async (options: ApiOptions & OutputOptions) => {
      await printListing(
        proxyListing(Date.now()),
        await withClient(options, (client) => client.proxies()),
        options.output,
      );
    },
  );
}

export function proxyListing(nowMs: number): Listing<ProxyStatus> {
  const sum = (proxy: ProxyStatus, field: 'subscribed' | 'inForce') =>
    Object.values(proxy.resources).reduce((total, type) => total + type[field], 0);
  return {
    name: ({ namespace, name }) => `${namespace}/${name}`,
    empty: { message: 'no sidecar is connected', hint: 'heddle run --service web --port 8080 -- <program>' },
    columns: [
      { header: 'NAME', cell: ({ name }) => name },
      { header: 'NAMESPACE', wide: true, cell: ({ namespace }) => namespace },
      { header: 'SERVICE', cell: ({ service }) => service || '-' },
      { header: 'VERSION', cell: ({ version }) => version || '-' },
      { header: 'STATE', cell: state, tone: (proxy) => tones[state(proxy)] },
      { header: 'IN FORCE', align: 'right', cell: (proxy) => `${sum(proxy, 'inForce')}/${sum(proxy, 'subscribed')}` },
      { header: 'TOOK', align: 'right', cell: ({ convergenceMs }) => latency(convergenceMs) },
      { header: 'CONNECTED', align: 'right', cell: ({ connectedAtMs }) => timeLeft(nowMs - connectedAtMs) },
      { header: 'HEDDLE', wide: true, cell: ({ heddleVersion }) => heddleVersion || '-' },
      { header: 'ADDRESS', wide: true, cell: ({ address }) => address },
      { header: 'IDENTITY', wide: true, cell: ({ identity }) => identity },
      { header: 'REJECTED', cell: rejected, tone: (proxy) => (proxy.rejected.length > 0 ? 'bad' : null) },
    ],
  };
}

const tones = { 'in sync': 'good', rejected: 'bad', behind: 'warning' } as const;

function state(proxy: ProxyStatus): keyof typeof tones {
  if (proxy.rejected.length > 0) return 'rejected';
  return proxy.synced ? 'in sync' : 'behind';
}

/** The newest refusal; `-o yaml` has them all. */
function rejected({ rejected: all }: ProxyStatus): string {
  const [newest] = all;
  if (newest === undefined) return '-';
  const more = all.length > 1 ? ` (and ${all.length - 1} more)` : '';
  return `${newest.name || 'a whole response'}: ${newest.reason}${more}`;
}
