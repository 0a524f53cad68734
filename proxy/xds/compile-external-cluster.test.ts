import { describe, expect, it } from 'vitest';
import { pack } from '../../proto/any.ts';
import { TLS_TRANSPORT_SOCKET } from '../../proto/extension-names.ts';
import type { Input } from '../../proto/load.ts';
import { messageType } from '../../proto/load.ts';
import { compileCluster } from './compile-cluster.ts';

type Cluster = Input<'envoy.config.cluster.v3.Cluster'>;

const address = { socket_address: { address: 'api.example.com', port_value: 443 } };
const external: Cluster = {
  name: 'outbound|80||api.example.com',
  type: 'STRICT_DNS',
  load_assignment: { cluster_name: 'a', endpoints: [{ lb_endpoints: [{ endpoint: { address } }] }] },
};

const origin = (validation: object, minimum?: 'TLSv1_3', certificateFile?: string): Cluster => ({
  ...external,
  transport_socket: {
    name: TLS_TRANSPORT_SOCKET,
    typed_config: pack('envoy.extensions.transport_sockets.tls.v3.UpstreamTlsContext', {
      sni: 'api.example.com',
      common_tls_context: {
        alpn_protocols: ['h2'],
        ...(minimum && { tls_params: { tls_minimum_protocol_version: minimum } }),
        ...(certificateFile && {
          tls_certificates: [
            { certificate_chain: { filename: certificateFile }, private_key: { filename: '/etc/tls/a.key' } },
          ],
        }),
        validation_context: {
          match_typed_subject_alt_names: [
            { san_type: 'DNS', matcher: { exact: 'api.example.com' } },
            { san_type: 'URI', matcher: { exact: 'spiffe://other/api' } },
          ],
          ...validation,
        },
      },
    }),
  },
});

function compile(cluster: Cluster) {
  const type = messageType('envoy.config.cluster.v3.Cluster');
  return compileCluster(type.decode(type.encode(cluster)));
}

describe('compileCluster, of what is outside the mesh', () => {
  it('looks names up every 5 s, those of IPv6 first, where nothing else is said (Envoy)', () => {
    expect(compile(external)).toMatchObject({
      discovery: 'dns',
      serviceHost: 'api.example.com',
      endpoints: [{ key: 'api.example.com:443', address: 'api.example.com', port: 443 }],
      dns: { refreshMs: 5000, respectsTtl: false, failureBaseMs: 5000, failureMaxMs: 50_000, family: 'v6-preferred' },
      originTls: null,
      meshTls: null,
    });
  });

  it('takes the times and the family that are said', () => {
    const { dns } = compile({
      ...external,
      dns_refresh_rate: { seconds: '30' },
      dns_failure_refresh_rate: { base_interval: { seconds: '2' }, max_interval: { seconds: '8' } },
      respect_dns_ttl: true,
      dns_lookup_family: 'ALL',
    });
    expect(dns).toEqual({
      refreshMs: 30_000,
      respectsTtl: true,
      failureBaseMs: 2000,
      failureMaxMs: 8000,
      family: 'all',
    });
  });

  it('knows whom to expect behind TLS, and that it is nobody of the mesh', () => {
    const { originTls, meshTls } = compile(origin({ system_root_certs: {} }));
    expect(meshTls).toBeNull();
    expect(originTls).toMatchObject({
      sni: 'api.example.com',
      alpnProtocols: ['h2'],
      names: [
        { kind: 'DNS', name: 'api.example.com' },
        { kind: 'URI', name: 'spiffe://other/api' },
      ],
      rootsPem: null,
      minVersion: 'TLSv1.2',
    });
  });

  it('knows the files of the certificate that is shown, if one is', () => {
    expect(compile(origin({ system_root_certs: {} })).originTls?.clientCertificate).toBeNull();
    const { originTls } = compile(origin({ system_root_certs: {} }, undefined, '/etc/tls/a.pem'));
    expect(originTls?.clientCertificate).toEqual({ certificateFile: '/etc/tls/a.pem', keyFile: '/etc/tls/a.key' });
  });

  it('gives other settings another key, under which no session is found that others began', () => {
    const keys = [
      origin({ system_root_certs: {} }),
      origin({ system_root_certs: {} }, 'TLSv1_3'),
      origin({ trusted_ca: { inline_string: 'a' } }),
      origin({ trusted_ca: { inline_string: 'b' } }),
      origin({ system_root_certs: {} }, undefined, '/etc/tls/a.pem'),
      origin({ system_root_certs: {} }, undefined, '/etc/tls/b.pem'),
    ].map((cluster) => compile(cluster).originTls?.key);
    expect(new Set(keys).size).toBe(keys.length);
    expect(compile(origin({ system_root_certs: {} })).originTls?.key).toBe(keys[0]);
  });
});
