import { pack } from '../../../proto/any.ts';
import { msToDuration } from '../../../proto/duration.ts';
import { TLS_INSPECTOR_FILTER } from '../../../proto/extension-names.ts';
import type { Input } from '../../../proto/load.ts';
import {
  ALPN_HTTP1,
  ALPN_HTTP2,
  ALPN_TCP,
  inboundClusterName,
  inboundListenerName,
  PASSTHROUGH_CLUSTER,
  VIRTUAL_OUTBOUND,
} from '../../../proto/names.ts';
import { reasonHeader } from '../../../proto/protected-headers.ts';
import { withConnectionRates } from '../filters/connection-rates.ts';
import { rateLimitFilter } from '../filters/global-rate-limits.ts';
import type { InboundLimits } from '../filters/inbound-limits.ts';
import { noLimits, withLimits } from '../filters/inbound-limits.ts';
import { inboundFilters, outboundFilters } from '../filters/stock-filters.ts';
import { socketAddress } from '../parts/message-parts.ts';
import { downstreamTls } from '../parts/tls-context.ts';
import type { Abilities } from '../view/abilities.ts';
import type { MeshedPort } from '../view/instance.ts';
import type { ExternalListing } from './external-listing.ts';
import type { HttpSettings } from './http-settings.ts';
import { httpConnectionManager } from './http-settings.ts';
import { tcpProxy } from './tcp-proxy.ts';

type Listener = Input<'envoy.config.listener.v3.Listener'>;
type FilterChain = Input<'envoy.config.listener.v3.FilterChain'>;
type HttpConnectionManager = Input<'envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager'>;
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
  const countedBy = limits.countedBy === null ? [] : [rateLimitFilter(limits.countedBy, abilities)];
  const http = (chain: string, alpn: string[], codec: Pick<HttpConnectionManager, 'codec_type'>): FilterChain => ({
    name: chain,
    filter_chain_match: { transport_protocol: 'tls', application_protocols: alpn },
    transport_socket: downstreamTls(trustDomain, alpn, abilities),
    filters: [
      httpConnectionManager(
        name,
        inboundRoutes(port.port, limits, abilities),
        {
          // A caller's own word about who it is never passes; what the handshake proved takes its place.
          forward_client_cert_details: 'SANITIZE_SET',
          set_current_client_cert_details: { uri: true },
          ...codec,
          ...settings,
        },
        abilities.stock ? inboundFilters(limits) : countedBy,
      ),
    ],
  });
  const listener = {
    name,
    address: socketAddress(port.inbound.address, port.inbound.port),
    traffic_direction: 'INBOUND',
  } as const;
  const takesBytes = abilities.tcp && limits.takesBytes;
  if (!abilities.stock && !takesBytes) {
    const { filter_chain_match: _, ...only } = http(name, httpAlpn, {});
    return { ...listener, filter_chains: [only] };
  }
  // AUTO would take every ALPN name but `h2` itself for HTTP/1.1
  const chains = abilities.stock
    ? [http(name, [ALPN_HTTP1], { codec_type: 'HTTP1' }), http(`${name}h2`, [ALPN_HTTP2], { codec_type: 'HTTP2' })]
    : [http(name, httpAlpn, {})];
  const tcp = withConnectionRates(
    {
      name: `${name}tcp`,
      filter_chain_match: { transport_protocol: 'tls', application_protocols: [ALPN_TCP] },
      transport_socket: downstreamTls(trustDomain, [ALPN_TCP], abilities),
      filters: [tcpProxy(name, [{ cluster: inboundClusterName(port.port), weight: 1 }])],
    },
    limits.connectionRates,
  );
  return {
    ...listener,
    listener_filters: [
      {
        name: TLS_INSPECTOR_FILTER,
        typed_config: pack('envoy.extensions.filters.listener.tls_inspector.v3.TlsInspector', {}),
      },
    ],
    filter_chains: takesBytes ? [...chains, tcp] : chains,
  };
}

function inboundRoutes(
  port: number,
  limits: InboundLimits,
  client: Pick<Abilities, 'stock' | 'rateLimitCost'>,
): RouteConfiguration {
  const route = {
    name: 'default',
    match: { prefix: '/' },
    route: { cluster: inboundClusterName(port), timeout: msToDuration(0) },
    // callers believe it of what is behind mutual TLS: a sidecar cuts what its application says, an Envoy has to be told
    ...(client.stock && { response_headers_to_remove: [reasonHeader] }),
  };
  return {
    name: inboundListenerName(port),
    virtual_hosts: [
      {
        name: `inbound|http|${port}`,
        domains: ['*'],
        routes: [withLimits(route, limits, client)],
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
  const routes = { name: VIRTUAL_OUTBOUND, virtual_hosts: [...refused, otherHosts(policy)] };
  // The sidecar binds the address of its own configuration; a listener cannot be without one.
  return { ...outbound(15_001, httpConnectionManager(VIRTUAL_OUTBOUND, routes, settings)), ...metadata };
}

/** The same for an Envoy, which takes all its calls here and has all its routes in one resource, the host deciding. */
export function stockOutboundListener(port: number, settings: HttpSettings): Listener {
  const routes = { routeConfigurationName: VIRTUAL_OUTBOUND };
  return outbound(port, httpConnectionManager(VIRTUAL_OUTBOUND, routes, settings, outboundFilters));
}

function outbound(port: number, filter: Input<'envoy.config.listener.v3.Filter'>): Listener {
  return {
    name: VIRTUAL_OUTBOUND,
    address: socketAddress('127.0.0.1', port),
    traffic_direction: 'OUTBOUND',
    filter_chains: [{ name: VIRTUAL_OUTBOUND, filters: [filter] }],
  };
}

/** The hosts that are no services. */
export function otherHosts(policy: OutboundPolicy): Input<'envoy.config.route.v3.VirtualHost'> {
  return policy === 'ALLOW_ANY'
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
        routes: [{ name: 'block_all', match: { prefix: '/' }, direct_response: { status: 502, body: notRegistered } }],
      };
}
