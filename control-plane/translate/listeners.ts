import { pack } from '../../proto/any.ts';
import { msToDuration } from '../../proto/duration.ts';
import { TLS_INSPECTOR_FILTER } from '../../proto/extension-names.ts';
import type { Input } from '../../proto/load.ts';
import {
  ALPN_HTTP1,
  ALPN_HTTP2,
  ALPN_TCP,
  inboundClusterName,
  inboundListenerName,
  PASSTHROUGH_CLUSTER,
  VIRTUAL_OUTBOUND,
} from '../../proto/names.ts';
import type { Abilities } from './abilities.ts';
import type { ExternalListing } from './external-listing.ts';
import { rateLimitFilter } from './global-rate-limits.ts';
import type { HttpSettings } from './http-settings.ts';
import { httpConnectionManager } from './http-settings.ts';
import type { InboundLimits } from './inbound-limits.ts';
import { noLimits, withLimits } from './inbound-limits.ts';
import type { MeshedPort } from './instance.ts';
import { socketAddress } from './message-parts.ts';
import { tcpProxy } from './tcp-proxy.ts';
import { downstreamTls } from './tls-context.ts';

type Listener = Input<'envoy.config.listener.v3.Listener'>;
type FilterChain = Input<'envoy.config.listener.v3.FilterChain'>;
type RouteConfiguration = Input<'envoy.config.route.v3.RouteConfiguration'>;

/** What happens to a request for a host that is no service of the mesh. */
export type OutboundPolicy = 'ALLOW_ANY' | 'REGISTRY_ONLY';

/**
 * The listener behind which a sidecar takes mesh traffic for one application port: mutual TLS or nothing. What is inside
 * is told by the ALPN name that the caller's sidecar offered, whatever anybody declared of the port: nothing is guessed,
 * and a change of the declaration never finds caller and listener at odds.
 *
 * Its route has no timeout and no retries: the caller's sidecar has both, and two layers would multiply them.
 */
export function inboundListener(
  port: MeshedPort,
  trustDomain: string,
  abilities: Abilities,
  settings: HttpSettings,
  limits: InboundLimits = noLimits,
): Listener {
  const name = inboundListenerName(port.port);
  const httpAlpn = [ALPN_HTTP1, ...(abilities.http2 ? [ALPN_HTTP2] : [])];
  const http: FilterChain = {
    name,
    transport_socket: downstreamTls(trustDomain, httpAlpn),
    filters: [
      httpConnectionManager(
        name,
        inboundRoutes(port.port, limits),
        {
          // A caller's own word about who it is never passes; what the handshake proved takes its place.
          forward_client_cert_details: 'SANITIZE_SET',
          set_current_client_cert_details: { uri: true },
          ...settings,
        },
        limits.countedBy === null ? [] : [rateLimitFilter(limits.countedBy)],
      ),
    ],
  };
  const listener = {
    name,
    address: socketAddress(port.inbound.address, port.inbound.port),
    traffic_direction: 'INBOUND',
  } as const;
  if (!abilities.tcp || !limits.takesBytes) return { ...listener, filter_chains: [http] };
  return {
    ...listener,
    listener_filters: [
      {
        name: TLS_INSPECTOR_FILTER,
        typed_config: pack('envoy.extensions.filters.listener.tls_inspector.v3.TlsInspector', {}),
      },
    ],
    filter_chains: [
      { ...http, filter_chain_match: { transport_protocol: 'tls', application_protocols: httpAlpn } },
      {
        name: `${name}tcp`,
        filter_chain_match: { transport_protocol: 'tls', application_protocols: [ALPN_TCP] },
        transport_socket: downstreamTls(trustDomain, [ALPN_TCP]),
        filters: [tcpProxy(name, [{ cluster: inboundClusterName(port.port), weight: 1 }])],
      },
    ],
  };
}

function inboundRoutes(port: number, limits: InboundLimits): RouteConfiguration {
  const route = {
    name: 'default',
    match: { prefix: '/' },
    route: { cluster: inboundClusterName(port), timeout: msToDuration(0) },
  };
  return {
    name: inboundListenerName(port),
    virtual_hosts: [
      {
        name: `inbound|http|${port}`,
        domains: ['*'],
        routes: [withLimits(route, limits)],
      },
    ],
  };
}

/** For an Envoy; a sidecar of ours names the host too. Istio answers the same status. */
const notRegistered = {
  inline_string: 'outboundTrafficPolicy is REGISTRY_ONLY, and no ExternalService lists this host and port',
};

/** What a sidecar does with calls to hosts that are no services. Those to services are decided by their own routes. */
export function outboundListener(
  policy: OutboundPolicy,
  settings: HttpSettings,
  { metadata, refused }: ExternalListing,
): Listener {
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
          routes: [
            { name: 'block_all', match: { prefix: '/' }, direct_response: { status: 502, body: notRegistered } },
          ],
        };
  return {
    name: VIRTUAL_OUTBOUND,
    ...metadata,
    // The sidecar binds the address of its own configuration; a listener cannot be without one.
    address: socketAddress('127.0.0.1', 15001),
    traffic_direction: 'OUTBOUND',
    filter_chains: [
      {
        name: VIRTUAL_OUTBOUND,
        filters: [
          httpConnectionManager(
            VIRTUAL_OUTBOUND,
            { name: VIRTUAL_OUTBOUND, virtual_hosts: [...refused, virtualHost] },
            settings,
          ),
        ],
      },
    ],
  };
}
