import fc from 'fast-check';
import { often, rarely } from './frequency.ts';
import { metadata } from './references.ts';
import { headerValue, subdomain } from './values.ts';

export const httpRouteFilterDocument: fc.Arbitrary<object> = fc.record({
  apiVersion: fc.constant('heddle.dev/v1alpha1'),
  kind: fc.constant('HTTPRouteFilter'),
  metadata: metadata(fc.constantFrom('a', 'cart')),
  spec: fc.record({
    directResponse: often(
      fc.record({
        statusCode: often(fc.constantFrom(200, 204, 418, 599)),
        contentType: rarely(headerValue),
        body: often(fc.record({ inline: fc.constantFrom('', 'no', '100%', 'é'.repeat(2048), 'a\r\nb', '{}') })),
      }),
    ),
    callers: often(
      fc.array(fc.record({ namespace: fc.constantFrom('default', 'other'), serviceAccount: often(subdomain) }), {
        minLength: 1,
        maxLength: 2,
      }),
    ),
  }),
});
