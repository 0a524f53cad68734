import { pack, unpack } from '../../../proto/any.ts';
import type { Input, Output } from '../../../proto/load.ts';
import { messageType } from '../../../proto/load.ts';
import type { ResourceTypeUrl } from '../../../proto/type-urls.ts';
import {
  CLUSTER_LOAD_ASSIGNMENT_TYPE_URL,
  CLUSTER_TYPE_URL,
  LISTENER_TYPE_URL,
  ROUTE_CONFIGURATION_TYPE_URL,
  SECRET_TYPE_URL,
} from '../../../proto/type-urls.ts';
import type { Snapshot } from '../snapshot.ts';
import type { ClientView } from '../view/client-view.ts';

const HTTP_CONNECTION_MANAGER = 'envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager';
const UPSTREAM_TLS = 'envoy.extensions.transport_sockets.tls.v3.UpstreamTlsContext';
const DOWNSTREAM_TLS = 'envoy.extensions.transport_sockets.tls.v3.DownstreamTlsContext';

const listenerType = messageType('envoy.config.listener.v3.Listener');
const clusterType = messageType('envoy.config.cluster.v3.Cluster');
const routesType = messageType('envoy.config.route.v3.RouteConfiguration');
const secretType = messageType('envoy.extensions.transport_sockets.tls.v3.Secret');
const endpointsType = messageType('envoy.config.endpoint.v3.ClusterLoadAssignment');

/**
 * `envoy.config.bootstrap.v3.Bootstrap` with everything in it that a client would be sent, routes and endpoints in the place
 * of their names: `envoy --mode validate` looks at it as a running Envoy looks at what comes from the control plane. In bytes,
 * as a file whose name ends with `.pb`.
 */
export function envoyBootstrap(
  snapshot: Snapshot,
  client: ClientView,
  leaf: Input<'envoy.extensions.transport_sockets.tls.v3.Secret'>,
): Buffer {
  const bytesOf = (typeUrl: ResourceTypeUrl, name: string) => snapshot.resource(client, typeUrl, name)?.bytes ?? null;
  const all = (typeUrl: ResourceTypeUrl) =>
    snapshot.names(client, typeUrl).flatMap((name) => bytesOf(typeUrl, name) ?? []);
  const listeners = all(LISTENER_TYPE_URL).map((bytes) =>
    listenerType.encode(
      withRoutes(listenerType.decode(bytes), (name) => {
        const routes = bytesOf(ROUTE_CONFIGURATION_TYPE_URL, name);
        return routes === null ? { name } : routesType.decode(routes);
      }),
    ),
  );
  const clusters = all(CLUSTER_TYPE_URL).map((bytes) => {
    const { eds_cluster_config: eds, ...cluster } = clusterType.decode(bytes);
    if (eds === null) return bytes;
    const endpoints = bytesOf(CLUSTER_LOAD_ASSIGNMENT_TYPE_URL, eds.service_name);
    const inline = {
      ...cluster,
      type: 'STATIC',
      load_assignment: endpoints === null ? { cluster_name: cluster.name } : endpointsType.decode(endpoints),
      transport_socket_matches: cluster.transport_socket_matches.map((each) => ({
        ...each,
        transport_socket: withRoots(each.transport_socket),
      })),
    };
    return clusterType.encode(inline as Input<'envoy.config.cluster.v3.Cluster'>);
  });
  const secrets = [secretType.encode(leaf), ...all(SECRET_TYPE_URL)];
  const node = messageType('envoy.config.core.v3.Node').encode({ id: 'validated', cluster: 'validated' });
  const statics = Buffer.concat([
    ...listeners.map((bytes) => field(1, bytes)),
    ...[...clusters, clusterType.encode(ads)].map((bytes) => field(2, bytes)),
    ...secrets.map((bytes) => field(3, bytes)),
  ]);
  return Buffer.concat([field(1, node), field(2, statics), field(3, field(3, adsConfig))]);
}

/** Nobody is asked when a configuration is only looked at, but a cluster has to be there. */
const ads = { name: 'ads', type: 'STATIC', connect_timeout: { seconds: 1 } } as const;

/** ApiConfigSource: DELTA_GRPC, V3, and `envoy_grpc.cluster_name` of its one service. */
const adsConfig = Buffer.concat([Buffer.from([0x08, 3, 0x40, 2]), field(4, field(1, field(1, Buffer.from(ads.name))))]);

function withRoutes(
  listener: Output<'envoy.config.listener.v3.Listener'>,
  routesOf: (name: string) => Input<'envoy.config.route.v3.RouteConfiguration'>,
): Input<'envoy.config.listener.v3.Listener'> {
  const filter_chains = listener.filter_chains.map((chain) => ({
    ...chain,
    transport_socket: withRoots(chain.transport_socket),
    filters: chain.filters.map(({ name, typed_config }) => {
      const unpacked = typed_config ? unpack(typed_config) : null;
      if (unpacked?.name !== HTTP_CONNECTION_MANAGER || !unpacked.message.rds) return { name, typed_config };
      const { rds, ...manager } = unpacked.message;
      const route_config = routesOf(rds.route_config_name);
      const inline = { ...manager, route_specifier: 'route_config', route_config };
      return { name, typed_config: pack(HTTP_CONNECTION_MANAGER, inline as Input<typeof HTTP_CONNECTION_MANAGER>) };
    }),
  }));
  return { ...listener, filter_chains } as Input<'envoy.config.listener.v3.Listener'>;
}

/** Looks for the roots in the bootstrap: an Envoy that only validates has no stream to ask on, and dies of it. */
function withRoots(socket: Output<'envoy.config.core.v3.TransportSocket'> | null) {
  const unpacked = socket?.typed_config ? unpack(socket.typed_config) : null;
  if (socket === null || (unpacked?.name !== UPSTREAM_TLS && unpacked?.name !== DOWNSTREAM_TLS)) return socket;
  const common = unpacked.message.common_tls_context;
  const combined = common?.combined_validation_context;
  const name = combined?.validation_context_sds_secret_config?.name ?? '';
  const common_tls_context = {
    ...common,
    combined_validation_context: { ...combined, validation_context_sds_secret_config: { name } },
  };
  const message = { ...unpacked.message, common_tls_context } as Input<typeof UPSTREAM_TLS | typeof DOWNSTREAM_TLS>;
  return { name: socket.name, typed_config: pack(unpacked.name, message) };
}

/** One field of a message that is a message. */
function field(number: number, bytes: Uint8Array): Buffer {
  const length: number[] = [];
  let rest = bytes.length;
  do {
    length.push((rest % 128) + (rest >= 128 ? 128 : 0));
    rest = Math.floor(rest / 128);
  } while (rest > 0);
  return Buffer.concat([Buffer.from([number * 8 + 2, ...length]), bytes]);
}
