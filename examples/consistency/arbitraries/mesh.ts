import fc from 'fast-check';
import { often, rarely } from './frequency.ts';
import { trafficPolicy } from './traffic-policy.ts';
import { duration, positiveDuration } from './values.ts';

export const mesh: fc.Arbitrary<object> = fc
  .record({
    outboundTrafficPolicy: rarely(fc.record({ mode: fc.constantFrom('ALLOW_ANY', 'REGISTRY_ONLY') })),
    pathNormalization: rarely(
      fc.record({
        normalization: rarely(fc.constantFrom('NONE', 'BASE', 'MERGE_SLASHES', 'DECODE_AND_MERGE_SLASHES')),
      }),
    ),
    headersWithUnderscoresAction: rarely(fc.constantFrom('ALLOW', 'REJECT_REQUEST', 'DROP_HEADER')),
    protocolDetectionTimeout: rarely(duration),
    rateLimit: often(
      fc.record({
        backendRef: fc.record({ name: fc.constantFrom('cart', 'web', 'nobody'), port: fc.constantFrom(80, 7) }),
        timeout: rarely(positiveDuration),
        failClosed: rarely(fc.boolean()),
      }),
    ),
    defaults: often(trafficPolicy),
  })
  .map((spec) => ({ apiVersion: 'heddle.dev/v1alpha1', kind: 'Mesh', metadata: { name: 'default' }, spec }));
