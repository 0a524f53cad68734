import { parseRouteConfigurationName, VIRTUAL_OUTBOUND } from '../../proto/names.ts';
import { ROUTE_CONFIGURATION_TYPE_URL } from '../../proto/type-urls.ts';
import type { FaultInjection } from '../model/fault-injection.ts';
import { faultWithin, hasEnded } from './filters/faults.ts';
import type { MeshIndex } from './mesh-index.ts';
import type { PlannedResource } from './planned-resource.ts';
import { encodeRoutes, planned } from './planned-resource.ts';
import { externalAddresses, routeConfigurationNames } from './resource-names.ts';
import { routeConfiguration } from './routes/routes.ts';
import { stockOutboundRoutes } from './routes/stock-routes.ts';
import type { Service, ServicePort } from './services/service-catalog.ts';
import type { Abilities } from './view/abilities.ts';
import { abilitiesOf } from './view/abilities.ts';
import type { ClientView } from './view/client-view.ts';

/** null when nothing is called by this name. */
export function planRoutes(index: MeshIndex, client: ClientView, name: string): PlannedResource | null {
  const { stock, scope } = abilitiesOf(client.features);
  if (name === VIRTUAL_OUTBOUND && stock) {
    return planned(ROUTE_CONFIGURATION_TYPE_URL, name, `${callerScope(client)}${scope}`, () =>
      stockOutboundRoutes(
        [...routeConfigurationNames(index.catalog), ...externalAddresses(index.catalog, client.namespace)].flatMap(
          (each) => routesOfPort(index, client, each)?.message() ?? [],
        ),
        client.namespace,
        index.outboundPolicy,
      ),
    );
  }
  const routes = routesOfPort(index, client, name);
  return routes === null
    ? null
    : { scope: routes.scope, encode: (previous) => encodeRoutes(name, routes.message(), previous) };
}

function routesOfPort(index: MeshIndex, client: ClientView, name: string) {
  const abilities = abilitiesOf(client.features);
  const called = index.calledPort(client, parseRouteConfigurationName(name));
  if (called === null) return null;
  const { parent, destination, port, host } = called;
  const consumer = index.routes.hasConsumerRoutes(parent, client.namespace) ? client.namespace : '';
  const routes = index.routes.routesFor(parent, port, client.namespace);
  const { namespace, serviceAccount } = client;
  const ofCaller = index.extensions.distinguishCallers(routes) ? callerScope(client) : '';
  const scope = `${consumer}${called.scope}${ofCaller}${abilities.scope}`;
  const carried = () => (destination.service.declarationOf(port).protocol === 'tcp' ? 'bytes' : 'requests');
  const message = () =>
    routeConfiguration(
      {
        host,
        destination,
        port,
        routes,
        extensions: index.extensions,
        caller: { namespace, serviceAccount },
        policy: index.policies.policyFor(destination.service, port),
        carried: abilities.tcp ? carried() : 'anything',
        fault: faultAt(index, destination.service, port, abilities),
        abilities,
      },
      index.catalog,
    );
  return { scope, message };
}

/** No namespace and no service account has such a name. */
function callerScope({ namespace, serviceAccount }: ClientView): string {
  return `@${namespace}/${serviceAccount ?? ''}`;
}

/** An Envoy does not know when it ends, so it is not told of one that has. */
function faultAt(index: MeshIndex, service: Service, port: ServicePort, abilities: Abilities): FaultInjection | null {
  const fault = index.faults.faultFor(service, port);
  if (fault === null || (abilities.stock && hasEnded(fault, index.view.nowMs))) return null;
  return faultWithin(fault, abilities);
}
