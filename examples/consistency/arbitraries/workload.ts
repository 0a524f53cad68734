import fc from 'fast-check';
import { often, rarely } from './frequency.ts';
import { label, port, subdomain } from './values.ts';

const ipAddress = fc.constantFrom(
  '10.0.0.7',
  '0.0.0.0',
  '127.0.0.1',
  'fd00::7',
  '::',
  '::ffff:10.0.0.1',
  'fe80::1%eth0',
);

const labelValue = fc.constantFrom('v1', 'V1', '1.2.3', 'v1_beta', 'x'.repeat(63), '', 'a-b');

export const workload: fc.Arbitrary<object> = fc.record({
  apiVersion: fc.constant('heddle.dev/v1alpha1'),
  kind: fc.constant('Workload'),
  metadata: fc.record({
    name: fc.oneof(fc.constantFrom('cart-v1-1', 'web-1'), subdomain),
    namespace: fc.constantFrom('default', 'default', 'other'),
    labels: often(fc.record({ app: fc.constantFrom('cart', 'web', 'Cart', 'x_y'), version: often(labelValue) })),
  }),
  spec: fc.record({
    address: ipAddress,
    ports: fc.uniqueArray(
      fc.record({
        name: often(fc.constantFrom('http', 'named')),
        port,
        inboundPort: often(port),
        appProtocol: rarely(fc.constantFrom('http', 'http2', 'grpc', 'tcp')),
      }),
      { minLength: 1, maxLength: 3, selector: (declared) => declared.port },
    ),
    service: often(fc.oneof(fc.constantFrom('cart', 'web'), label)),
    serviceAccount: rarely(label),
    locality: rarely(
      fc.record({
        region: fc.constantFrom('', 'eu', 'Zürich', 'a|b', 'a\nb', '\ud800', 'x'.repeat(63)),
        zone: fc.constantFrom('', 'a', '\u0000'),
      }),
    ),
  }),
});
