import type { Input, MessageName, Output } from './load.ts';
import { messageType } from './load.ts';
import type { TypeUrl } from './type-urls.ts';
import { messageNameOf, typeUrlOf } from './type-urls.ts';

/** What may travel inside a google.protobuf.Any. A type that is not here is outside the subset. */
const PACKABLE = [
  'envoy.config.cluster.v3.Cluster',
  'envoy.config.endpoint.v3.ClusterLoadAssignment',
  'envoy.config.listener.v3.Listener',
  'envoy.config.route.v3.RouteConfiguration',
  'envoy.extensions.filters.http.adaptive_concurrency.v3.AdaptiveConcurrency',
  'envoy.extensions.filters.http.admission_control.v3.AdmissionControl',
  'envoy.extensions.filters.http.bandwidth_limit.v3.BandwidthLimit',
  'envoy.extensions.filters.http.buffer.v3.Buffer',
  'envoy.extensions.filters.http.buffer.v3.BufferPerRoute',
  'envoy.extensions.filters.http.cors.v3.Cors',
  'envoy.extensions.filters.http.cors.v3.CorsPolicy',
  'envoy.extensions.filters.http.fault.v3.HTTPFault',
  'envoy.extensions.filters.http.local_ratelimit.v3.LocalRateLimit',
  'envoy.extensions.filters.http.ratelimit.v3.RateLimit',
  'envoy.extensions.filters.http.ratelimit.v3.RateLimitPerRoute',
  'envoy.extensions.filters.http.router.v3.Router',
  'envoy.extensions.filters.http.set_metadata.v3.Config',
  'envoy.extensions.filters.http.stateful_session.v3.StatefulSession',
  'envoy.extensions.filters.http.stateful_session.v3.StatefulSessionPerRoute',
  'envoy.extensions.filters.http.upstream_codec.v3.UpstreamCodec',
  'envoy.extensions.filters.listener.http_inspector.v3.HttpInspector',
  'envoy.extensions.filters.listener.tls_inspector.v3.TlsInspector',
  'envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager',
  'envoy.extensions.filters.network.local_ratelimit.v3.LocalRateLimit',
  'envoy.extensions.filters.network.tcp_proxy.v3.TcpProxy',
  'envoy.extensions.http.stateful_session.cookie.v3.CookieBasedSessionState',
  'envoy.extensions.http.stateful_session.header.v3.HeaderBasedSessionState',
  'envoy.extensions.load_balancing_policies.least_request.v3.LeastRequest',
  'envoy.extensions.load_balancing_policies.maglev.v3.Maglev',
  'envoy.extensions.load_balancing_policies.peak_ewma.v3alpha.PeakEwma',
  'envoy.extensions.load_balancing_policies.random.v3.Random',
  'envoy.extensions.load_balancing_policies.ring_hash.v3.RingHash',
  'envoy.extensions.load_balancing_policies.round_robin.v3.RoundRobin',
  'envoy.extensions.rate_limit_descriptors.expr.v3.Descriptor',
  'envoy.extensions.retry.host.previous_hosts.v3.PreviousHostsPredicate',
  'envoy.extensions.transport_sockets.raw_buffer.v3.RawBuffer',
  'envoy.extensions.transport_sockets.tls.v3.DownstreamTlsContext',
  'envoy.extensions.transport_sockets.tls.v3.Secret',
  'envoy.extensions.transport_sockets.tls.v3.UpstreamTlsContext',
  'envoy.extensions.upstreams.http.v3.HttpProtocolOptions',
  'heddle.v1.PeerPrincipal',
  'heddle.v1.RequestRate',
] as const satisfies readonly MessageName[];

export type PackableName = (typeof PACKABLE)[number];

/** A google.protobuf.Any. Both the input and the output form of the generated types can be given where this is. */
export interface PackedMessage {
  readonly type_url: string;
  readonly value: Uint8Array;
}

/** One member for each packable type, so that comparing `name` also tells the type of `message`. */
export type UnpackedMessage = {
  [Name in PackableName]: { readonly name: Name; readonly message: Output<Name> };
}[PackableName];

/** Bytes. What a resource holds can be no larger than a resource; gRPC's own limit for a message is the same 4 MiB. */
export const MAX_PACKED_BYTES = 4 * 1024 * 1024;

/** An Any that cannot be unpacked. The message says why in words for the one who sent it. */
export class UnpackError extends Error {
  override readonly name = 'UnpackError';
}

const packable: ReadonlySet<string> = new Set(PACKABLE);

export function isPackable(name: string): name is PackableName {
  return packable.has(name);
}

export function pack<Name extends PackableName>(
  name: Name,
  message: Input<Name>,
): { type_url: TypeUrl<Name>; value: Buffer } {
  return { type_url: typeUrlOf(name), value: messageType(name).encode(message) };
}

/** Throws an UnpackError when the type is outside the subset, the bytes are too many, or they do not decode. */
export function unpack(any: PackedMessage): UnpackedMessage {
  const name = messageNameOf(any.type_url);
  if (name === null || !isPackable(name)) {
    throw new UnpackError(`the type ${JSON.stringify(any.type_url)} is outside the subset`);
  }
  if (any.value.byteLength > MAX_PACKED_BYTES) {
    throw new UnpackError(`${any.value.byteLength} bytes of ${name} are more than ${MAX_PACKED_BYTES}`);
  }
  try {
    // The type checker cannot relate one name to one member of the union; the codec was looked up by this very name.
    return { name, message: messageType(name).decode(any.value) } as UnpackedMessage;
  } catch (cause) {
    throw new UnpackError(`malformed ${name}: ${(cause as Error).message}`, { cause });
  }
}

/** As unpack, for a place where only one type makes sense. */
export function unpackAs<Name extends PackableName>(name: Name, any: PackedMessage): Output<Name> {
  const unpacked = unpack(any);
  if (unpacked.name !== name) {
    throw new UnpackError(`${unpacked.name} stands where ${name} belongs`);
  }
  return unpacked.message as Output<Name>;
}
