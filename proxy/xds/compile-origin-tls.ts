import { createHash } from 'node:crypto';
import { unpack } from '../../proto/any.ts';
import type { TransportSocket__Output } from '../../proto/generated/envoy/config/core/v3/TransportSocket.ts';
import type { CertificateValidationContext__Output } from '../../proto/generated/envoy/extensions/transport_sockets/tls/v3/CertificateValidationContext.ts';
import type { UpstreamTlsContext__Output } from '../../proto/generated/envoy/extensions/transport_sockets/tls/v3/UpstreamTlsContext.ts';
import { textOf } from '../../proto/validate/certificates.ts';
import type { ClusterConfig } from '../cluster/cluster-config.ts';

type OriginTlsConfig = NonNullable<ClusterConfig['originTls']>;

const upstreamTls = 'envoy.extensions.transport_sockets.tls.v3.UpstreamTlsContext';

/**
 * What is verified where TLS is opened to what is outside the mesh; null for TLS of the mesh, which shows a certificate of our
 * own and whose roots come by SDS.
 */
export function originationOf({
  common_tls_context: context,
}: UpstreamTlsContext__Output): CertificateValidationContext__Output | null {
  return context?.tls_certificate_sds_secret_configs.length === 0 ? (context.validation_context ?? null) : null;
}

/** Null for plaintext. */
export function compileOriginTls(socket: TransportSocket__Output | null): OriginTlsConfig | null {
  if (!socket?.typed_config) return null;
  const { name, message } = unpack(socket.typed_config);
  if (name !== upstreamTls) return null;
  const validation = originationOf(message);
  if (validation === null)
    throw new Error('transport_socket: TLS of the mesh to endpoints outside the mesh is not supported');
  const config = {
    sni: message.sni,
    alpnProtocols: message.common_tls_context?.alpn_protocols ?? [],
    names: validation.match_typed_subject_alt_names.map(({ san_type: type, matcher }) => ({
      kind: type === 'URI' ? ('URI' as const) : ('DNS' as const),
      name: matcher?.exact ?? '',
    })),
    rootsPem: validation.trusted_ca === null ? null : textOf(validation.trusted_ca),
    minVersion: minVersionOf(message),
    clientCertificate: clientCertificateOf(message),
  };
  return { ...config, key: createHash('sha256').update(JSON.stringify(config)).digest('base64') };
}

function minVersionOf({ common_tls_context: context }: UpstreamTlsContext__Output): OriginTlsConfig['minVersion'] {
  return context?.tls_params?.tls_minimum_protocol_version === 'TLSv1_3' ? 'TLSv1.3' : 'TLSv1.2';
}

function clientCertificateOf({ common_tls_context: context }: UpstreamTlsContext__Output) {
  const [shown] = context?.tls_certificates ?? [];
  if (shown === undefined) return null;
  return { certificateFile: shown.certificate_chain?.filename ?? '', keyFile: shown.private_key?.filename ?? '' };
}
