import { pack } from '../../../proto/any.ts';
import { HTTP_CONNECTION_MANAGER_FILTER, ROUTER_FILTER } from '../../../proto/extension-names.ts';
import type { Input } from '../../../proto/load.ts';
import type { Mesh } from '../../model/mesh.ts';
import { adsSource } from '../parts/message-parts.ts';
import type { Abilities } from '../view/abilities.ts';

type HttpConnectionManager = Input<'envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager'>;
type Filter = Input<'envoy.config.listener.v3.Filter'>;

/** Every request is treated alike in these, wherever it enters. */
export type HttpSettings = Pick<
  HttpConnectionManager,
  | 'http2_protocol_options'
  | 'upgrade_configs'
  | 'normalize_path'
  | 'merge_slashes'
  | 'path_with_escaped_slashes_action'
  | 'common_http_protocol_options'
>;

/** Where a connection manager has its routes from. */
export type Routes = Input<'envoy.config.route.v3.RouteConfiguration'> | { readonly routeConfigurationName: string };

/**
 * WebSocket is on everywhere, as in Istio; CONNECT only where a client may name any destination. Paths are made normal
 * before anything looks at them, as Mesh says.
 *
 * Source of the mapping: Istio `MeshConfig.pathNormalization`.
 */
export function httpSettings(
  mesh: Mesh | null,
  { http2, upgrade, normalization }: Abilities,
  { takesConnect = false } = {},
): HttpSettings {
  const level = mesh?.spec.pathNormalization.normalization ?? 'BASE';
  const underscores = mesh?.spec.headersWithUnderscoresAction ?? 'ALLOW';
  return {
    ...(http2 && upgrade && { http2_protocol_options: { allow_connect: true } }),
    ...(upgrade && {
      upgrade_configs: [{ upgrade_type: 'websocket' }, ...(takesConnect ? [{ upgrade_type: 'CONNECT' }] : [])],
    }),
    ...(normalization &&
      level !== 'NONE' && {
        normalize_path: { value: true },
        ...(level !== 'BASE' && { merge_slashes: true }),
        path_with_escaped_slashes_action:
          level === 'DECODE_AND_MERGE_SLASHES' ? 'UNESCAPE_AND_FORWARD' : 'KEEP_UNCHANGED',
      }),
    ...(normalization &&
      underscores !== 'ALLOW' && { common_http_protocol_options: { headers_with_underscores_action: underscores } }),
  };
}

/** `filters` stand before the router. */
export function httpConnectionManager(
  statPrefix: string,
  routes: Routes,
  more: HttpConnectionManager,
  filters: readonly NonNullable<HttpConnectionManager['http_filters']>[number][] = [],
): Filter {
  return {
    name: HTTP_CONNECTION_MANAGER_FILTER,
    typed_config: pack('envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager', {
      stat_prefix: statPrefix,
      ...('routeConfigurationName' in routes
        ? { rds: { config_source: adsSource, route_config_name: routes.routeConfigurationName } }
        : { route_config: routes }),
      http_filters: [
        ...filters,
        {
          name: ROUTER_FILTER,
          typed_config: pack('envoy.extensions.filters.http.router.v3.Router', {}),
        },
      ],
      ...more,
    }),
  };
}
