import { pack } from '../../../proto/any.ts';
import { msToDuration } from '../../../proto/duration.ts';
import { TLS_TRANSPORT_SOCKET } from '../../../proto/extension-names.ts';
import type { Input } from '../../../proto/load.ts';
import { ISTIO_METADATA } from '../../../proto/names.ts';
import { formatPolicyMetadata } from '../../../proto/policy-metadata.ts';
import { formatMaxRest } from '../../../proto/retry-after-metadata.ts';
import { toStruct } from '../../../proto/struct.ts';
import type { PortProtocol } from '../../model/app-protocol.ts';
import type { EffectiveTrafficPolicy } from '../../model/effective-traffic-policy.ts';
import type { Origination } from '../../model/external-service/tls.ts';
import { resolutionOf } from '../../model/external-service.ts';
import { durationMs } from '../../model/gateway-duration.ts';
import { socketAddress } from '../parts/message-parts.ts';
import type { ExternalHost } from '../services/external-services.ts';
import type { ServicePort } from '../services/service-catalog.ts';
import type { Abilities } from '../view/abilities.ts';
import { circuitBreakers } from './circuit-breakers.ts';
import { keepalive, requestOptions, trafficFields } from './clusters.ts';

type Cluster = Input<'envoy.config.cluster.v3.Cluster'>;

/** A look-up that failed is repeated after so long, and after twice as long each time until the second. */
const failureRefreshMs = { base: 1000, max: 10_000 };

/**
 * The CDS resource of one port of a host outside the mesh. Every address of its names is an endpoint (STRICT_DNS), so that
 * balancing and outlier detection see what there is; a LOGICAL_DNS cluster would call one of them.
 */
export function externalCluster(
  name: string,
  service: ExternalHost,
  port: ServicePort,
  policy: EffectiveTrafficPolicy,
  abilities: Abilities,
): Cluster {
  const { spec } = service.external;
  const { protocol } = service.declarationOf(port);
  const resolution = resolutionOf(spec);
  return {
    name,
    ...(resolution === 'NONE'
      ? {
          type: 'ORIGINAL_DST',
          connect_timeout: msToDuration(policy.connectTimeoutMs),
          lb_policy: 'CLUSTER_PROVIDED',
          circuit_breakers: circuitBreakers(policy, abilities),
          ...keepalive(policy, abilities),
        }
      : {
          ...(resolution === 'STATIC' || !canShow(spec.tls, abilities)
            ? { type: 'STATIC' }
            : { type: 'STRICT_DNS', ...lookUps(spec.dns) }),
          ...trafficFields(policy, abilities, service.host, protocol),
          load_assignment: {
            cluster_name: name,
            endpoints: canShow(spec.tls, abilities) ? [{ lb_endpoints: endpoints(service, port) }] : [],
          },
        }),
    ...(spec.tls !== undefined &&
      canShow(spec.tls, abilities) && { transport_socket: origination(spec.tls, service.host, protocol, abilities) }),
    ...requestOptions(policy, abilities, protocol),
    metadata: {
      filter_metadata: {
        [ISTIO_METADATA]: toStruct({
          services: [{ host: service.host, name: service.host, namespace: service.namespace }],
        }),
        ...(policy.maxRestMs > 0 && formatMaxRest(policy.maxRestMs)),
        ...formatPolicyMetadata({ circuitBreaker: policy.owners.circuitBreaker }),
      },
    },
  };
}

function endpoints({ external: { spec }, host }: ExternalHost, { target, port }: ServicePort) {
  const targetPort = target.by === 'number' ? target.port : port;
  return spec.endpoints.length === 0
    ? [{ endpoint: { address: socketAddress(host, targetPort) } }]
    : spec.endpoints.map((endpoint) => ({
        endpoint: { address: socketAddress(endpoint.address, endpoint.port ?? targetPort) },
        ...(endpoint.weight !== 1 && { load_balancing_weight: { value: endpoint.weight } }),
      }));
}

/** Who cannot show the certificate that the host asks for does not call it without one either. */
function canShow(tls: Origination | undefined, { clientCertificates }: Pick<Abilities, 'clientCertificates'>): boolean {
  return tls?.mode !== 'MUTUAL' || clientCertificates;
}

const families = {
  IPv4: 'V4_ONLY',
  IPv6: 'V6_ONLY',
  IPv4Preferred: 'V4_PREFERRED',
  IPv6Preferred: 'AUTO',
  IPv4AndIPv6: 'ALL',
} as const;

function lookUps(dns: ExternalHost['external']['spec']['dns']): Cluster {
  return {
    dns_refresh_rate: msToDuration(Math.max(1000, durationMs(dns?.dnsRefreshRate ?? '5s'))),
    respect_dns_ttl: dns?.respectDnsTtl ?? true,
    dns_lookup_family: families[dns?.lookupFamily ?? 'IPv4Preferred'],
    dns_failure_refresh_rate: {
      base_interval: msToDuration(failureRefreshMs.base),
      max_interval: msToDuration(failureRefreshMs.max),
    },
  };
}

function origination(
  { sni, subjectAltNames, caCertificates, minProtocolVersion, clientCertificate, privateKey }: Origination,
  host: string,
  protocol: PortProtocol,
  { stock }: Pick<Abilities, 'stock'>,
): NonNullable<Cluster['transport_socket']> {
  const names = subjectAltNames ?? [host];
  return {
    name: TLS_TRANSPORT_SOCKET,
    typed_config: pack('envoy.extensions.transport_sockets.tls.v3.UpstreamTlsContext', {
      sni: sni ?? host,
      common_tls_context: {
        tls_params: {
          tls_minimum_protocol_version: minProtocolVersion === 'TLSV1_3' ? 'TLSv1_3' : 'TLSv1_2',
          tls_maximum_protocol_version: 'TLSv1_3',
        },
        ...(clientCertificate !== undefined &&
          privateKey !== undefined && {
            tls_certificates: [
              { certificate_chain: { filename: clientCertificate }, private_key: { filename: privateKey } },
            ],
          }),
        ...(protocol === 'http' && { alpn_protocols: ['http/1.1'] }),
        ...(protocol === 'http2' && { alpn_protocols: ['h2'] }),
        validation_context: {
          ...(caCertificates === undefined ? systemRoots(stock) : { trusted_ca: { inline_string: caCertificates } }),
          match_typed_subject_alt_names: names.map((exact) => ({
            san_type: exact.includes('://') ? ('URI' as const) : ('DNS' as const),
            matcher: { exact },
          })),
        },
      },
    }),
  };
}

/** Where Debian and its kin, Alpine and Envoy's own images keep them. */
const bundleFile = '/etc/ssl/certs/ca-certificates.crt';

/** An Envoy has no word for those of its system, and refuses to look at names without any; without the file it refuses all. */
function systemRoots(stock: boolean) {
  return stock ? { trusted_ca: { filename: bundleFile } } : { system_root_certs: {} };
}
