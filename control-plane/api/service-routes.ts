import { Hono } from 'hono';
import { parseClusterName, parseRouteConfigurationName, parseServiceHost } from '../../proto/names.ts';
import { labelNameSchema, subdomainSchema } from '../model/metadata.ts';
import type { ServiceDescription } from '../model/service-description.ts';
import type { MeshEvent } from '../telemetry/mesh-event.ts';
import type { ServiceCircuit, ServiceStat, TelemetrySource } from '../telemetry/telemetry-source.ts';
import type { ProxyStatusSource, RejectedResource } from '../xds/proxy-status.ts';
import type { InstanceOut } from './instance-health.ts';
import { instancesOut } from './instance-health.ts';
import { ApiError } from './status.ts';

/** How far a document that bears on a service has come. */
export interface DocumentInForce {
  readonly document: string;
  /** Sidecars that hold something of it, and those of them that go by it now. */
  readonly affected: number;
  readonly inForce: number;
  /** `namespace/name` of those not there yet. */
  readonly pending: readonly string[];
}

/** Something of a service that a sidecar refused; it goes on with the last good one. */
export interface Refusal {
  /** `namespace/name` of the sidecar. */
  readonly proxy: string;
  readonly resource: string;
  readonly reason: string;
  readonly atMs: number;
}

/** What the control plane decides about a service, and what sidecars have made of it. */
export interface DescribedService extends ServiceDescription {
  readonly progress: readonly DocumentInForce[];
  /** Newest first. */
  readonly refused: readonly Refusal[];
  /** Which callers leave out which instances. */
  readonly out: readonly InstanceOut[];
  /** How its callers find it now; null where nobody has called it in the last minute. */
  readonly circuit: ServiceCircuit | null;
}

/** Of the past, for how callers find a service. */
const windowSeconds = 60;

/** What decides about calls to a service from a namespace; null when there is no such service. */
export type DescribeService = (namespace: string, name: string, callerNamespace: string) => ServiceDescription | null;

/**
 * `GET /heddle/v1/services/{namespace}/{name}?from={namespace}`: all that decides what becomes of calls to one service. `from`
 * is the namespace of the caller, whose own routes may hold; the service's own when it is left out.
 */
export function serviceRoutes(
  describe: DescribeService,
  proxies: ProxyStatusSource,
  telemetry: TelemetrySource,
  now: () => number,
): Hono {
  const routes = new Hono();
  routes.get('/heddle/v1/services/:namespace/:name', async (context) => {
    const { namespace, name } = context.req.param();
    const from = context.req.query('from') ?? namespace;
    const isRead = [namespace, from].every((word) => labelNameSchema.safeParse(word).success);
    if (!isRead || !subdomainSchema.safeParse(name).success) {
      throw new ApiError('BadRequest', 'a name has lower-case letters, digits, "-" and "."');
    }
    const described = describe(namespace, name, from);
    if (described === null) {
      throw new ApiError('NotFound', `there is no service ${name} in namespace ${namespace}`);
    }
    const answer: DescribedService = {
      ...described,
      progress: await Promise.all(described.documents.map((document) => progressOf(document, proxies))),
      refused: refusalsOf(described, proxies),
      out: instancesOut(eventsAbout(described, telemetry), connectionsOf(proxies), now()),
      circuit: telemetry.stat(windowSeconds, 'service').find(isAbout(described))?.circuit ?? null,
    };
    return context.json(answer);
  });
  return routes;
}

function eventsAbout({ namespace, name }: ServiceDescription, { events }: TelemetrySource): readonly MeshEvent[] {
  return events.list({ service: name }).filter(({ service }) => {
    return service?.name === name && service.namespace === namespace;
  });
}

function connectionsOf(proxies: ProxyStatusSource): ReadonlyMap<string, number> {
  return new Map(proxies.list().map((proxy) => [`${proxy.namespace}/${proxy.name}`, proxy.connectedAtMs]));
}

function isAbout({ namespace, name }: ServiceDescription): (row: ServiceStat) => boolean {
  return (row) => row.namespace === namespace && row.service === name;
}

async function progressOf(
  { document, revision }: ServiceDescription['documents'][number],
  proxies: ProxyStatusSource,
): Promise<DocumentInForce> {
  const none = new AbortController().signal;
  const { affected, inForce, pending } = await proxies.convergence(Number(revision), 0, none);
  return { document, affected, inForce, pending };
}

/** Of the callers what is named after the service or a version of it; of the service's own sidecars what is inbound. */
function refusalsOf(service: ServiceDescription, proxies: ProxyStatusSource): readonly Refusal[] {
  return proxies
    .list()
    .flatMap((proxy) => {
      const isOwn = proxy.namespace === service.namespace && proxy.service === service.name;
      return proxy.rejected
        .filter((rejected) => isOf(rejected, service) || (isOwn && isInbound(rejected)))
        .map(({ name, reason, atMs }) => ({
          proxy: `${proxy.namespace}/${proxy.name}`,
          resource: name,
          reason,
          atMs,
        }));
    })
    .sort((a, b) => b.atMs - a.atMs);
}

function isOf(
  { name }: RejectedResource,
  { namespace, name: service, host: ownHosts, versions }: ServiceDescription,
): boolean {
  const cluster = parseClusterName(name);
  const host = cluster?.direction === 'outbound' ? cluster.host : parseRouteConfigurationName(name)?.host;
  if (host !== undefined && ownHosts.split(', ').includes(host)) return true;
  const called = host === undefined ? null : parseServiceHost(host);
  if (called === null || called.namespace !== namespace) return false;
  return called.name === service || versions.some(({ version }) => called.name === `${service}-${version}`);
}

function isInbound({ name }: RejectedResource): boolean {
  return parseClusterName(name)?.direction === 'inbound';
}
