import { rootCertificates } from 'node:tls';
import { describe, expect, it } from 'vitest';
import { pack } from '../any.ts';
import { TLS_TRANSPORT_SOCKET } from '../extension-names.ts';
import type { Input } from '../load.ts';
import { messageType } from '../load.ts';
import { validateCluster } from './cluster.ts';

type Cluster = Input<'envoy.config.cluster.v3.Cluster'>;
type CommonTls = Input<'envoy.extensions.transport_sockets.tls.v3.CommonTlsContext'>;
type Expected = Input<'envoy.extensions.transport_sockets.tls.v3.CertificateValidationContext'>;

const name = { san_type: 'DNS', matcher: { exact: 'api.example.com' } } as const;
const expected: Expected = { system_root_certs: {}, match_typed_subject_alt_names: [name] };

function external(socket: { sni?: string; tls?: CommonTls; expected?: Expected }, cluster: Cluster = {}): Cluster {
  const { sni = 'api.example.com', tls = {}, expected: validation_context = expected } = socket;
  const address = { socket_address: { address: 'api.example.com', port_value: 443 } };
  const typed_config = pack('envoy.extensions.transport_sockets.tls.v3.UpstreamTlsContext', {
    sni,
    common_tls_context: { validation_context, ...tls },
  });
  return {
    name: 'outbound|80||api.example.com',
    type: 'STRICT_DNS',
    load_assignment: { cluster_name: 'a', endpoints: [{ lb_endpoints: [{ endpoint: { address } }] }] },
    transport_socket: { name: TLS_TRANSPORT_SOCKET, typed_config },
    ...cluster,
  };
}

function validate(cluster: Cluster): string[] {
  const type = messageType('envoy.config.cluster.v3.Cluster');
  return validateCluster(type.decode(type.encode(cluster))).map(({ path, message }) => `${path}: ${message}`);
}

function inFiles(certificate: string, key: string) {
  return { certificate_chain: { filename: certificate }, private_key: { filename: key } };
}

const at = 'transport_socket.typed_config';
const contextAt = `${at}.common_tls_context`;

describe('validateCluster, of what is outside the mesh', () => {
  it.each<[string, Cluster]>([
    ['the roots of the host', external({})],
    [
      'roots of its own',
      external({ expected: { ...expected, trusted_ca: { inline_string: rootCertificates[0] ?? '' } } }),
    ],
    [
      'a URI in the certificate',
      external({
        expected: {
          ...expected,
          match_typed_subject_alt_names: [{ san_type: 'URI', matcher: { exact: 'spiffe://other/db' } }],
        },
      }),
    ],
    [
      'TLS 1.3 and HTTP/2',
      external({ tls: { tls_params: { tls_minimum_protocol_version: 'TLSv1_3' }, alpn_protocols: ['h2'] } }),
    ],
    [
      'times of look-ups',
      external(
        {},
        {
          dns_refresh_rate: { seconds: '5' },
          dns_failure_refresh_rate: { base_interval: { seconds: '1' } },
          respect_dns_ttl: true,
        },
      ),
    ],
    ['a certificate in files', external({ tls: { tls_certificates: [inFiles('/etc/tls/a.pem', '/etc/tls/a.key')] } })],
  ])('takes %s', (_name, cluster) => {
    expect(validate(cluster)).toEqual([]);
  });

  it.each<[string, Cluster, string]>([
    ['no server name', external({ sni: '' }), `${at}.sni: must be the name of a host`],
    ['an address as server name', external({ sni: '192.0.2.1' }), `${at}.sni: must be the name of a host`],
    [
      'no roots',
      external({ expected: { match_typed_subject_alt_names: [name] } }),
      `${contextAt}.validation_context: needs trusted_ca or system_root_certs`,
    ],
    [
      'nobody in particular',
      external({ expected: { system_root_certs: {} } }),
      `${contextAt}.validation_context.match_typed_subject_alt_names: is required`,
    ],
    [
      'a part of a name',
      external({
        expected: { ...expected, match_typed_subject_alt_names: [{ san_type: 'DNS', matcher: { suffix: '.com' } }] },
      }),
      `${contextAt}.validation_context.match_typed_subject_alt_names[0].matcher: must be exact, and a whole name`,
    ],
    [
      'TLS 1.1',
      external({ tls: { tls_params: { tls_minimum_protocol_version: 'TLSv1_1' } } }),
      `${contextAt}.tls_params.tls_minimum_protocol_version: must be TLS_AUTO or TLSv1_2 or TLSv1_3, and is TLSv1_1`,
    ],
    [
      'the identity of the mesh',
      external({ tls: { tls_certificate_sds_secret_configs: [{ name: 'default' }] } }),
      `${contextAt}.tls_certificate_sds_secret_configs: the identity of the mesh is not shown outside of it`,
    ],
    [
      'a key that travels',
      external({ tls: { tls_certificates: [{ ...inFiles('/a.pem', ''), private_key: { inline_string: 'key' } }] } }),
      `${contextAt}.tls_certificates[0].private_key: must be the absolute name of a file`,
    ],
    [
      'a file that is found from elsewhere',
      external({ tls: { tls_certificates: [inFiles('/etc/tls/../shadow', '/etc/tls/a.key')] } }),
      `${contextAt}.tls_certificates[0].certificate_chain: must be the absolute name of a file`,
    ],
    [
      'two certificates',
      external({ tls: { tls_certificates: [inFiles('/a.pem', '/a.key'), inFiles('/b.pem', '/b.key')] } }),
      `${contextAt}.tls_certificates: must be one, and is 2`,
    ],
    [
      'a protocol of the mesh',
      external({ tls: { alpn_protocols: ['heddle-h2'] } }),
      `${contextAt}.alpn_protocols[0]: must be one of h2, http/1.1`,
    ],
    [
      'look-ups without end',
      external({}, { dns_refresh_rate: { nanos: 1_000_000 } }),
      'dns_refresh_rate: must be at least 1000 ms, and is 1 ms',
    ],
    [
      'a name where nothing is looked up',
      external({}, { type: 'STATIC' }),
      'load_assignment.endpoints[0].lb_endpoints[0].endpoint.address.socket_address.address: is not an IP address: "api.example.com"',
    ],
    ['nothing to look up', external({}, { load_assignment: null }), 'load_assignment: is required: it holds the names'],
  ])('refuses %s', (_name, cluster, message) => {
    expect(validate(cluster)).toContain(message);
  });
});
