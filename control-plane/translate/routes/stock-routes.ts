import type { Input } from '../../../proto/load.ts';
import { messageType } from '../../../proto/load.ts';
import { parseRouteConfigurationName, parseServiceHost, VIRTUAL_OUTBOUND } from '../../../proto/names.ts';
import type { OutboundPolicy } from '../listeners/listeners.ts';
import { otherHosts } from '../listeners/listeners.ts';
import { soundRoutes } from './sound-routes.ts';

type RouteConfiguration = Input<'envoy.config.route.v3.RouteConfiguration'>;

/**
 * The routes of all service ports in one RDS resource, a virtual host for each: a stock Envoy cannot ask for routes by the
 * host of a request. It has one for every name by which an application may call the port; without a port 80 is meant.
 *
 * As in Istio, where such a resource is one for each port number.
 */
export function stockOutboundRoutes(
  ports: readonly RouteConfiguration[],
  namespace: string,
  policy: OutboundPolicy,
): RouteConfiguration {
  const sound = ports.map(
    (each) => soundRoutes(each, messageType('envoy.config.route.v3.RouteConfiguration').encode(each)) ?? each,
  );
  return {
    name: VIRTUAL_OUTBOUND,
    virtual_hosts: [
      ...sound.flatMap(({ name = '', virtual_hosts: hosts }) =>
        (hosts ?? []).map((host) => ({ ...host, domains: domainsOf(name, namespace) })),
      ),
      otherHosts(policy),
    ],
    ...(sound.some((each) => each.most_specific_header_mutations_wins) && {
      most_specific_header_mutations_wins: true,
    }),
  };
}

function domainsOf(configuration: string, namespace: string): string[] {
  const address = parseRouteConfigurationName(configuration);
  const service = address === null ? null : parseServiceHost(address.host);
  if (address === null) return [configuration];
  if (service === null) return address.port === 80 ? [configuration, address.host] : [configuration];
  const qualified = `${service.name}.${service.namespace}`;
  const hosts = [address.host, `${qualified}.svc`, qualified];
  if (service.namespace === namespace) hosts.push(service.name);
  return [...hosts.map((host) => `${host}:${address.port}`), ...(address.port === 80 ? hosts : [])];
}
