import fc from 'fast-check';
import { rarely } from './frequency.ts';
import { metadata } from './references.ts';
import { positiveDuration, subdomain } from './values.ts';

const percentage = rarely(fc.double({ min: 0, max: 100, noNaN: true }));
export const faultInjection: fc.Arbitrary<object> = fc
  .tuple(
    metadata(subdomain),
    fc.constantFrom('cart', 'cart', 'web', 'cart-v1'),
    fc.record({
      until: fc.constantFrom('2030-01-01T00:00:00Z', '1999-12-31T23:59:59.999+14:00'),
      delay: fc.oneof(
        fc.record({ fixedDelay: positiveDuration, percentage }),
        fc.record({ fromHeader: fc.constant(true), percentage }),
      ),
      abort: rarely(
        fc.oneof(
          fc.record({ httpStatus: fc.integer({ min: 200, max: 599 }), percentage }),
          fc.record({ grpcStatus: fc.integer({ min: 0, max: 16 }), percentage }),
        ),
      ),
      responseRateLimit: rarely(
        fc.oneof(
          fc.record({ fixedLimit: fc.constant({ value: '10Ki', unit: 'Second' }), percentage }),
          fc.record({ fromHeader: fc.constant(true), percentage }),
        ),
      ),
      maxActiveFaults: rarely(fc.integer({ min: 1, max: 1_000_000 })),
    }),
  )
  .map(([about, name, spec]) => ({
    apiVersion: 'heddle.dev/v1alpha1',
    kind: 'FaultInjection',
    metadata: about,
    spec: { targetRefs: [{ group: '', kind: 'Service', name }], ...spec },
  }));
