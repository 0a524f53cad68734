import fc from 'fast-check';
import { often, rarely } from './frequency.ts';
import { metadata } from './references.ts';

export const referenceGrant: fc.Arbitrary<object> = fc.record({
  apiVersion: fc.constantFrom('gateway.networking.k8s.io/v1beta1', 'gateway.networking.k8s.io/v1'),
  kind: fc.constant('ReferenceGrant'),
  metadata: metadata(fc.constantFrom('a', 'cart')),
  spec: fc.record({
    from: fc.array(
      fc.record({
        group: fc.constantFrom('gateway.networking.k8s.io', 'heddle.dev'),
        kind: fc.constantFrom('HTTPRoute', 'GRPCRoute', 'TCPRoute', 'BackendTrafficPolicy'),
        namespace: fc.constantFrom('default', 'other'),
      }),
      { minLength: 1, maxLength: 3 },
    ),
    to: fc.array(
      fc.record({
        group: often(fc.constant('')),
        kind: fc.constant('Service'),
        name: rarely(fc.constantFrom('cart', 'missing')),
      }),
      { minLength: 1, maxLength: 2 },
    ),
  }),
});
