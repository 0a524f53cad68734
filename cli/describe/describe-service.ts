import type { DescribedService } from '../../control-plane/api/client.ts';
import type {
  BackendDescription,
  DocumentSource,
  FaultDescription,
  InstanceDescription,
  OutsideDescription,
  PolicyFieldDescription,
  PortDescription,
  RouteDescription,
} from '../../control-plane/model/service-description.ts';
import { folded } from '../terminal/folded.ts';
import type { Style } from '../terminal/style.ts';
import type { Column } from '../terminal/table.ts';
import { formatTable } from '../terminal/table.ts';
import { timeLeft } from '../terminal/units.ts';
import type { Health } from './health-words.ts';
import { besideHealth, healthOf, healthTones } from './health-words.ts';
import { facts, section } from './layout.ts';

/** A service as `heddle describe` prints it: what it is, what decides about calls to it, what has become of that. */
export function serviceInWords(service: DescribedService, style: Style, nowMs: number, isWide: boolean): string {
  const { namespace, name, host, source, identities, versions, outside, ports } = service;
  return [
    facts([
      ['Service', name],
      ['Namespace', namespace],
      ['Host', host],
      ['Declared', source === null ? 'by the workloads that run under its name' : placeInWords(source, namespace)],
      ['Identity', identities.join(', ') || 'none: outside the mesh'],
      ...(outside === null ? versionFacts(versions) : outsideFacts(outside)),
      ['Circuit', circuitInWords(service)],
    ]),
    section('Ports', formatTable(portColumns, ports, style)),
    outside === null
      ? section('Instances', instancesInWords(service, style, isWide))
      : section('Endpoints', endpointsInWords(outside, host, style)),
    ...grouped(ports, ({ routes }) => routes).map(({ of, ports: numbers }) =>
      section(`Routes of ${portsInWords(numbers)}`, routesInWords(of, namespace, style)),
    ),
    ...faultsOf(ports).map((fault) => section('Fault', faultInWords(fault, namespace, style, nowMs))),
    ...grouped(ports, ({ policy }) => policy).map(({ of, ports: numbers }) =>
      section(`Traffic policy of ${portsInWords(numbers)}`, policyInWords(of, namespace, style, isWide)),
    ),
    section('In force', inForce(service, style)),
    section('Warnings', warnings(service, style)),
  ].join('\n');
}

const portColumns: readonly Column<PortDescription>[] = [
  { header: 'PORT', align: 'right', cell: ({ port }) => String(port) },
  { header: 'NAME', cell: ({ name }) => name || '-' },
  { header: 'CARRIES', cell: ({ protocol }) => (protocol === 'auto' ? 'HTTP or TCP, found out' : protocol) },
  { header: 'SAID BY', cell: ({ saidBy }) => saidBy },
];

function versionFacts(versions: DescribedService['versions']): readonly (readonly [string, string])[] {
  return [['Versions', versions.map((one) => `${one.version} (${one.instances})`).join(', ') || 'none']];
}

function outsideFacts({ resolution, tls }: OutsideDescription): readonly (readonly [string, string])[] {
  const names = tls?.subjectAltNames.join(' or ') || tls?.sni || 'the host that is called';
  if (tls === null) {
    return [
      ['Resolution', resolution],
      ['TLS', 'none that the sidecar opens'],
    ];
  }
  return [
    ['Resolution', resolution],
    ['TLS', tls.mode],
    ['Server name', tls.sni || 'the host that is called'],
    ['Certificate', `for ${names}`],
    ['Roots', tls.hasRoots ? 'of the document' : "of each sidecar's host"],
  ];
}

const endpointColumns: readonly Column<OutsideDescription['endpoints'][number]>[] = [
  { header: 'ADDRESS', cell: ({ address }) => address },
  { header: 'PORT', cell: ({ port }) => (port === null ? 'as called' : String(port)) },
  { header: 'WEIGHT', align: 'right', cell: ({ weight }) => String(weight) },
];

/** What the documents say; which addresses names have is found out by each sidecar: `/clusters` shows them. */
function endpointsInWords({ resolution, endpoints }: OutsideDescription, hosts: string, style: Style): string {
  if (endpoints.length > 0) return formatTable(endpointColumns, endpoints, style);
  return resolution === 'NONE' ? 'the address of the very name that is called\n' : `every address of ${hosts}\n`;
}

/** As callers find it: `closed` while all of its instances take requests. */
function circuitInWords({ circuit }: DescribedService): string {
  if (circuit === null) return 'no call has reached it in the last minute';
  return [circuit.state === 'half' ? 'closed' : circuit.state, ...circuit.reasons].join(', ');
}

function instancesInWords(service: DescribedService, style: Style, isWide: boolean): string {
  const { instances, out } = service;
  if (instances.length === 0) return 'none that the mesh knows\n';
  const reports = out.map(({ instance, caller, message }) => `${style.bad} ${instance}   ${message}, says ${caller}\n`);
  return (
    formatTable(instanceColumns(isWide, healthOf(service)), instances, style) +
    reports.join('') +
    besideHealth(service)
      .map((text) => `${style.warning} ${text}\n`)
      .join('')
  );
}

function instanceColumns(isWide: boolean, health: (name: string) => Health): readonly Column<InstanceDescription>[] {
  const isPlain = ({ ports }: InstanceDescription) => ports.some(({ isMeshed }) => !isMeshed);
  const columns: readonly Column<InstanceDescription>[] = [
    { header: 'NAME', cell: ({ name }) => name },
    { header: 'VERSION', cell: ({ version }) => version || '-' },
    {
      header: 'REACHED AT',
      cell: ({ ports, address }) => [...new Set(ports.map(({ dialed }) => dialed))].join(',') || address,
    },
    {
      header: 'MTLS',
      cell: (instance) => (instance.ports.length === 0 ? 'serves no port' : isPlain(instance) ? 'no' : 'yes'),
      tone: (instance) => (instance.ports.length === 0 || isPlain(instance) ? 'warning' : 'good'),
    },
    {
      header: 'HEALTH',
      cell: ({ name }) => health(name),
      tone: ({ name }) => healthTones[health(name)],
    },
    { header: 'WEIGHT', align: 'right', cell: ({ weight }) => String(weight) },
    { header: 'ZONE', cell: ({ region, zone }) => [region, zone].filter(Boolean).join('/') || '-' },
    { header: 'IDENTITY', wide: true, cell: ({ identity }) => identity || '-' },
  ];
  return columns.filter(({ wide }) => isWide || !wide);
}

function routesInWords(routes: readonly RouteDescription[], namespace: string, style: Style): string {
  if (routes.length === 0) return 'none: every request goes to the service\n';
  /** null for the requests that no route takes. */
  const columns: readonly Column<RouteDescription | null>[] = [
    { header: 'REQUESTS', cell: (route) => (route === null ? 'others' : route.match.join(', ') || 'all') },
    {
      header: 'GO TO',
      cell: (route) => (route === null ? 'answered 404' : whereTo(route)),
      tone: (route) => (route?.backends.some(({ missing }) => missing !== null) ? 'bad' : null),
    },
    { header: 'RULE', cell: (route) => (route === null ? '' : route.ruleName || String(route.rule)) },
    { header: 'SAID BY', cell: (route) => (route === null ? '' : placeInWords(route, namespace)) },
  ];
  return formatTable(columns, routes.some(({ match }) => match.length === 0) ? routes : [...routes, null], style);
}

function whereTo({ backends, steps }: RouteDescription): string {
  return [...backends.map(backendInWords), ...steps].join(', ') || 'nowhere: answered 500';
}

function backendInWords({ name, port, percent, missing }: BackendDescription): string {
  return `${name}:${port} ${percent} %${missing === null ? '' : ' (missing)'}`;
}

function faultsOf(ports: readonly PortDescription[]): readonly FaultDescription[] {
  const faults = ports.flatMap(({ fault }) => (fault === null ? [] : [[fault.document, fault] as const]));
  return [...new Map(faults).values()];
}

function faultInWords(fault: FaultDescription, namespace: string, style: Style, nowMs: number): string {
  const { delay, abort, responseRate, headers, until } = fault;
  const leftMs = Date.parse(until) - nowMs;
  const left = leftMs > 0 ? `${timeLeft(leftMs)} left` : 'over, without effect';
  const whom = headers.length === 0 ? '' : `of requests with ${headers.join(', ')}: `;
  const what = [delay, abort, responseRate].filter(Boolean).join(' and ');
  const glyph = leftMs > 0 ? style.warning : style.good;
  return `${glyph} ${whom}${what} · ${left} · ${placeInWords(fault, namespace)}\n`;
}

/** A line of the table of the policy: a long value takes several. */
interface PolicyLine {
  readonly field: string;
  readonly value: string;
  readonly saidBy: string;
  readonly isDefault: boolean;
}

const policyColumns: readonly Column<PolicyLine>[] = [
  { header: 'FIELD', cell: ({ field }) => field, tone: ({ isDefault }) => (isDefault ? 'dim' : null) },
  { header: 'VALUE', cell: ({ value }) => value, tone: ({ isDefault }) => (isDefault ? 'dim' : 'bold') },
  { header: 'SAID BY', cell: ({ saidBy }) => saidBy, tone: ({ isDefault }) => (isDefault ? 'dim' : null) },
];

/** Longer values are folded, so that the table stays within a narrow terminal. */
const valueWidth = 20;

const nothing: ReadonlySet<string> = new Set(['off', 'none', 'false', '0 %']);

/** What has an effect only beside another field. */
const asides: readonly RegExp[] = [/\.enforcing/, /UnejectHost$/, /\.alwaysEjectOneEndpoint$/];

function isShown({ field, value, source }: PolicyFieldDescription): boolean {
  const isAside = asides.some((aside) => aside.test(field));
  if (source === null) return !isAside && !nothing.has(value);
  // a share of all follows from the threshold that is written
  return !isAside || value !== '100 %';
}

/** Fields that somebody says, and defaults that do something; all of them where the terminal is said to be wide. */
function policyInWords(
  fields: readonly PolicyFieldDescription[],
  namespace: string,
  style: Style,
  isWide: boolean,
): string {
  const shown = fields.filter((field) => isWide || isShown(field));
  const lines = shown.flatMap(({ field, value, source }) =>
    folded(value, isWide ? Number.POSITIVE_INFINITY : valueWidth).map((part, index) => ({
      field: index === 0 ? field : '',
      value: part,
      saidBy: index > 0 ? '' : source === null ? 'default' : placeInWords(source, namespace),
      isDefault: source === null,
    })),
  );
  const others = fields.length - shown.length;
  const more = others === 0 ? '' : `${style.paint('dim', `${others} more follow, or are at their default: -o wide`)}\n`;
  return formatTable(policyColumns, lines, style) + more;
}

function inForce({ progress, refused }: DescribedService, style: Style): string {
  if (progress.length === 0 && refused.length === 0) return 'no document bears on it: defaults\n';
  const documents = progress.map(({ document, affected, inForce: there, pending }) => {
    const glyph = pending.length === 0 ? style.good : style.warning;
    const waiting = pending.length === 0 ? '' : `, not yet in ${pending.join(', ')}`;
    const how =
      affected === 0 ? 'its last change was none to any sidecar' : `in ${there} of ${affected} sidecars${waiting}`;
    return `${glyph} ${document}   ${how}\n`;
  });
  const refusals = refused.map(
    ({ proxy, resource, reason }) => `${style.bad} ${proxy} refused ${resource}: ${reason}\n`,
  );
  return [...documents, ...refusals].join('');
}

function warnings({ problems }: DescribedService, style: Style): string {
  if (problems.length === 0) return 'none\n';
  return problems.map(({ document, path, message }) => `${style.warning} ${document}   ${path}: ${message}\n`).join('');
}

/** Ports with the same value, so that it is told once. */
function grouped<T>(
  ports: readonly PortDescription[],
  pick: (port: PortDescription) => T,
): readonly { readonly of: T; readonly ports: readonly number[] }[] {
  const groups = new Map<string, { of: T; ports: number[] }>();
  for (const port of ports) {
    const of = pick(port);
    const key = JSON.stringify(of);
    const group = groups.get(key) ?? { of, ports: [] };
    group.ports.push(port.port);
    groups.set(key, group);
  }
  return [...groups.values()];
}

function portsInWords(ports: readonly number[]): string {
  return `port${ports.length === 1 ? '' : 's'} ${ports.join(', ')}`;
}

/** As the commands take them. */
const shortKinds: Readonly<Record<string, string>> = {
  HTTPRoute: 'route',
  BackendTrafficPolicy: 'policy',
  FaultInjection: 'fault',
};

/** `split.yaml:8`; where nobody said a file `route/cart`, as `heddle describe` takes it, and its namespace if it is another. */
function placeInWords({ document, file, line }: DocumentSource, namespace: string): string {
  const [kind = '', ...names] = document.split('/');
  if (kind === 'Mesh') return file === '' ? 'Mesh defaults' : `Mesh defaults (${file}:${line})`;
  if (file !== '') return `${file}:${line}`;
  const other = names[0] === namespace ? '' : ` -n ${names[0]}`;
  return `${shortKinds[kind] ?? kind.toLowerCase()}/${names[1]}${other}`;
}
