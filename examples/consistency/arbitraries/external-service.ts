import fc from 'fast-check';
import { mostly, often, rarely } from './frequency.ts';
import { externalName, metadata } from './references.ts';
import { label, port, positiveDuration, subdomain } from './values.ts';

const host = mostly(
  fc.constantFrom(
    'api.example.com',
    'www.example.com',
    '*.example.com',
    'cart.shop',
    'a.b.c.d.e',
    `${'a.'.repeat(125)}aa`,
  ),
  fc.constantFrom(
    'cart',
    '10.0.0.7',
    'API.example.com',
    'https://api.example.com',
    'cart.default.svc',
    'a.*.com',
    'a.1',
    '',
  ),
);
const addressOf = {
  STATIC: fc.constantFrom('10.0.0.7', 'fd00::7', '127.0.0.1'),
  DNS: fc.constantFrom('10.0.0.7', 'db.example.com', 'db', 'x_y.example.com'),
};
const endpoints = (address: fc.Arbitrary<string>) =>
  fc.array(
    fc.record({
      address: mostly(address, fc.constantFrom('169.254.169.254', '224.0.0.1', 'é', '')),
      port: rarely(port),
      weight: rarely(fc.constantFrom(1, 2, 1000)),
    }),
    { minLength: 1, maxLength: 3 },
  );
const file = fc.constantFrom('/etc/heddle/tls/a.pem', '/a/../b', 'a.pem', `/${'a'.repeat(1024)}`);
const tls = fc.record({
  mode: rarely(fc.constantFrom('SIMPLE', 'MUTUAL')),
  clientCertificate: rarely(file),
  privateKey: rarely(file),
  sni: rarely(fc.constantFrom('api.example.com', 'a')),
  subjectAltNames: rarely(fc.constantFrom(['api.example.com'], ['spiffe://example.com/a', 'b'], ['a', 'a'])),
  minProtocolVersion: rarely(fc.constantFrom('TLSV1_2', 'TLSV1_3')),
});
const dns = fc.record({
  dnsRefreshRate: rarely(positiveDuration),
  respectDnsTtl: rarely(fc.boolean()),
  lookupFamily: rarely(fc.constantFrom('IPv4', 'IPv6', 'IPv4Preferred', 'IPv6Preferred', 'IPv4AndIPv6')),
});
const resolved = fc.oneof(
  fc.record({ resolution: rarely(fc.constant('DNS')), tls: often(tls), dns: rarely(dns) }),
  fc.record({
    resolution: fc.constant('DNS'),
    endpoints: endpoints(addressOf.DNS),
    tls: rarely(tls),
    dns: rarely(dns),
  }),
  fc.record({ resolution: often(fc.constant('STATIC')), endpoints: endpoints(addressOf.STATIC), tls: rarely(tls) }),
  fc.record({ resolution: fc.constant('NONE') }),
);
const ports = fc.uniqueArray(
  fc.record({
    name: label,
    port: fc.oneof(fc.constant(80), port),
    protocol: fc.constantFrom('HTTP', 'HTTP', 'HTTP2', 'GRPC', 'TCP', 'TLS'),
    targetPort: rarely(port),
  }),
  { minLength: 1, maxLength: 3, selector: (declared) => declared.port },
);

export const externalService: fc.Arbitrary<object> = fc
  .tuple(
    metadata(fc.oneof(externalName, subdomain)),
    fc.uniqueArray(host, { minLength: 1, maxLength: 3 }),
    ports,
    resolved,
    fc.record({ exportTo: rarely(fc.constantFrom(['.'], ['*'], ['shop'], [])) }),
  )
  .map(([about, hosts, declared, rest, exported]) => ({
    apiVersion: 'heddle.dev/v1alpha1',
    kind: 'ExternalService',
    metadata: about,
    spec: {
      ...rest,
      ...exported,
      // a wildcard has no address of its own
      hosts:
        'resolution' in rest && rest.resolution === 'NONE' ? hosts : hosts.map((each) => each.replace('*.', 'all.')),
      ports: declared,
    },
  }));
