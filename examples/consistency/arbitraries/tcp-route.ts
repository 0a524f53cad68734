import fc from 'fast-check';
import { rarely } from './frequency.ts';
import { backendRef, metadata, parentRef } from './references.ts';
import { label, subdomain } from './values.ts';

export const tcpRoute: fc.Arbitrary<object> = fc.record({
  apiVersion: fc.constantFrom('gateway.networking.k8s.io/v1alpha2', 'gateway.networking.k8s.io/v1'),
  kind: fc.constant('TCPRoute'),
  metadata: metadata(subdomain),
  spec: fc.record({
    parentRefs: fc.uniqueArray(parentRef, { minLength: 1, maxLength: 3, selector: (parent) => JSON.stringify(parent) }),
    rules: fc.array(
      fc.record({ name: rarely(label), backendRefs: fc.array(backendRef, { minLength: 1, maxLength: 4 }) }),
      { minLength: 1, maxLength: 1 },
    ),
  }),
});
