import {
  outboundClusterName,
  outboundListenerName,
  parseRouteConfigurationName,
  routeConfigurationName,
  serviceHost,
} from '../../proto/names.ts';
import { isWildcard } from '../model/external-service/host.ts';
import { ownAddress } from './listeners/service-listener.ts';
import type { Service, ServiceCatalog } from './services/service-catalog.ts';
import { destinationName } from './services/service-catalog.ts';

/** The routes of every port of a service, and of every version of it, by the names that they are called by. */
export function routeConfigurationNames(catalog: ServiceCatalog): readonly string[] {
  return catalog.all().flatMap((service) => namesOf(service, catalog));
}

function namesOf(service: Service, catalog: ServiceCatalog): readonly string[] {
  const names = ['', ...service.versions]
    .map((subset) => destinationName({ service, subset }))
    // A version whose name a service has taken is not called by it, and one with dots by no host name at all.
    .filter((name) => !name.includes('.') && catalog.find(service.namespace, name)?.service === service);
  return names.flatMap((name) =>
    service.ports.map(({ port }) => routeConfigurationName(serviceHost(name, service.namespace), port)),
  );
}

/** Of hosts outside the mesh that a client can be told of beforehand; their routes are called like that. */
export function externalAddresses(catalog: ServiceCatalog, namespace: string): readonly string[] {
  return catalog.external.addresses(namespace).filter((address) => {
    const host = parseRouteConfigurationName(address)?.host ?? '';
    return !isWildcard(host) && catalog.homonym(host) === null;
  });
}

/** With those that no address leads to, and routes may. */
export function externalClusterNames(catalog: ServiceCatalog, namespace: string): readonly string[] {
  const called = externalAddresses(catalog, namespace).flatMap((address) => {
    const parsed = parseRouteConfigurationName(address);
    return parsed === null ? [] : [outboundClusterName({ ...parsed, subset: '' })];
  });
  const overruled = catalog.external.overruled().filter(({ service }) => !isWildcard(service.host));
  const named = overruled.map(({ service, port }) =>
    outboundClusterName({ host: service.host, port: port.port, subset: service.namespace }),
  );
  return [...called, ...named];
}

export function outboundClusterNames(service: Service): readonly string[] {
  return service.ports.flatMap(({ port }) =>
    ['', ...service.versions].map((subset) => outboundClusterName({ host: service.host, port, subset })),
  );
}

/** A client that asks for all listeners binds each at its address, so only those with one of their own can be given. */
export function addressedListenerNames(service: Service): readonly string[] {
  return ownAddress(service) === null ? [] : service.ports.map(({ port }) => outboundListenerName(service.host, port));
}
