import { Hono } from 'hono';
import { parseClusterName, parseRouteConfigurationName, parseServiceHost } from '../../proto/names.ts';
import { labelNameSchema } from '../model/metadata.ts';
import type { ServiceDescription } from '../model/service-description.ts';
import type { ProxyStatusSource, RejectedResource } from '../xds/proxy-status.ts';
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
}

/** What decides about calls to a service from a namespace; null when there is no such service. */
export type DescribeService = (namespace: string, name: string, callerNamespace: string) => ServiceDescription | null;

/**
 * `GET /heddle/v1/services/{namespace}/{name}?from={namespace}`: all that decides what becomes of calls to one service. `from`
 * is the namespace of the caller, whose own routes may hold; the service's own when it is left out.
 */
export function serviceRoutes(describe: DescribeService, proxies: ProxyStatusSource): Hono {
  const routes = new Hono();
  routes.get('/heddle/v1/services/:namespace/:name', async (context) => {
    const { namespace, name } = context.req.param();
    const from = context.req.query('from') ?? namespace;
    for (const word of [namespace, name, from]) {
      if (!labelNameSchema.safeParse(word).success) {
        throw new ApiError('BadRequest', 'a name has at most 63 lower-case letters, digits and "-"');
      }
    }
    const described = describe(namespace, name, from);
    if (described === null) {
      throw new ApiError('NotFound', `there is no service ${name} in namespace ${namespace}`);
    }
    const answer: DescribedService = {
      ...described,
      progress: await Promise.all(described.documents.map((document) => progressOf(document, proxies))),
      refused: refusalsOf(described, proxies),
    };
    return context.json(answer);
  });
  return routes;
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

function isOf({ name }: RejectedResource, { namespace, name: service, versions }: ServiceDescription): boolean {
  const cluster = parseClusterName(name);
  const host = cluster?.direction === 'outbound' ? cluster.host : parseRouteConfigurationName(name)?.host;
  const called = host === undefined ? null : parseServiceHost(host);
  if (called === null || called.namespace !== namespace) return false;
  return called.name === service || versions.some(({ version }) => called.name === `${service}-${version}`);
}

function isInbound({ name }: RejectedResource): boolean {
  return parseClusterName(name)?.direction === 'inbound';
}
