import { documentName } from '../../model/kinds.ts';
import { isPartOf } from '../attachments/hostnames.ts';
import type { AttachedRoute, WrittenParent } from '../attachments/route-attachments.ts';
import { isFor } from '../attachments/route-attachments.ts';
import type { ExternalHost, ExternalServices } from '../services/external-services.ts';
import { isExported } from '../services/external-services.ts';
import type { ServicePort } from '../services/service-catalog.ts';
import type { Finding } from './problem.ts';

/** Why a route that is attached to an ExternalService holds for none of its hosts, or for fewer than it names. */
export function externalParentFindings(
  route: AttachedRoute,
  { parent, index }: WrittenParent,
  ports: readonly ServicePort[],
  external: ExternalServices,
): readonly Finding[] {
  const hosts = parent.kind === 'Service' ? [] : external.named(parent.namespace, parent.name);
  const [first] = hosts;
  if (first === undefined) return [];
  const path = `spec.parentRefs[${index}]`;
  const what = documentName(first.external);
  const { namespace } = route.metadata;
  if (namespace !== parent.namespace && !isExported(first.external)) {
    const message = `${what} is not exported: callers of namespace ${namespace} do not know of it`;
    return [{ path, message, reason: 'NotAllowedByListeners' }];
  }
  const named = hosts.filter((host) => isFor(route, host));
  const parts = partsOf(route.spec.hostnames ?? [], hosts);
  if (parts.length > 0) {
    return parts.map(({ hostname, host }) => {
      const message = `${hostname} is a part of ${host}, which a route takes as a whole: list it in an ExternalService of its own`;
      return { path, message, reason: 'UnsupportedValue' };
    });
  }
  if (named.length === 0) {
    const message = `none of the hostnames is a host of ${what}`;
    return [{ path, message, reason: 'NoMatchingListenerHostname' }];
  }
  const winners = named.flatMap((host) => ports.map((port) => winner(host, port, namespace, external)));
  const [other] = winners;
  if (!other || winners.includes(null)) return [];
  const { port } = ports[0] as ServicePort; // there are winners, so there are ports
  const message = `has no effect: ${documentName(other)} decides about ${named[0]?.host}:${port} for callers of namespace ${namespace}`;
  return [{ path, message, reason: 'Conflicted' }];
}

/** Whose document decides in place of the one that has the host, for all callers whom the route would be for; null for none. */
function winner({ host, external: document }: ExternalHost, { port }: ServicePort, of: string, all: ExternalServices) {
  const ofNamespace = all.at(host, port, of)?.service.external;
  const isProducers = document.metadata.namespace === of;
  const isDecisive = ofNamespace === document || (isProducers && all.first(host, port)?.service.external === document);
  return isDecisive || ofNamespace === undefined ? null : ofNamespace;
}

/** Hostnames that are below a wildcard host and no host of the document themselves. */
function partsOf(hostnames: readonly string[], hosts: readonly ExternalHost[]) {
  return hostnames.flatMap((hostname) => {
    if (hosts.some(({ host }) => host === hostname)) return [];
    const whole = hosts.find(({ host }) => isPartOf(hostname, host));
    return whole === undefined ? [] : [{ hostname, host: whole.host }];
  });
}
