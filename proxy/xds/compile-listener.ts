import { unpack } from '../../proto/any.ts';
import { timerMs } from '../../proto/duration.ts';
import { parseExternalHosts } from '../../proto/external-hosts.ts';
import type { FilterChain__Output } from '../../proto/generated/envoy/config/listener/v3/FilterChain.ts';
import type { FilterChainMatch__Output } from '../../proto/generated/envoy/config/listener/v3/FilterChainMatch.ts';
import type { Listener__Output } from '../../proto/generated/envoy/config/listener/v3/Listener.ts';
import type { RouteConfiguration__Output } from '../../proto/generated/envoy/config/route/v3/RouteConfiguration.ts';
import type { HttpConnectionManager__Output } from '../../proto/generated/envoy/extensions/filters/network/http_connection_manager/v3/HttpConnectionManager.ts';
import type { CommonTlsContext__Output } from '../../proto/generated/envoy/extensions/transport_sockets/tls/v3/CommonTlsContext.ts';
import { parseClusterName } from '../../proto/names.ts';
import type { HttpSettings } from '../message/http-settings.ts';
import type { ChainMatch, Inspection } from '../route/filter-chains.ts';
import { compileConnectionRates } from './compile-connection-rate.ts';
import type { RateLimitServiceConfig } from './compile-global-rate-limit.ts';
import { compileRateLimitService } from './compile-global-rate-limit.ts';
import { compileHttpSettings } from './compile-http-settings.ts';
import type { TcpFilterConfig } from './compile-tcp-proxy.ts';
import { compileTcpProxy } from './compile-tcp-proxy.ts';

/** A listener as the control plane describes it. Times in milliseconds, 0 meaning none. */
export interface ListenerConfig {
  /** `inbound|8080||`, `virtualOutbound` or `outbound|80||cart.default.svc.cluster.local`. */
  readonly name: string;
  readonly address: string;
  readonly port: number;
  /** Null for plaintext. With TLS, clients must show an SVID of our trust domain. */
  readonly tls: { readonly alpnProtocols: readonly string[] } | null;
  readonly chains: readonly { readonly match: ChainMatch; readonly filter: FilterConfig }[];
  /** For connections that no chain takes; null where they are closed. */
  readonly defaultFilter: FilterConfig | null;
  readonly inspection: Inspection;
  /** Hosts outside the mesh that have routes of their own, `api.example.com:80`; of the outbound listener. */
  readonly externalHosts: readonly string[];
}

/** What a filter chain does with its connections. */
export type FilterConfig = HttpFilterConfig | TcpFilterConfig;

export interface HttpFilterConfig {
  readonly kind: 'http';
  /** Null where they come by name. */
  readonly routes: RouteConfiguration__Output | null;
  readonly routesName: string;
  readonly http: HttpSettings;
  /** Who counts the requests for routes with global limits; null for nobody. */
  readonly rateLimitService: RateLimitServiceConfig | null;
}

const connectionManager = 'envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager';
const tcpProxy = 'envoy.extensions.filters.network.tcp_proxy.v3.TcpProxy';
const downstreamTls = 'envoy.extensions.transport_sockets.tls.v3.DownstreamTlsContext';
const tlsInspector = 'envoy.extensions.filters.listener.tls_inspector.v3.TlsInspector';
const httpInspector = 'envoy.extensions.filters.listener.http_inspector.v3.HttpInspector';

/** Envoy's default of `listener_filters_timeout`. */
const INSPECTION_TIMEOUT_MS = 15_000;

/**
 * What a validated Listener means. `trustDomain` is our own: a listener that would let in others, or fewer, than everyone
 * of our trust domain is refused, since whom it lets in is decided by policy and not here. Throws for that, and for what is
 * valid xDS and this proxy does not have.
 */
export function compileListener(listener: Listener__Output, trustDomain: string): ListenerConfig {
  const { default_filter_chain: defaultChain } = listener;
  const isOfService = parseClusterName(listener.name)?.direction === 'outbound';
  const filterOf = (chain: FilterChain__Output, at: string) => compileFilter(chain, isOfService, at);
  const all = [...listener.filter_chains, ...(defaultChain === null ? [] : [defaultChain])];
  const socket = listener.address?.socket_address;
  return {
    name: listener.name,
    address: socket?.address ?? '',
    port: socket?.port_value ?? 0,
    tls: compileTls(all, trustDomain),
    chains: listener.filter_chains.map((chain, index) => ({
      match: compileMatch(chain.filter_chain_match),
      filter: filterOf(chain, `filter_chains[${index}]`),
    })),
    defaultFilter: defaultChain === null ? null : filterOf(defaultChain, 'default_filter_chain'),
    inspection: compileInspection(listener),
    externalHosts: parseExternalHosts(listener.metadata),
  };
}

function compileMatch(match: FilterChainMatch__Output | null): ChainMatch {
  const transport = match?.transport_protocol ?? '';
  return {
    serverNames: match?.server_names ?? [],
    transportProtocol: transport === 'tls' || transport === 'raw_buffer' ? transport : '',
    applicationProtocols: match?.application_protocols ?? [],
  };
}

function compileInspection(listener: Listener__Output): Inspection {
  const names = listener.listener_filters.map(({ typed_config: config }) => (config ? unpack(config).name : ''));
  const timeout = listener.listener_filters_timeout;
  return {
    tls: names.includes(tlsInspector),
    http: names.includes(httpInspector),
    timeoutMs: timeout === null ? INSPECTION_TIMEOUT_MS : timerMs(timeout),
    continuesOnTimeout: listener.continue_on_listener_filters_timeout,
  };
}

function compileFilter(chain: FilterChain__Output, isOfService: boolean, at: string): FilterConfig {
  const packed = chain.filters.at(-1)?.typed_config;
  if (!packed) throw new Error(`${at}.filters[0]: has no configuration`);
  const { name, message } = unpack(packed);
  if (name === tcpProxy) {
    const rates = compileConnectionRates(chain);
    if (isOfService && rates.length > 0) throw new Error(`${at}: only the sidecar of an instance counts connections`);
    return compileTcpProxy(message, rates);
  }
  if (name !== connectionManager) throw new Error(`${at}.filters[0]: ${name} is not known here`);
  const { route_config: routes, rds } = message;
  requireRoutes(message, isOfService, at);
  return {
    kind: 'http',
    routes: routes ?? null,
    routesName: rds?.route_config_name ?? '',
    http: compileHttpSettings(message),
    rateLimitService: compileRateLimitService(message),
  };
}

/** The routes of a service come by name, so that many may use them; those of a listener of ours stand in it. */
function requireRoutes(
  { route_config: routes }: HttpConnectionManager__Output,
  isOfService: boolean,
  at: string,
): void {
  if (isOfService && routes) throw new Error(`${at}: route_config: the routes of a service come by name, as rds`);
  if (!isOfService && !routes) throw new Error(`${at}: rds: the routes of a listener stand in it, as route_config`);
}

/** All chains or none have TLS, and the listener offers what any of them takes. */
function compileTls(chains: readonly FilterChain__Output[], trustDomain: string): ListenerConfig['tls'] {
  const alpnProtocols = new Set<string>();
  let secured = 0;
  for (const chain of chains) {
    if (!chain.transport_socket?.typed_config) continue;
    const { name, message } = unpack(chain.transport_socket.typed_config);
    if (name !== downstreamTls) continue;
    secured++;
    const context = message.common_tls_context;
    requireTrustDomain(context, trustDomain);
    for (const protocol of context?.alpn_protocols ?? []) alpnProtocols.add(protocol);
  }
  if (secured === 0) return null;
  if (secured < chains.length) throw new Error('filter_chains: all have a transport_socket with TLS, or none has');
  return { alpnProtocols: [...alpnProtocols] };
}

function requireTrustDomain(context: CommonTlsContext__Output | null, trustDomain: string): void {
  const validation =
    context?.combined_validation_context?.default_validation_context ?? context?.validation_context ?? null;
  for (const { matcher } of validation?.match_typed_subject_alt_names ?? []) {
    if (matcher?.prefix !== `spiffe://${trustDomain}/`) {
      throw new Error(
        `match_typed_subject_alt_names: a listener lets in spiffe://${trustDomain}/, not ${matcher?.prefix ?? matcher?.exact}`,
      );
    }
  }
}
