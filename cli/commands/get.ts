import type { PortStatus } from '../../control-plane/api/client.ts';
import type { Kind, ModelDocument } from '../../control-plane/model/kinds.ts';
import type { ApiOptions, NamespaceOptions, OutputOptions } from '../api-options.ts';
import { withApiOptions, withNamespaceOption, withOutputOption } from '../api-options.ts';
import { withClient } from '../connect.ts';
import { documentArgument } from '../document-argument.ts';
import { HeddleCommand } from '../heddle-command.ts';
import type { Listing } from '../terminal/print.ts';
import { printListing, serialize } from '../terminal/print.ts';
import { timeLeft } from '../terminal/units.ts';

interface GetOptions extends ApiOptions, NamespaceOptions, OutputOptions {
  readonly allNamespaces?: true;
}

export function getCommand(): HeddleCommand {
  const command = new HeddleCommand('get')
    .description('Documents: routes, services, workloads, policies.')
    .argument('<kind>', 'httproute, service, workload, backendtrafficpolicy, faultinjection …; also <kind>/<name>')
    .argument('[name]', 'one of them, as YAML')
    .option('-A, --all-namespaces', 'of every namespace')
    .addHelpText('after', '\nExamples:\n  heddle get httproutes\n  heddle get httproute cart -o json');
  return withApiOptions(withNamespaceOption(withOutputOption(command))).action(
    async (first: string, second: string | undefined, options: GetOptions) => {
      const { kind, name } = await documentArgument(second === undefined ? [first] : [first, second]);
      const { output } = options;
      const listing = documentListing(kind, options.allNamespaces ? null : options.namespace, Date.now());
      if (name === null) {
        const namespace = kind.namespaced && !options.allNamespaces ? options.namespace : null;
        const { items } = await withClient(options, (client) => client.list(kind, namespace));
        await printListing(listing, items, output);
        return;
      }
      const namespace = kind.namespaced ? options.namespace : null;
      const document = await withClient(options, (client) => client.get(kind, namespace, name));
      if (output === 'wide' || output === 'name') await printListing(listing, [document], output);
      else process.stdout.write(await serialize(document, output === 'json' ? 'json' : 'yaml'));
    },
  );
}

/** `namespace` is `null` where all were asked for. */
export function documentListing(kind: Kind, namespace: string | null, nowMs: number): Listing<ModelDocument> {
  return {
    name: ({ metadata }) => `${kind.kind.toLowerCase()}/${metadata.name}`,
    empty: whereNone(kind, kind.namespaced ? namespace : null),
    columns: [
      {
        header: 'NAMESPACE',
        ...(namespace === null && kind.namespaced ? {} : { wide: true }),
        cell: ({ metadata }) => ('namespace' in metadata ? metadata.namespace : '-'),
      },
      { header: 'NAME', cell: ({ metadata }) => metadata.name },
      ...(kind.kind === 'ExternalService' ? [{ header: 'HOSTS', cell: hostsOf }] : []),
      ...(hasPorts(kind) ? [{ header: 'PORTS', cell: portsOf }] : []),
      { header: 'REVISION', align: 'right', cell: ({ metadata }) => metadata.resourceVersion ?? '-' },
      { header: 'AGE', align: 'right', cell: ({ metadata }) => age(metadata.creationTimestamp, nowMs) },
      { header: 'SOURCE', wide: true, cell: ({ metadata }) => metadata.annotations?.['heddle.dev/source'] ?? '-' },
    ],
  };
}

function hasPorts({ kind }: Kind): boolean {
  return kind === 'Service' || kind === 'Workload' || kind === 'ExternalService';
}

function hostsOf(document: ModelDocument): string {
  return document.kind === 'ExternalService' ? document.spec.hosts.join(',') : '-';
}

/** `80/http,6379/tcp`: what the ports carry, not only what the document says of them. */
function portsOf(document: ModelDocument): string {
  const known = Object(document.status).ports as readonly PortStatus[] | undefined;
  const carried = new Map(known?.map(({ port, protocol }) => [port, protocol]));
  if (document.kind === 'ExternalService') {
    const secured = document.spec.tls === undefined ? '' : '+tls';
    return document.spec.ports.map(({ port, protocol }) => `${port}/${protocol.toLowerCase()}${secured}`).join(',');
  }
  if (document.kind !== 'Service' && document.kind !== 'Workload') return '-';
  const ports: readonly { readonly port: number; readonly appProtocol?: string | undefined }[] = document.spec.ports;
  return ports.map(({ port, appProtocol }) => `${port}/${carried.get(port) ?? appProtocol ?? 'auto'}`).join(',') || '-';
}

/** Services need no document, so nobody who sees none should think that nothing runs. */
function whereNone({ kind, plural }: Kind, namespace: string | null): Listing<ModelDocument>['empty'] {
  const where = namespace === null ? '' : ` in namespace ${namespace}`;
  if (kind === 'Service') {
    return { message: `no Service has been applied${where}; services that run need none`, hint: 'heddle stat' };
  }
  if (namespace !== null) return { message: `there are no ${plural}${where}`, hint: `heddle get ${plural} -A` };
  const hint = kind === 'Workload' ? 'heddle run --help' : 'heddle apply --help';
  return { message: `there are no ${plural}`, hint };
}

function age(timestamp: string | null | undefined, nowMs: number): string {
  return timestamp == null ? '-' : timeLeft(Math.max(0, nowMs - Date.parse(timestamp)));
}
