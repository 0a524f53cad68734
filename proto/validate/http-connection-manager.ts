import type { HttpConnectionManager__Output } from '../generated/envoy/extensions/filters/network/http_connection_manager/v3/HttpConnectionManager.ts';
import type { HttpFilter__Output } from '../generated/envoy/extensions/filters/network/http_connection_manager/v3/HttpFilter.ts';
import { messageNameOf } from '../type-urls.ts';
import type { Path, Violations } from '../violation.ts';
import { requireConfigSource } from './config-source.ts';
import { checkDuration, checkUInt32, refuse, requireName, requireOneOf, requireUnique } from './field-checks.ts';
import { checkCommonHttpOptions, checkHttp2Options } from './http-protocol-options.ts';
import { checkRateLimitFilter } from './rate-limit.ts';
import { checkRouteConfiguration } from './route-configuration.ts';
import { unpackAt } from './unpack-at.ts';
import { checkUpgrades } from './upgrades.ts';

const RATE_LIMIT = 'envoy.extensions.filters.http.ratelimit.v3.RateLimit';
const ROUTER = 'envoy.extensions.filters.http.router.v3.Router';

export function checkHttpConnectionManager(
  manager: HttpConnectionManager__Output,
  at: Path,
  violations: Violations,
): void {
  requireOneOf(manager.codec_type, ['AUTO'], at.field('codec_type'), violations);
  requireName(manager.stat_prefix, at.field('stat_prefix'), violations);
  // The others would pass on what a client claims about itself.
  requireOneOf(
    manager.forward_client_cert_details,
    ['SANITIZE', 'SANITIZE_SET'],
    at.field('forward_client_cert_details'),
    violations,
  );
  if (manager.rds) {
    requireConfigSource(manager.rds.config_source, at.field('rds').field('config_source'), violations);
    requireName(manager.rds.route_config_name, at.field('rds').field('route_config_name'), violations);
  } else if (manager.route_config) {
    checkRouteConfiguration(manager.route_config, at.field('route_config'), violations);
  } else {
    violations.add(at, 'needs rds or route_config');
  }
  checkHttpFilters(manager.http_filters, at.field('http_filters'), violations);
  for (const field of ['drain_timeout', 'stream_idle_timeout', 'request_timeout', 'request_headers_timeout'] as const) {
    checkDuration(manager[field], at.field(field), violations);
  }
  checkUInt32(manager.max_request_headers_kb, at.field('max_request_headers_kb'), violations, { min: 1, max: 8192 });
  const commonAt = at.field('common_http_protocol_options');
  checkCommonHttpOptions(manager.common_http_protocol_options, 'downstream', commonAt, violations);
  checkHttp2Options(manager.http2_protocol_options, 'downstream', at.field('http2_protocol_options'), violations);
  checkUpgrades(manager.upgrade_configs, ['websocket', 'connect'], at.field('upgrade_configs'), violations);
  requireOneOf(
    manager.path_with_escaped_slashes_action,
    ['IMPLEMENTATION_SPECIFIC_DEFAULT', 'KEEP_UNCHANGED', 'REJECT_REQUEST', 'UNESCAPE_AND_FORWARD'],
    at.field('path_with_escaped_slashes_action'),
    violations,
  );
  refuse(manager, ['server_name', 'use_remote_address', 'strip_any_host_port'], at, violations);
}

/** The router stands last and once; who counts requests may stand before it. An optional filter of a type outside the subset is one that the sidecar leaves out. */
function checkHttpFilters(filters: readonly HttpFilter__Output[], at: Path, violations: Violations): void {
  requireUnique(
    filters.map((filter) => filter.name),
    (index) => at.index(index).field('name'),
    violations,
  );
  for (const [index, filter] of filters.entries()) {
    const filterAt = at.index(index);
    requireName(filter.name, filterAt.field('name'), violations);
    refuse(filter, ['disabled'], filterAt, violations);
    if (isRouter(filter) && index < filters.length - 1) {
      violations.add(filterAt, 'is the router, which must be the last filter');
    } else if (isRateLimit(filter)) {
      const limit = unpackAt([RATE_LIMIT], filter.typed_config, filterAt.field('typed_config'), violations);
      if (limit !== null) checkRateLimitFilter(limit.message, filterAt.field('typed_config'), violations);
    } else if (isRouter(filter) || !filter.is_optional) {
      unpackAt([ROUTER], filter.typed_config, filterAt.field('typed_config'), violations);
    }
  }
  if (filters.filter(isRateLimit).length > 1) violations.add(at, 'names more than one rate limit service');
  const last = filters.at(-1);
  if (last === undefined || !isRouter(last)) {
    violations.add(at, 'must end with the router');
  }
}

function isRouter(filter: HttpFilter__Output): boolean {
  return messageNameOf(filter.typed_config?.type_url ?? '') === ROUTER;
}

function isRateLimit(filter: HttpFilter__Output): boolean {
  return messageNameOf(filter.typed_config?.type_url ?? '') === RATE_LIMIT;
}
