import fc from 'fast-check';
import { mostly, often, rarely } from './frequency.ts';
import { metadata } from './references.ts';
import { headerName, headerValue, subdomain } from './values.ts';

const urlRewrite = fc.record({
  hostname: often(
    fc.oneof(fc.constant({ type: 'Backend' }), fc.record({ type: fc.constant('Header'), header: headerName })),
  ),
  path: often(
    fc.record({
      type: fc.constant('ReplaceRegexMatch'),
      replaceRegexMatch: fc.record({
        pattern: mostly(
          fc.constantFrom('^/v([0-9]+)/', '(a)|(b)', 'x*', '/$', '[!-~]+'),
          fc.constantFrom('(', '', '(?=a)', 'é'),
        ),
        substitution: mostly(
          fc.constantFrom('', '/\\0', '\\1', "/-._~!$&'()*+,;=:@%AF", '/'.repeat(1024)),
          fc.constantFrom('\\2', '\\9', '$1', 'a?b', '\\\\', 'a b', 'é', '%', '%2F'),
        ),
      }),
    }),
  ),
});

export const httpRouteFilterDocument: fc.Arbitrary<object> = fc.record({
  apiVersion: fc.constant('heddle.dev/v1alpha1'),
  kind: fc.constant('HTTPRouteFilter'),
  metadata: metadata(fc.constantFrom('a', 'cart')),
  spec: fc.record({
    directResponse: rarely(
      fc.record({
        statusCode: often(fc.constantFrom(200, 204, 418, 599)),
        contentType: rarely(headerValue),
        body: often(fc.record({ inline: fc.constantFrom('', 'no', '100%', 'é'.repeat(2048), 'a\r\nb', '{}') })),
      }),
    ),
    urlRewrite: rarely(urlRewrite),
    callers: often(
      fc.array(fc.record({ namespace: fc.constantFrom('default', 'other'), serviceAccount: often(subdomain) }), {
        minLength: 1,
        maxLength: 2,
      }),
    ),
  }),
});
