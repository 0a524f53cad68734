import fc from 'fast-check';
import { mostly, often, rarely } from './frequency.ts';
import { backendRef, metadata, parentRef } from './references.ts';
import { grpcRouteFilter } from './route-filter.ts';
import { headerName, headerValue, named, pattern, subdomain } from './values.ts';

const grpcName = mostly(
  fc.constantFrom('Cart', 'shop.v1.Cart', 'Get', '_a'),
  fc.constantFrom('', 'a/b', '1a', 'a-b', 'é'),
);

const grpcMethod = fc.oneof(
  { arbitrary: fc.record({ service: often(grpcName), method: often(grpcName) }), weight: 3 },
  {
    arbitrary: fc.record({
      type: fc.constant('RegularExpression'),
      service: often(pattern),
      method: often(pattern),
    }),
    weight: 1,
  },
);

const grpcRouteRule = fc.record({
  name: rarely(subdomain),
  matches: often(
    fc.array(
      fc.record({
        method: often(grpcMethod),
        headers: rarely(fc.array(named(headerName, headerValue), { maxLength: 2 })),
      }),
      { maxLength: 4 },
    ),
  ),
  filters: rarely(fc.uniqueArray(grpcRouteFilter, { maxLength: 2, selector: ({ type }) => type })),
  backendRefs: often(fc.array(backendRef, { maxLength: 3 })),
});

export const grpcRoute: fc.Arbitrary<object> = fc.record({
  apiVersion: fc.constantFrom('gateway.networking.k8s.io/v1', 'gateway.networking.k8s.io/v1alpha2'),
  kind: fc.constant('GRPCRoute'),
  metadata: metadata(subdomain),
  spec: fc.record({
    parentRefs: fc.uniqueArray(parentRef, { minLength: 1, maxLength: 3, selector: (parent) => JSON.stringify(parent) }),
    rules: often(fc.array(grpcRouteRule, { minLength: 1, maxLength: 3 })),
  }),
});
