import fc from 'fast-check';
import { mostly, often, rarely } from './frequency.ts';
import { port, subdomain } from './values.ts';

// What documents are called, and how they name each other.

export const backendName = fc.record({
  name: fc.constantFrom('cart', 'cart-v2', 'missing'),
  port: fc.constantFrom(80, 81),
});
const serviceName = fc.oneof(fc.constantFrom('cart', 'cart-v1', 'cart-v2', 'web', 'missing', 'a.b'), subdomain);
const weight = fc.oneof(fc.constantFrom(0, 1, 1_000_000), fc.integer({ min: 0, max: 1_000_000 }));
/** What ExternalServices are called, mostly. */
export const externalName = fc.constantFrom('api', 'api', 'cart');
const externalKind = { group: fc.constant('heddle.dev'), kind: fc.constant('ExternalService') };
const serviceBackend = fc.record({
  group: rarely(fc.constantFrom('', 'core', 'example.com')),
  kind: rarely(fc.constantFrom('Service', 'ServiceImport')),
  namespace: rarely(fc.constantFrom('default', 'other')),
  name: serviceName,
  port: fc.oneof(fc.constant(80), port),
  weight: often(weight),
});

export const backendRef: fc.Arbitrary<object> = fc.oneof(
  { arbitrary: serviceBackend, weight: 4 },
  {
    arbitrary: fc.record({
      ...externalKind,
      namespace: rarely(fc.constantFrom('default', 'other')),
      name: externalName,
      port: fc.oneof(fc.constant(80), port),
      weight: often(weight),
    }),
    weight: 1,
  },
);

const serviceParent = fc.record({
  group: fc.constant(''),
  kind: fc.constant('Service'),
  namespace: rarely(fc.constantFrom('default', 'other')),
  name: mostly(fc.constantFrom('cart', 'cart', 'cart-v1'), serviceName),
  port: rarely(fc.constantFrom(80, 8080, 443)),
  sectionName: rarely(fc.constantFrom('http', 'grpc')),
});
export const parentRef: fc.Arbitrary<object> = fc.oneof(
  { arbitrary: serviceParent, weight: 3 },
  {
    arbitrary: fc.record({
      ...externalKind,
      namespace: rarely(fc.constantFrom('default', 'other')),
      name: externalName,
      port: rarely(fc.constantFrom(80, 443)),
    }),
    weight: 1,
  },
);

const timestamp = rarely(fc.constantFrom('2024-01-01T00:00:00Z', '2025-06-01T12:00:00Z', 'yesterday'));
export const metadata = (name: fc.Arbitrary<string>) =>
  fc.record({ name, namespace: fc.constantFrom('default', 'default', 'other'), creationTimestamp: timestamp });
