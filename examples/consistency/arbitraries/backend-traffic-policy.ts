import fc from 'fast-check';
import { often, rarely } from './frequency.ts';
import { rateLimit } from './rate-limit.ts';
import { metadata } from './references.ts';
import { trafficPolicy } from './traffic-policy.ts';
import { subdomain } from './values.ts';

const bandwidth = fc.record({
  value: fc.constantFrom('10Mi', '4M', 4_000_000, '3Ti'),
  unit: fc.constantFrom('Second', 'Minute', 'Hour'),
});

const bandwidthLimit: fc.Arbitrary<object> = fc.oneof(
  fc.record({ request: fc.record({ limit: bandwidth }) }),
  fc.record({
    request: rarely(fc.record({ limit: bandwidth })),
    response: fc.record({
      limit: bandwidth,
      responseTrailers: rarely(fc.record({ prefix: often(fc.constantFrom('x-cart', 'X')) })),
    }),
  }),
);

export const backendTrafficPolicy: fc.Arbitrary<object> = fc
  .tuple(
    metadata(subdomain),
    fc.array(
      fc.record({
        group: fc.constant(''),
        kind: fc.constant('Service'),
        name: fc.constantFrom('cart', 'cart', 'web', 'cart-v1'),
        sectionName: rarely(fc.constant('http')),
      }),
      { minLength: 1, maxLength: 2 },
    ),
    trafficPolicy,
    rarely(rateLimit),
    rarely(fc.record({ limit: fc.constantFrom('1Mi', '1.5Ki', 1, '4294967295') })),
    rarely(bandwidthLimit),
  )
  .map(([about, targetRefs, policy, limit, requestBuffer, bandwidth]) => ({
    apiVersion: 'heddle.dev/v1alpha1',
    kind: 'BackendTrafficPolicy',
    metadata: about,
    spec: {
      targetRefs,
      ...policy,
      ...(limit !== undefined && { rateLimit: limit }),
      ...(requestBuffer && { requestBuffer }),
      ...(bandwidth && { bandwidthLimit: bandwidth }),
    },
  }));
