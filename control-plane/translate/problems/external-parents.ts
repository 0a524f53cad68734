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
  const [part] = partsOf(route.spec.hostnames ?? [], hosts);
  if (part !== undefined) {
    const message = `${part.hostname} is a part of ${part.host}, which a route takes as a whole: list it in an ExternalService of its own`;
    return [{ path, message, reason: 'UnsupportedValue' }];
  }
  const named = hosts.filter((host) => isFor(route, host));
  const [one] = named;
  const [{ port = 0 } = {}] = ports;
  if (one === undefined) {
    const message = `none of the hostnames is a host of ${what}`;
    return [{ path, message, reason: 'NoMatchingListenerHostname' }];
  }
  if (named.some((host) => ports.some((each) => isDecisive(host, each.port, namespace, external)))) return [];
  const other = external.at(one.host, port, namespace)?.service.external;
  if (other === undefined) return [];
  const message = `has no effect: ${documentName(other)} decides about ${one.host}:${port} for callers of namespace ${namespace}`;
  return [{ path, message, reason: 'Conflicted' }];
}

/** Whether the host's document decides for any callers whom routes of the namespace are for. */
function isDecisive({ host, external: document }: ExternalHost, port: number, of: string, all: ExternalServices) {
  if (all.at(host, port, of)?.service.external === document) return true;
  return document.metadata.namespace === of && all.first(host, port)?.service.external === document;
}

/** Hostnames that are below a wildcard host and no host of the document themselves. */
function partsOf(hostnames: readonly string[], hosts: readonly ExternalHost[]) {
  return hostnames.flatMap((hostname) => {
    if (hosts.some(({ host }) => host === hostname)) return [];
    const whole = hosts.find(({ host }) => isPartOf(hostname, host));
    return whole === undefined ? [] : [{ hostname, host: whole.host }];
  });
}
