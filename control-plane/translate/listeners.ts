import { pack } from '../../proto/any.ts';
import { msToDuration } from '../../proto/duration.ts';
import { HTTP_CONNECTION_MANAGER_FILTER, ROUTER_FILTER } from '../../proto/extension-names.ts';
import type { Input } from '../../proto/load.ts';
import { inboundClusterName, inboundListenerName, PASSTHROUGH_CLUSTER, VIRTUAL_OUTBOUND } from '../../proto/names.ts';
import type { MeshedPort } from './instance.ts';
import { socketAddress } from './message-parts.ts';
import { downstreamTls } from './tls-context.ts';

type Listener = Input<'envoy.config.listener.v3.Listener'>;
type HttpConnectionManager = Input<'envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager'>;
type RouteConfiguration = Input<'envoy.config.route.v3.RouteConfiguration'>;

/** What happens to a request for a host that is no service of the mesh. */
export type OutboundPolicy = 'ALLOW_ANY' | 'REGISTRY_ONLY';

/**
 * The listener behind which a sidecar takes mesh traffic for one application port: mutual TLS or nothing.
 *
 * Its route has no timeout and no retries: the caller's sidecar has both, and two layers would multiply them.
 */
export function inboundListener(port: MeshedPort, trustDomain: string): Listener {
  const name = inboundListenerName(port.port);
  const routes: RouteConfiguration = {
    name,
    virtual_hosts: [
      {
        name: `inbound|http|${port.port}`,
        domains: ['*'],
        routes: [
          {
            name: 'default',
            match: { prefix: '/' },
            route: { cluster: inboundClusterName(port.port), timeout: msToDuration(0) },
          },
        ],
      },
    ],
  };
  return {
    name,
    address: socketAddress(port.inbound.address, port.inbound.port),
    traffic_direction: 'INBOUND',
    filter_chains: [
      {
        name,
        transport_socket: downstreamTls(trustDomain),
        filters: [
          httpConnectionManager(name, routes, {
            // A caller's own word about who it is never passes; what the handshake proved takes its place.
            forward_client_cert_details: 'SANITIZE_SET',
            set_current_client_cert_details: { uri: true },
          }),
        ],
      },
    ],
  };
}

/** What a sidecar does with calls to hosts that are no services. Those to services are decided by their own routes. */
export function outboundListener(policy: OutboundPolicy): Listener {
  const virtualHost =
    policy === 'ALLOW_ANY'
      ? {
          name: 'allow_any',
          domains: ['*'],
          routes: [
            {
              name: 'allow_any',
              match: { prefix: '/' },
              route: { cluster: PASSTHROUGH_CLUSTER, timeout: msToDuration(0) },
            },
          ],
        }
      : {
          name: 'block_all',
          domains: ['*'],
          routes: [{ name: 'block_all', match: { prefix: '/' }, direct_response: { status: 404 } }],
        };
  return {
    name: VIRTUAL_OUTBOUND,
    // The sidecar binds the address of its own configuration; a listener cannot be without one.
    address: socketAddress('127.0.0.1', 15001),
    traffic_direction: 'OUTBOUND',
    filter_chains: [
      {
        name: VIRTUAL_OUTBOUND,
        filters: [
          httpConnectionManager(VIRTUAL_OUTBOUND, { name: VIRTUAL_OUTBOUND, virtual_hosts: [virtualHost] }, {}),
        ],
      },
    ],
  };
}

function httpConnectionManager(
  statPrefix: string,
  routes: RouteConfiguration,
  more: HttpConnectionManager,
): Input<'envoy.config.listener.v3.Filter'> {
  return {
    name: HTTP_CONNECTION_MANAGER_FILTER,
    typed_config: pack('envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager', {
      stat_prefix: statPrefix,
      route_config: routes,
      http_filters: [
        {
          name: ROUTER_FILTER,
          typed_config: pack('envoy.extensions.filters.http.router.v3.Router', {}),
        },
      ],
      ...more,
    }),
  };
}
