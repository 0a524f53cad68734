import { pack } from '../../../proto/any.ts';
import { RAW_BUFFER_TRANSPORT_SOCKET, TLS_TRANSPORT_SOCKET } from '../../../proto/extension-names.ts';
import type { Input } from '../../../proto/load.ts';
import { LEAF_SECRET, ROOT_SECRET } from '../../../proto/names.ts';
import type { Abilities } from '../view/abilities.ts';
import { adsSource } from './message-parts.ts';

type TransportSocket = Input<'envoy.config.core.v3.TransportSocket'>;
type SubjectAltNameMatcher = Input<'envoy.extensions.transport_sockets.tls.v3.SubjectAltNameMatcher'>;

export function plaintext(): TransportSocket {
  return {
    name: RAW_BUFFER_TRANSPORT_SOCKET,
    typed_config: pack('envoy.extensions.transport_sockets.raw_buffer.v3.RawBuffer', {}),
  };
}

/**
 * What a caller presents and demands: exactly these identities, proven by a chain to the trust domain's roots. The ALPN
 * names are all that may be spoken; the caller offers the one that it is going to speak.
 */
export function upstreamTls(
  sni: string,
  identities: readonly string[],
  alpnProtocols: readonly string[],
  client: Pick<Abilities, 'stock'>,
): TransportSocket {
  return {
    name: TLS_TRANSPORT_SOCKET,
    typed_config: pack('envoy.extensions.transport_sockets.tls.v3.UpstreamTlsContext', {
      sni,
      common_tls_context: meshTls(
        identities.map((exact) => ({ san_type: 'URI', matcher: { exact } })),
        alpnProtocols,
        client,
      ),
    }),
  };
}

/** What an inbound listener demands: a certificate of the trust domain. Who may do what is decided later, by rules. */
export function downstreamTls(
  trustDomain: string,
  alpnProtocols: readonly string[],
  client: Pick<Abilities, 'stock'>,
): TransportSocket {
  return {
    name: TLS_TRANSPORT_SOCKET,
    typed_config: pack('envoy.extensions.transport_sockets.tls.v3.DownstreamTlsContext', {
      require_client_certificate: { value: true },
      // The slash keeps `spiffe://cluster.local.example/…` out of `cluster.local`.
      common_tls_context: meshTls(
        [{ san_type: 'URI', matcher: { prefix: `spiffe://${trustDomain}/` } }],
        alpnProtocols,
        client,
      ),
    }),
  };
}

/**
 * The leaf goes by its name only: the client has it, with the key, and nobody else. A sidecar knows that; an Envoy looks for
 * a name without a source among its own `static_resources`, and would wait for ever for one with a source.
 */
function meshTls(
  names: readonly SubjectAltNameMatcher[],
  alpnProtocols: readonly string[],
  { stock }: Pick<Abilities, 'stock'>,
): Input<'envoy.extensions.transport_sockets.tls.v3.CommonTlsContext'> {
  return {
    tls_params: { tls_minimum_protocol_version: 'TLSv1_3', tls_maximum_protocol_version: 'TLSv1_3' },
    alpn_protocols: [...alpnProtocols],
    tls_certificate_sds_secret_configs: [{ name: LEAF_SECRET, ...(!stock && { sds_config: adsSource }) }],
    combined_validation_context: {
      default_validation_context: { match_typed_subject_alt_names: [...names] },
      validation_context_sds_secret_config: { name: ROOT_SECRET, sds_config: adsSource },
    },
  };
}
