import { isIP } from 'node:net';
import { z } from 'zod';
import { boundedText } from './bounded-text.ts';
import { crossCheck } from './cross-check.ts';
import { dnsNamePattern, hostSchema, isWildcard } from './external-service/host.ts';
import { originationSchema } from './external-service/tls.ts';
import { labelNameSchema, namespacedMetadata, portNumberSchema, subdomainSchema } from './metadata.ts';
import { elsewhere, supportedWord } from './not-yet-supported.ts';
import { addressFault } from './reachable-address.ts';
import { reportRepeatedNames } from './repeated-names.ts';
import { positiveDurationSchema } from './traffic-policy/fields.ts';

/** What a port carries: requests, which routes and policies understand, or bytes. */
export type ExternalProtocol = (typeof protocols)[number];

const protocols = ['HTTP', 'HTTP2', 'GRPC', 'TLS', 'TCP'] as const;

const httpsHint =
  'HTTPS can mean two things: write TLS when the application opens TLS itself, or HTTP and tls when the sidecar is to open it';

const portSchema = z.object({
  /** Needed as soon as there is a second port; `sectionName` of a policy names it. */
  name: labelNameSchema.optional(),
  /** What applications call. */
  port: portNumberSchema,
  number: elsewhere('number', 'port'),
  /** `TLS` is TLS of the application's own, which is carried as it is. */
  protocol: z.enum(protocols, {
    error: ({ input }) => (typeof input === 'string' && input.toUpperCase() === 'HTTPS' ? httpsHint : undefined),
  }),
  /** Where the host listens; the same number as `port` when left out. */
  targetPort: portNumberSchema.optional(),
});

const endpointSchema = z.object({
  /** An IP address, or a name that the sidecars resolve. */
  address: boundedText('an address', 253).check(({ value, issues }) => {
    const message = endpointFault(value);
    if (message !== null) issues.push({ code: 'custom', path: [], message, input: value });
  }),
  /** The port's own `targetPort` when left out. */
  port: portNumberSchema.optional(),
  /** Share of the requests, beside the others. */
  weight: z
    .number({ error: 'write a whole number from 1 to 1000' })
    .int('write a whole number from 1 to 1000')
    .min(1, 'write a whole number from 1 to 1000')
    .max(1000, 'write a whole number from 1 to 1000')
    .default(1),
});

function endpointFault(address: string): string | null {
  if (isIP(address) !== 0) return addressFault(address);
  return dnsNamePattern.test(address) ? null : 'write an IP address, or a name such as db.example.com';
}

const dnsSchema = z.object({
  /** How often names are looked up whose time to live is not known (Envoy, `dns_refresh_rate`). */
  dnsRefreshRate: positiveDurationSchema.default('5s'),
  /** Look up again when the answer's time to live is over. */
  respectDnsTtl: z.boolean().default(true),
  /** Addresses of IPv4, or of IPv6 where there are none; `IPv4AndIPv6` uses both at once. */
  lookupFamily: z.enum(['IPv4', 'IPv6', 'IPv4Preferred', 'IPv6Preferred', 'IPv4AndIPv6']).default('IPv4Preferred'),
});

/**
 * A destination outside the mesh. Applications call it by its own name, and what holds for services holds for it: routes,
 * policies, retries, limits, outlier detection, and with `tls` a connection that the sidecar encrypts.
 *
 * Names are those of Istio's ServiceEntry, and of its DestinationRule for `tls`; `dns` is Envoy Gateway's. For
 * callers of its own namespace a document decides about its hosts, and for others the oldest that names host and port.
 */
export const externalServiceSchema = z.object({
  apiVersion: z.literal('heddle.dev/v1alpha1'),
  kind: z.literal('ExternalService'),
  metadata: namespacedMetadata(subdomainSchema),
  spec: z
    .object({
      hosts: z
        .array(hostSchema)
        .min(1, 'an ExternalService has at least one host')
        .max(32, 'an ExternalService has at most 32 hosts')
        .check(({ value, issues }) => {
          reportRepeatedNames(value, (index, host) => {
            issues.push({ code: 'custom', path: [index], message: `${host} is listed twice`, input: host });
          });
        }),
      ports: z
        .array(portSchema)
        .min(1, 'an ExternalService has at least one port')
        .max(16, 'an ExternalService has at most 16 ports'),
      /**
       * `DNS`: every address of the host, or of the endpoints' names, is an endpoint. `STATIC`: the endpoints, which are IP
       * addresses. `NONE`: the address of the very name that is called, looked up for each connection. By default what fits the
       * hosts and endpoints.
       */
      resolution: supportedWord(['DNS', 'STATIC', 'NONE'], ['DNS_ROUND_ROBIN', 'DYNAMIC_DNS']).optional(),
      /** In place of the host's own addresses. */
      endpoints: z.array(endpointSchema).max(64, 'an ExternalService has at most 64 endpoints').default([]),
      dns: dnsSchema.optional(),
      /** For all of its ports; a port that is to have none stands in a document of its own. */
      tls: originationSchema.optional(),
      /**
       * `.`: the document decides for callers of its own namespace alone, and others do not know of it. `*`, and so when left
       * out: for all whose own namespace says nothing of the host. A route may lead to it in both cases, across namespaces with
       * a ReferenceGrant.
       */
      exportTo: z
        .array(z.enum(['.', '*'], { error: 'write . for its own namespace or * for all; others cannot be named' }))
        .length(1, 'write one of . and *')
        .optional(),
      addresses: elsewhere('addresses', 'hosts'),
      location: elsewhere('location', 'Workload documents for what is inside the mesh'),
      workloadSelector: elsewhere('workloadSelector', 'a Service'),
    })
    .check(
      crossCheck(['ports'], ({ ports }, report) => {
        for (const [index, { name, port }] of ports.entries()) {
          if (ports.length > 1 && name === undefined) {
            report(['ports', index], 'missing field name: an ExternalService with several ports names each');
          }
          const earlier = ports.slice(0, index);
          if (name !== undefined && earlier.some((other) => other.name === name)) {
            report(['ports', index, 'name'], `port name ${name} is used twice`);
          }
          if (earlier.some((other) => other.port === port))
            report(['ports', index, 'port'], `port ${port} is listed twice`);
        }
      }),
    )
    .check(
      crossCheck(['ports', 'tls'], ({ ports, tls }, report) => {
        if (tls === undefined) return;
        for (const [index, { protocol }] of ports.entries()) {
          if (protocol !== 'TLS') continue;
          const message =
            'the application opens TLS at this port, and tls has the sidecar open it: write HTTP, HTTP2, GRPC or TCP, or put the port into an ExternalService without tls';
          report(['ports', index, 'protocol'], message);
        }
      }),
    )
    .check(
      crossCheck(['hosts', 'endpoints', 'resolution', 'tls', 'dns'], (spec, report) => {
        const resolution = resolutionOf(spec);
        for (const [index, host] of spec.hosts.entries()) {
          if (isWildcard(host) && resolution !== 'NONE') {
            report(
              ['hosts', index],
              `${host} has no address of its own: write resolution: NONE and no endpoints, or the hosts one by one`,
            );
          }
        }
        if (resolution === 'STATIC' && spec.endpoints.length === 0) report(['resolution'], 'STATIC needs endpoints');
        if (resolution === 'NONE' && spec.endpoints.length > 0) {
          report(['endpoints'], 'with resolution NONE the name that is called is the endpoint: write DNS or STATIC');
        }
        if (resolution === 'NONE' && spec.tls !== undefined) {
          report(['tls'], 'needs resolution DNS or STATIC: with NONE it is not known whose certificate to expect');
        }
        if (resolution !== 'DNS' && spec.dns !== undefined)
          report(['dns'], `has no meaning with resolution ${resolution}`);
        if (spec.resolution !== 'STATIC') return;
        for (const [index, { address }] of spec.endpoints.entries()) {
          if (isIP(address) !== 0) continue;
          report(
            ['endpoints', index, 'address'],
            `${address} is a name, which resolution STATIC does not look up: write DNS`,
          );
        }
      }),
    ),
  status: z.unknown().optional(),
});

export type ExternalService = z.output<typeof externalServiceSchema>;

export type Resolution = 'DNS' | 'STATIC' | 'NONE';

/** As written, else what fits: a wildcard has no address, and addresses need no look-up. */
export function resolutionOf({
  hosts,
  endpoints,
  resolution,
}: Pick<ExternalService['spec'], 'hosts' | 'endpoints' | 'resolution'>): Resolution {
  if (resolution !== undefined) return resolution;
  if (endpoints.length > 0) return endpoints.every(({ address }) => isIP(address) !== 0) ? 'STATIC' : 'DNS';
  return hosts.every(isWildcard) ? 'NONE' : 'DNS';
}
