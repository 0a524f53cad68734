import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { freePorts } from '../../../cli/demo/free-ports.ts';
import type { Peer, Place } from '../peer.ts';
import type { Stage } from '../stage.ts';
import type { Protocol } from '../upstream.ts';
import { upstreamPort } from '../upstream.ts';
import { findEnvoy, installHint } from './envoy-binary.ts';
import type { PeerCertificates } from './peer-certificates.ts';
import { benchClient, inboundUri, outboundUri, writePeerCertificates } from './peer-certificates.ts';

export const envoyName = 'envoy';

/**
 * A stock Envoy with one worker, or several: one route, one cluster, statistics as they come, no access log, `x-request-id` made for
 * every request. In a chain each hop checks the other's chain and SPIFFE id, as a mesh has it.
 */
export function envoy(place: Place, protocol: Protocol, workers = 1): Peer {
  return {
    name: envoyName,
    remark: null,
    warmsUp: false,
    missing: () => (findEnvoy() === null ? `Envoy is not on this machine (try: ${installHint})` : null),
    async start(stage, upstream) {
      const [port, meshPort] = (await freePorts(2)) as [number, number];
      const target = upstreamPort(upstream, protocol);
      const next = upstream.addresses.map((address) => ({ address, port: target }));
      const running = { clientTls: null, collectSignal: null };
      if (place === 'single') {
        const hops = [startEnvoy(stage, 'proxy', { port, accept: null, next, dial: null, protocol, workers })];
        return { ...running, port, hops, meshPort: null };
      }
      const files = writePeerCertificates(stage.folder);
      const accept = acceptMtls(files, protocol);
      const inbound = startEnvoy(stage, 'inbound', { port: meshPort, accept, next, dial: null, protocol, workers });
      if (place === 'inbound') {
        return { ...running, port: meshPort, clientTls: benchClient(files), hops: [inbound], meshPort };
      }
      const mesh = [{ address: '127.0.0.1', port: meshPort }];
      const dial = dialMtls(files);
      const outbound = startEnvoy(stage, 'outbound', { port, accept: null, next: mesh, dial, protocol, workers });
      return { ...running, port, hops: [outbound, inbound], meshPort };
    },
  };
}

interface Hop {
  readonly port: number;
  readonly accept: object | null;
  readonly next: readonly { readonly address: string; readonly port: number }[];
  readonly dial: object | null;
  readonly protocol: Protocol;
  readonly workers: number;
}

function startEnvoy(stage: Stage, name: string, hop: Hop): number {
  const file = join(stage.folder, `${name}.json`);
  writeFileSync(file, JSON.stringify(configuration(hop)));
  const line = [
    '--config-path',
    file,
    '--concurrency',
    String(hop.workers),
    '--log-level',
    'warn',
    '--disable-hot-restart',
  ];
  return stage.start('proxy', findEnvoy() ?? envoyName, line).pid;
}

const extensions = 'type.googleapis.com/envoy.extensions';

const tcpProxy = {
  name: 'envoy.filters.network.tcp_proxy',
  typed_config: {
    '@type': `${extensions}.filters.network.tcp_proxy.v3.TcpProxy`,
    stat_prefix: 'bench',
    cluster: 'next',
  },
};

function httpManager(protocol: Protocol): object {
  const router = { '@type': `${extensions}.filters.http.router.v3.Router` };
  const route = { match: { prefix: '/' }, route: { cluster: 'next', timeout: '0s' } };
  return {
    name: 'envoy.filters.network.http_connection_manager',
    typed_config: {
      '@type': `${extensions}.filters.network.http_connection_manager.v3.HttpConnectionManager`,
      stat_prefix: 'bench',
      codec_type: protocol === 'http2' ? 'HTTP2' : 'HTTP1',
      http_filters: [{ name: 'envoy.filters.http.router', typed_config: router }],
      route_config: { virtual_hosts: [{ name: 'all', domains: ['*'], routes: [route] }] },
    },
  };
}

function configuration({ port, accept, next, dial, protocol }: Hop): object {
  const http = protocol === 'http2' ? { http2_protocol_options: {} } : { http_protocol_options: {} };
  return {
    static_resources: {
      listeners: [
        {
          address: socketAddress('127.0.0.1', port),
          filter_chains: [
            {
              filters: [protocol === 'tcp' ? tcpProxy : httpManager(protocol)],
              ...(accept === null ? {} : { transport_socket: accept }),
            },
          ],
        },
      ],
      clusters: [
        {
          name: 'next',
          type: 'STATIC',
          lb_policy: 'LEAST_REQUEST',
          typed_extension_protocol_options: {
            'envoy.extensions.upstreams.http.v3.HttpProtocolOptions': {
              '@type': `${extensions}.upstreams.http.v3.HttpProtocolOptions`,
              explicit_http_config: http,
            },
          },
          load_assignment: {
            cluster_name: 'next',
            endpoints: [
              {
                lb_endpoints: next.map((each) => ({
                  endpoint: { address: socketAddress(each.address, each.port) },
                })),
              },
            ],
          },
          ...(dial === null ? {} : { transport_socket: dial }),
        },
      ],
    },
  };
}

function acceptMtls(files: PeerCertificates, protocol: Protocol): object {
  return transportSocket('DownstreamTlsContext', {
    require_client_certificate: true,
    common_tls_context: tlsContext(files, files.inboundFile, outboundUri, [protocol === 'http2' ? 'h2' : 'http/1.1']),
  });
}

function dialMtls(files: PeerCertificates): object {
  return transportSocket('UpstreamTlsContext', {
    sni: 'inbound.bench.internal',
    common_tls_context: tlsContext(files, files.outboundFile, inboundUri, []),
  });
}

function transportSocket(context: string, content: object): object {
  return {
    name: 'envoy.transport_sockets.tls',
    typed_config: { '@type': `${extensions}.transport_sockets.tls.v3.${context}`, ...content },
  };
}

/** TLS 1.3, our chain and key, and a peer whose chain ends in the root and whose SPIFFE id is this one. */
function tlsContext(files: PeerCertificates, own: string, peerUri: string, alpn: readonly string[]): object {
  return {
    tls_params: { tls_minimum_protocol_version: 'TLSv1_3', tls_maximum_protocol_version: 'TLSv1_3' },
    tls_certificates: [{ certificate_chain: { filename: own }, private_key: { filename: own } }],
    validation_context: {
      trusted_ca: { filename: files.rootFile },
      match_typed_subject_alt_names: [{ san_type: 'URI', matcher: { exact: peerUri } }],
    },
    ...(alpn.length === 0 ? {} : { alpn_protocols: alpn }),
  };
}

function socketAddress(address: string, port: number): object {
  return { socket_address: { address, port_value: port } };
}
