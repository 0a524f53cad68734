import { parseClusterName, VIRTUAL_OUTBOUND } from '../../proto/names.ts';
import { LISTENER_TYPE_URL } from '../../proto/type-urls.ts';
import { durationMs } from '../model/gateway-duration.ts';
import { defaultDetectionTimeout } from '../model/mesh.ts';
import { rateLimitService } from './filters/global-rate-limits.ts';
import { inboundLimits } from './filters/inbound-limits.ts';
import { externalListing } from './listeners/external-listing.ts';
import { httpSettings } from './listeners/http-settings.ts';
import { inboundListener, outboundListener, stockOutboundListener } from './listeners/listeners.ts';
import { serviceListener } from './listeners/service-listener.ts';
import { decidingTcpRoute, tcpTargets } from './listeners/tcp-routes.ts';
import type { MeshIndex } from './mesh-index.ts';
import type { PlannedResource } from './planned-resource.ts';
import { planned } from './planned-resource.ts';
import type { Abilities } from './view/abilities.ts';
import { abilitiesOf, protocolFor } from './view/abilities.ts';
import type { ClientView } from './view/client-view.ts';
import { takesServiceListeners } from './view/client-view.ts';
import type { MeshedPort } from './view/instance.ts';

/** null when there is no listener of this name for the client. */
export function planListener(index: MeshIndex, client: ClientView, name: string): PlannedResource | null {
  const abilities = abilitiesOf(client.features);
  if (name === VIRTUAL_OUTBOUND) return outbound(index, client, abilities);
  const port = index.inboundPort(client, name);
  if (port !== null) return inbound(index, client, name, port, abilities);
  return takesServiceListeners(client) ? ofService(index, client, name, abilities) : null;
}

function outbound(index: MeshIndex, client: ClientView, abilities: Abilities): PlannedResource {
  const { scope } = abilities;
  const { outboundPort: port = 15_001 } = client;
  if (abilities.stock) {
    return planned(LISTENER_TYPE_URL, VIRTUAL_OUTBOUND, `:${port}${scope}`, () =>
      stockOutboundListener(port, httpSettings(index.mesh, abilities)),
    );
  }
  return planned(
    LISTENER_TYPE_URL,
    VIRTUAL_OUTBOUND,
    `${index.catalog.external.scopeOf(client.namespace)}${scope}`,
    () =>
      outboundListener(
        index.outboundPolicy,
        httpSettings(index.mesh, abilities, { takesConnect: true }),
        externalListing(index.catalog, abilities, client.namespace),
      ),
  );
}

function inbound(index: MeshIndex, client: ClientView, name: string, port: MeshedPort, abilities: Abilities) {
  return planned(LISTENER_TYPE_URL, name, `${client.workload}${abilities.scope}`, () =>
    inboundListener(
      port,
      index.view.trustDomain,
      abilities,
      httpSettings(index.mesh, abilities),
      inboundLimits(index.governedPorts(client, port), abilities, rateLimitService(index.mesh, index.catalog)),
    ),
  );
}

function ofService(index: MeshIndex, client: ClientView, name: string, abilities: Abilities): PlannedResource | null {
  const target = parseClusterName(name);
  const called = target?.direction === 'outbound' && target.subset === '' ? index.calledPort(client, target) : null;
  if (called === null) return null;
  const { parent, destination, port, host } = called;
  const consumer = index.tcpRoutes.hasConsumerRoutes(parent, client.namespace) ? client.namespace : '';
  return planned(LISTENER_TYPE_URL, name, `${consumer}${called.scope}${abilities.scope}`, () => {
    const { service } = destination;
    const route = decidingTcpRoute(index.tcpRoutes.routesFor(parent, port, client.namespace));
    return serviceListener({
      host,
      service,
      port,
      protocol: protocolFor(service.declarationOf(port).protocol, abilities),
      abilities,
      targets: tcpTargets(destination, port, route, index.catalog),
      policy: index.policies.policyFor(service, port),
      settings: httpSettings(index.mesh, abilities),
      detectionTimeoutMs: durationMs(index.mesh?.spec.protocolDetectionTimeout ?? defaultDetectionTimeout),
    });
  });
}
