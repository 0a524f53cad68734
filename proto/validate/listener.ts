import type { Filter__Output } from '../generated/envoy/config/listener/v3/Filter.ts';
import type { FilterChain__Output } from '../generated/envoy/config/listener/v3/FilterChain.ts';
import type { FilterChainMatch__Output } from '../generated/envoy/config/listener/v3/FilterChainMatch.ts';
import type { Listener__Output } from '../generated/envoy/config/listener/v3/Listener.ts';
import type { Path, Violation } from '../violation.ts';
import { root, Violations } from '../violation.ts';
import { requireAddress } from './address.ts';
import { checkConnectionRateLimit } from './connection-rate-limit.ts';
import { checkDuration, refuse, requireName, requireOneOf, requireUnique } from './field-checks.ts';
import { checkHttpConnectionManager } from './http-connection-manager.ts';
import { checkTcpProxy } from './tcp-proxy.ts';
import { checkDownstreamTransportSocket } from './transport-socket.ts';
import { unpackAt } from './unpack-at.ts';

const HTTP_CONNECTION_MANAGER = 'envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager';
const TCP_PROXY = 'envoy.extensions.filters.network.tcp_proxy.v3.TcpProxy';
const CONNECTION_RATE_LIMIT = 'envoy.extensions.filters.network.local_ratelimit.v3.LocalRateLimit';
const HTTP_INSPECTOR = 'envoy.extensions.filters.listener.http_inspector.v3.HttpInspector';
const TLS_INSPECTOR = 'envoy.extensions.filters.listener.tls_inspector.v3.TlsInspector';

export function validateListener(listener: Listener__Output): Violation[] {
  const violations = new Violations();
  requireName(listener.name, root.field('name'), violations);
  requireAddress(listener.address, root.field('address'), violations, 0);
  checkFilterChains(listener, violations);
  for (const [index, filter] of listener.listener_filters.entries()) {
    const configAt = root.field('listener_filters').index(index).field('typed_config');
    unpackAt([TLS_INSPECTOR, HTTP_INSPECTOR], filter.typed_config, configAt, violations);
  }
  checkDuration(listener.listener_filters_timeout, root.field('listener_filters_timeout'), violations);
  refuse(listener, ['api_listener', 'per_connection_buffer_limit_bytes', 'tcp_backlog_size'], root, violations);
  return violations.list();
}

function checkFilterChains(listener: Listener__Output, violations: Violations): void {
  const chains = listener.filter_chains;
  const at = (index: number) => root.field('filter_chains').index(index);
  for (const [index, chain] of chains.entries()) {
    checkFilterChain(chain, at(index), violations);
  }
  if (listener.default_filter_chain !== null) {
    checkFilterChain(listener.default_filter_chain, root.field('default_filter_chain'), violations);
  } else if (chains.length === 0) {
    violations.add(root.field('filter_chains'), 'is required');
  }
  requireUnique(
    chains.map((chain) => chain.name),
    (index) => at(index).field('name'),
    violations,
  );
  // Of two chains with one match the second could never be chosen.
  requireUnique(
    chains.map((chain) => matchKey(chain.filter_chain_match)),
    (index) => at(index).field('filter_chain_match'),
    violations,
  );
}

function checkFilterChain(chain: FilterChain__Output, at: Path, violations: Violations): void {
  if (chain.filter_chain_match !== null) {
    checkFilterChainMatch(chain.filter_chain_match, at.field('filter_chain_match'), violations);
  }
  checkFilters(chain.filters, at.field('filters'), violations);
  if (chain.transport_socket !== null) {
    checkDownstreamTransportSocket(chain.transport_socket, at.field('transport_socket'), violations);
  }
  refuse(chain, ['transport_socket_connect_timeout'], at, violations);
}

function checkFilterChainMatch(match: FilterChainMatch__Output, at: Path, violations: Violations): void {
  refuse(match, ['destination_port'], at, violations);
  requireOneOf(match.transport_protocol, ['', 'tls', 'raw_buffer'], at.field('transport_protocol'), violations);
  for (const [index, protocol] of match.application_protocols.entries()) {
    requireName(protocol, at.field('application_protocols').index(index), violations);
  }
  for (const [index, name] of match.server_names.entries()) {
    // Upper case never matches: a server name is compared in lower case.
    if (!/^(?:\*\.)?[a-z0-9_-][a-z0-9._-]*$/.test(name) || name.length > 255) {
      violations.add(
        at.field('server_names').index(index),
        `must be a lower-case host or *.suffix, and is ${JSON.stringify(name.slice(0, 100))}`,
      );
    }
  }
}

/** One for each service that a port belongs to; each is looked at for each connection. */
const MAX_CONNECTION_RATES = 64;

/** What becomes of the connections stands last; limits of their rate stand before it, where they are only carried. */
function checkFilters(filters: readonly Filter__Output[], at: Path, violations: Violations): void {
  const last = filters.at(-1);
  if (last === undefined) {
    violations.add(at, 'must be one filter, and is 0');
    return;
  }
  const lastAt = at.index(filters.length - 1).field('typed_config');
  const filter = unpackAt([HTTP_CONNECTION_MANAGER, TCP_PROXY], last.typed_config, lastAt, violations);
  if (filter?.name === HTTP_CONNECTION_MANAGER) {
    checkHttpConnectionManager(filter.message, lastAt, violations);
    if (filters.length > 1) violations.add(at, `must be one filter, and is ${filters.length}`);
    return;
  }
  if (filter?.name === TCP_PROXY) checkTcpProxy(filter.message, lastAt, violations);
  if (filters.length - 1 > MAX_CONNECTION_RATES) violations.add(at, `has more than ${MAX_CONNECTION_RATES + 1}`);
  for (const [index, { typed_config: config }] of filters.slice(0, -1).entries()) {
    const limitAt = at.index(index).field('typed_config');
    const limit = unpackAt([CONNECTION_RATE_LIMIT], config, limitAt, violations);
    if (limit !== null) checkConnectionRateLimit(limit.message, limitAt, violations);
  }
}

/** Equal for matches that take the same connections. */
function matchKey(match: FilterChainMatch__Output | null): string {
  return JSON.stringify([
    match?.transport_protocol ?? '',
    [...(match?.application_protocols ?? [])].sort(),
    [...(match?.server_names ?? [])].sort(),
  ]);
}
