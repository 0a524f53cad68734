import fc from 'fast-check';
import { often, rarely } from './frequency.ts';
import { metadata } from './references.ts';
import { label, port } from './values.ts';

type Fields = Record<string, unknown>;

export const service: fc.Arbitrary<object> = fc.record({
  apiVersion: fc.constant('v1'),
  kind: fc.constant('Service'),
  metadata: metadata(fc.oneof(fc.constantFrom('cart', 'web', 'cart-v1'), label)),
  spec: fc.record({
    ports: fc.uniqueArray(
      fc.record({
        name: fc.oneof(fc.constantFrom('http', 'grpc'), label),
        protocol: rarely(fc.constantFrom('TCP', 'UDP', 'SCTP')),
        port: fc.oneof(fc.constant(80), port),
        targetPort: often(fc.oneof<fc.Arbitrary<string | number>[]>(port, fc.constantFrom('http', 'named'))),
        appProtocol: rarely(fc.constantFrom('http', 'kubernetes.io/h2c', 'grpc', 'tcp', 'redis', 'HTTPS', 'own', '')),
      }),
      { maxLength: 3, selector: (declared) => declared.name },
    ),
    selector: often(fc.constantFrom<Fields[]>({ app: 'cart' }, { app: 'web', version: 'v1' }, {})),
    clusterIP: rarely(fc.constantFrom('10.96.0.7', 'fd00::7', 'None', '')),
    type: rarely(fc.constantFrom('ClusterIP', 'NodePort', 'LoadBalancer', 'ExternalName')),
  }),
});
