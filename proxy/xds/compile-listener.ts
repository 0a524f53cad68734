import { unpack, unpackAs } from '../../proto/any.ts';
import type { FilterChain__Output } from '../../proto/generated/envoy/config/listener/v3/FilterChain.ts';
import type { Listener__Output } from '../../proto/generated/envoy/config/listener/v3/Listener.ts';
import type { RouteConfiguration__Output } from '../../proto/generated/envoy/config/route/v3/RouteConfiguration.ts';
import type { CommonTlsContext__Output } from '../../proto/generated/envoy/extensions/transport_sockets/tls/v3/CommonTlsContext.ts';
import type { HttpSettings } from '../http-settings.ts';
import { compileHttpSettings } from './compile-http-settings.ts';

/** A listener as the control plane describes it. Times in milliseconds, 0 meaning none. */
export interface ListenerConfig {
  /** `inbound|8080||` or `virtualOutbound`. */
  readonly name: string;
  readonly address: string;
  readonly port: number;
  /** Null for plaintext. With TLS, clients must show an SVID of our trust domain. */
  readonly tls: { readonly alpnProtocols: readonly string[] } | null;
  readonly routes: RouteConfiguration__Output;
  readonly http: HttpSettings;
}

const connectionManager = 'envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager' as const;
const downstreamTls = 'envoy.extensions.transport_sockets.tls.v3.DownstreamTlsContext';

/**
 * What a validated Listener means. `trustDomain` is our own: a listener that would let in others, or fewer, than everyone
 * of our trust domain is refused, since whom it lets in is decided by policy and not here. Throws for that, and for what is
 * valid xDS and this proxy does not have.
 */
export function compileListener(listener: Listener__Output, trustDomain: string): ListenerConfig {
  const chain = onlyChain(listener);
  const packed = chain.filters[0]?.typed_config;
  if (!packed) throw new Error('filter_chains[0].filters[0]: has no configuration');
  const manager = unpackAs(connectionManager, packed);
  if (!manager.route_config) throw new Error('rds: the routes of a listener stand in it, as route_config');
  const socket = listener.address?.socket_address;
  const tls = compileTls(chain, trustDomain);
  requireOwnMatch(chain, tls);
  return {
    name: listener.name,
    address: socket?.address ?? '',
    port: socket?.port_value ?? 0,
    tls,
    routes: manager.route_config,
    http: compileHttpSettings(manager),
  };
}

/** With one listener per application port there is nothing to choose a chain by. */
function onlyChain(listener: Listener__Output): FilterChain__Output {
  const chains = [...listener.filter_chains, ...(listener.default_filter_chain ? [listener.default_filter_chain] : [])];
  const [chain] = chains;
  if (chain === undefined || chains.length > 1) {
    throw new Error(`filter_chains: must be one, and is ${chains.length}`);
  }
  return chain;
}

/**
 * With one chain per listener its match may only say what the chain is anyway: TLS, and the protocols that it offers. A
 * client that names others fails the handshake.
 */
function requireOwnMatch({ filter_chain_match: match }: FilterChain__Output, tls: ListenerConfig['tls']): void {
  if (match === null) return;
  const isOwn =
    match.server_names.length === 0 &&
    match.application_protocols.every((protocol) => tls?.alpnProtocols.includes(protocol)) &&
    ['', tls === null ? 'raw_buffer' : 'tls'].includes(match.transport_protocol);
  if (!isOwn) throw new Error('filter_chains[0].filter_chain_match: a listener with one chain takes every connection');
}

function compileTls(chain: FilterChain__Output, trustDomain: string): ListenerConfig['tls'] {
  if (!chain.transport_socket?.typed_config) return null;
  const { name, message } = unpack(chain.transport_socket.typed_config);
  if (name !== downstreamTls) return null;
  const context = message.common_tls_context;
  requireTrustDomain(context, trustDomain);
  return { alpnProtocols: context?.alpn_protocols ?? [] };
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
