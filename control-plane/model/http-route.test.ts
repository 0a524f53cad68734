import { describe, expect, it } from 'vitest';
import { checkDocument } from './check-document.ts';
import { formatPath } from './document-violation.ts';

const metadata = { name: 'cart' };
const route = (rule: object, spec: object = {}) => ({
  apiVersion: 'gateway.networking.k8s.io/v1',
  kind: 'HTTPRoute',
  metadata,
  spec: { parentRefs: [{ group: '', kind: 'Service', name: 'cart' }], rules: [rule], ...spec },
});
const match = (fields: object) => route({ matches: [fields], backendRefs: [{ name: 'cart-v1', port: 80 }] });
const filter = (fields: object) => route({ filters: [fields] });
const rule = 'spec.rules[0]';

function faultsOf(value: unknown): string[] {
  return checkDocument(value).faults.map(({ path, message }) => `${formatPath(path)}: ${message}`);
}

describe('httpRouteSchema', () => {
  it.each([
    [
      'a priority that is none',
      { ...route({}), metadata: { name: 'a', annotations: { 'heddle.dev/priority': 'high' } } },
      'metadata.annotations["heddle.dev/priority"]: write High or Default',
    ],
    [
      'a weight out of range',
      route({ backendRefs: [{ name: 'a', port: 80, weight: 1_000_001 }] }),
      `${rule}.backendRefs[0].weight: write a whole number from 0 to 1000000`,
    ],
    [
      'a port out of range',
      route({ backendRefs: [{ name: 'a', port: 65_536 }] }),
      `${rule}.backendRefs[0].port: write a port number from 1 to 65535`,
    ],
    [
      'a port in quotes',
      route({ backendRefs: [{ name: 'a', port: '80' }] }),
      `${rule}.backendRefs[0].port: write a port number from 1 to 65535, without quotes`,
    ],
    [
      'a Service parent without its group',
      route({}, { parentRefs: [{ kind: 'Service', name: 'cart' }] }),
      'spec.parentRefs[0].group: a Service is in the core group: write group: ""',
    ],
    [
      'an ExternalService parent without its group',
      route({}, { parentRefs: [{ kind: 'ExternalService', name: 'api' }] }),
      'spec.parentRefs[0].group: an ExternalService is in the group heddle.dev',
    ],
    [
      'the same parent twice',
      route(
        {},
        {
          parentRefs: [
            { group: '', kind: 'Service', name: 'a' },
            { group: 'core', kind: 'Service', name: 'a' },
          ],
        },
      ),
      'spec.parentRefs[1]: the same parent is named twice',
    ],
    [
      '17 rules',
      route({}, { rules: Array.from({ length: 17 }, () => ({})) }),
      'spec.rules: a route has at most 16 rules',
    ],
    [
      'no rule',
      route({}, { rules: [] }),
      'spec.rules: a route has at least one rule; leave rules out for one that takes everything',
    ],
    [
      '65 matches in a rule',
      route({ matches: Array.from({ length: 65 }, () => ({})) }),
      `${rule}.matches: a rule has at most 64 matches`,
    ],
    [
      '129 matches in all',
      route({}, { rules: [64, 64, 1].map((length) => ({ matches: Array.from({ length }, () => ({})) })) }),
      'spec.rules: a route has at most 128 matches in all its rules, this one has 129',
    ],
    [
      'two rules of one name',
      route({}, { rules: [{ name: 'a' }, { name: 'a' }] }),
      'spec.rules[1].name: rule name a is used twice',
    ],
    [
      'a try longer than the request',
      route({ timeouts: { request: '1s', backendRequest: '1001ms' } }),
      `${rule}.timeouts.backendRequest: one try (1001ms) cannot last longer than the whole request (1s)`,
    ],
    [
      'a retry of a success',
      route({ retry: { codes: [200] } }),
      `${rule}.retry.codes[0]: write a status from 400 to 599`,
    ],
    ['a relative path', match({ path: { value: 'a' } }), `${rule}.matches[0].path.value: a path begins with "/"`],
    [
      'a path with dots',
      match({ path: { value: '/a/../b' } }),
      `${rule}.matches[0].path.value: a path does not contain "/../"`,
    ],
    [
      'a path with a space',
      match({ path: { value: '/a b' } }),
      `${rule}.matches[0].path.value: a path has only characters that a URL path may have`,
    ],
    [
      'a pattern that would explode',
      match({ path: { type: 'RegularExpression', value: '/(a{1,100}){1,10}' } }),
      `${rule}.matches[0].path.value: the pattern has 2020 parts when counts in braces are written out, more than 1000: write smaller counts, such as [0-9]+ for [0-9]{1,500}`,
    ],
    [
      'a pattern that looks ahead',
      match({ headers: [{ type: 'RegularExpression', name: 'a', value: '(?!b).*' }] }),
      `${rule}.matches[0].headers[0].value: the pattern looks ahead or behind, which RE2 does not: write a rule for each case, the more specific one first`,
    ],
    [
      'a pattern of a query parameter that is none',
      match({ queryParams: [{ type: 'RegularExpression', name: 'a', value: 'b)' }] }),
      `${rule}.matches[0].queryParams[0].value: the pattern is not a pattern as RE2 reads it: unexpected ): \`b)\``,
    ],
    [
      'a header named twice',
      match({
        headers: [
          { name: 'A', value: '1' },
          { name: 'a', value: '2' },
        ],
      }),
      `${rule}.matches[0].headers[1].name: header a is named twice`,
    ],
    [
      'a header value with a line break',
      match({ headers: [{ name: 'a', value: 'b\r\nc: d' }] }),
      `${rule}.matches[0].headers[0].value: a header value is visible ASCII without surrounding space; put numbers and booleans in quotes`,
    ],
    [
      'a query parameter named twice',
      match({
        queryParams: [
          { name: 'a', value: '1' },
          { name: 'a', value: '2' },
        ],
      }),
      `${rule}.matches[0].queryParams[1].name: query parameter a is named twice`,
    ],
    [
      'a method in lower case',
      match({ method: 'get' }),
      `${rule}.matches[0].method: write GET, HEAD, POST, PUT, DELETE, CONNECT, OPTIONS, TRACE or PATCH; did you mean GET?`,
    ],
    [
      'a filter without its settings',
      filter({ type: 'URLRewrite' }),
      `${rule}.filters[0]: missing field urlRewrite: type URLRewrite needs it`,
    ],
    [
      'a filter with settings of another',
      filter({ type: 'URLRewrite', urlRewrite: { hostname: 'a' }, requestRedirect: {} }),
      `${rule}.filters[0].requestRedirect: requestRedirect does not go with type URLRewrite`,
    ],
    [
      'a filter of later versions',
      filter({ type: 'ExternalAuth', externalAuth: {} }),
      `${rule}.filters[0].type: ExternalAuth is not supported by this version of Heddle: write RequestHeaderModifier, ResponseHeaderModifier, RequestMirror, RequestRedirect, URLRewrite, CORS or ExtensionRef`,
    ],
    [
      'a mirror of more than all requests',
      filter({
        type: 'RequestMirror',
        requestMirror: { backendRef: { name: 'a', port: 80 }, fraction: { numerator: 101 } },
      }),
      `${rule}.filters[0].requestMirror.fraction.numerator: more than all requests: at most 100`,
    ],
    [
      'a mirror of two shares',
      filter({
        type: 'RequestMirror',
        requestMirror: { backendRef: { name: 'a', port: 80 }, percent: 1, fraction: { numerator: 1 } },
      }),
      `${rule}.filters[0].requestMirror.fraction: write percent or fraction, not both`,
    ],
    [
      'an impossible percentage',
      filter({ type: 'RequestMirror', requestMirror: { backendRef: { name: 'a', port: 80 }, percent: 101 } }),
      `${rule}.filters[0].requestMirror.percent: write a whole percentage from 0 to 100`,
    ],
    [
      'every origin and another',
      filter({ type: 'CORS', cors: { allowOrigins: ['*', 'https://a.example'] } }),
      `${rule}.filters[0].cors.allowOrigins: "*" takes everything: write it alone`,
    ],
    [
      'an origin with a path',
      filter({ type: 'CORS', cors: { allowOrigins: ['https://a.example/x'] } }),
      `${rule}.filters[0].cors.allowOrigins[0]: write an origin such as https://shop.example, https://*.shop.example or "*"`,
    ],
    [
      'a filter twice',
      route({ filters: ['a', 'b'].map((hostname) => ({ type: 'URLRewrite', urlRewrite: { hostname } })) }),
      `${rule}.filters[1].type: URLRewrite cannot be repeated in one rule`,
    ],
    [
      'a backend beside a redirect',
      route({
        filters: [{ type: 'RequestRedirect', requestRedirect: { port: 1 } }],
        backendRefs: [{ name: 'a', port: 80 }],
      }),
      `${rule}.backendRefs: a rule that redirects has no backendRefs`,
    ],
    [
      'a redirect with status 300',
      filter({ type: 'RequestRedirect', requestRedirect: { statusCode: 300 } }),
      `${rule}.filters[0].requestRedirect.statusCode: write 301, 302, 303, 307 or 308`,
    ],
    [
      'a prefix rewrite of an exact match',
      route({
        matches: [{ path: { type: 'Exact', value: '/a' } }],
        filters: [
          { type: 'URLRewrite', urlRewrite: { path: { type: 'ReplacePrefixMatch', replacePrefixMatch: '/b' } } },
        ],
      }),
      `${rule}.filters[0].urlRewrite.path: ReplacePrefixMatch needs a rule with exactly one match, of type PathPrefix`,
    ],
    [
      'a rewrite to a path with a line break',
      filter({ type: 'URLRewrite', urlRewrite: { path: { type: 'ReplaceFullPath', replaceFullPath: '/a\r\nb' } } }),
      `${rule}.filters[0].urlRewrite.path.replaceFullPath: a path has only characters that a URL path may have`,
    ],
    [
      'a change of Content-Length',
      filter({
        type: 'RequestHeaderModifier',
        requestHeaderModifier: { set: [{ name: 'Content-Length', value: '0' }] },
      }),
      `${rule}.filters[0].requestHeaderModifier.set[0].name: this header belongs to the connection and cannot be changed by a rule`,
    ],
    [
      'a change of Host',
      filter({ type: 'RequestHeaderModifier', requestHeaderModifier: { set: [{ name: 'Host', value: 'a' }] } }),
      `${rule}.filters[0].requestHeaderModifier.set[0].name: to change Host write a URLRewrite filter with hostname`,
    ],
    [
      'a change of Expect',
      filter({ type: 'RequestHeaderModifier', requestHeaderModifier: { remove: ['Expect'] } }),
      `${rule}.filters[0].requestHeaderModifier.remove[0]: this header belongs to the connection and cannot be changed by a rule`,
    ],
    [
      'a change of what sidecars say to each other',
      filter({
        type: 'ResponseHeaderModifier',
        responseHeaderModifier: { add: [{ name: 'X-Heddle-Peer', value: 'a' }] },
      }),
      `${rule}.filters[0].responseHeaderModifier.add[0].name: this header belongs to the connection and cannot be changed by a rule`,
    ],
    [
      'Host in an answer',
      filter({ type: 'ResponseHeaderModifier', responseHeaderModifier: { remove: ['x-a', 'Host'] } }),
      `${rule}.filters[0].responseHeaderModifier.remove[1]: Host is a header of requests`,
    ],
    [
      'a match on a header of one connection',
      match({ headers: [{ name: 'TE', value: 'trailers' }] }),
      `${rule}.matches[0].headers[0].name: this header is taken off a request before routes are looked at, so the match would never hold`,
    ],
    [
      'a query parameter as it is not written in a URL',
      match({ queryParams: [{ name: 'a', value: 'b c' }] }),
      `${rule}.matches[0].queryParams[0].value: write the value as it stands in the URL, such as a%20b for "a b"`,
    ],
    [
      'a query parameter whose name ends it',
      match({ queryParams: [{ name: 'a&b', value: 'c' }] }),
      `${rule}.matches[0].queryParams[0].name: no parameter of a URL has "#" or "&" in its name`,
    ],
    [
      'half a character',
      route({}, { hostnames: ['\ud800'] }),
      'spec.hostnames[0]: a host name consists of whole Unicode characters',
    ],
    [
      'a header set twice',
      filter({
        type: 'ResponseHeaderModifier',
        responseHeaderModifier: {
          set: [
            { name: 'a', value: '1' },
            { name: 'A', value: '2' },
          ],
        },
      }),
      `${rule}.filters[0].responseHeaderModifier.set[1].name: header a is named twice`,
    ],
    [
      'a filter of rules on a backend',
      route({ backendRefs: [{ name: 'a', port: 80, filters: [{ type: 'CORS', cors: {} }] }] }),
      `${rule}.backendRefs[0].filters[0].type: CORS is a filter of rules: write it under the rule's filters`,
    ],
    [
      'a new prefix for one backend where nobody can say which the old one is',
      route({
        matches: [{ path: { value: '/a' } }, { path: { value: '/b' } }],
        backendRefs: [
          {
            name: 'a',
            port: 80,
            filters: [
              { type: 'URLRewrite', urlRewrite: { path: { type: 'ReplacePrefixMatch', replacePrefixMatch: '/c' } } },
            ],
          },
        ],
      }),
      `${rule}.backendRefs[0].filters[0].urlRewrite.path: ReplacePrefixMatch needs a rule with exactly one match, of type PathPrefix`,
    ],
    [
      'a redirect of one backend',
      route({ backendRefs: [{ name: 'a', port: 80, filters: [{ type: 'RequestRedirect', requestRedirect: {} }] }] }),
      `${rule}.backendRefs[0].filters[0].type: RequestRedirect is a filter of rules: write it under the rule's filters`,
    ],
    [
      'a copy of the requests of one backend',
      route({ backendRefs: [{ name: 'a', port: 80, filters: [{ type: 'RequestMirror', requestMirror: {} }] }] }),
      `${rule}.backendRefs[0].filters[0].type: RequestMirror is a filter of rules: write it under the rule's filters`,
    ],
  ])('refuses a route with %s', (_, value, fault) => {
    expect(faultsOf(value)).toEqual([fault]);
  });

  it('refuses a route with more patterns than a sidecar compiles for one port, and says so once', () => {
    const headers = (match: number) =>
      Array.from({ length: 16 }, (_, index) => ({
        type: 'RegularExpression',
        name: `x-${index}`,
        value: `${match}-${index}-[a-z]+`,
      }));
    const rule = (index: number) => ({
      matches: Array.from({ length: 40 }, (_, match) => ({ headers: headers(index * 40 + match) })),
    });
    const [fault, ...more] = faultsOf({
      ...route({}),
      spec: { parentRefs: [{ group: '', kind: 'Service', name: 'cart' }], rules: [rule(0), rule(1)] },
    });
    expect(more).toEqual([]);
    expect(fault).toBe(
      'spec.rules[1].matches[22].headers[8].value: the pattern is one too many: one HTTPRoute has at most 1000 different patterns and 65536 parts in them together; write PathPrefix and Exact where they do, or one pattern for several cases, such as (cart|basket)',
    );
  });

  it('tells the faults of patterns together with those of other fields', () => {
    const matches = [{ path: { type: 'RegularExpression', value: '/\\pL+' } }, { method: 'GTE' }];
    expect(faultsOf(route({ matches })).map((fault) => fault.slice(0, 60))).toEqual([
      'spec.rules[0].matches[0].path.value: the pattern asks for ch',
      'spec.rules[0].matches[1].method: write GET, HEAD, POST, PUT,',
    ]);
  });

  it('reads v1beta1 and the group "core" of Linkerd\'s documentation as v1 and the core group', () => {
    const value = route({ backendRefs: [{ group: 'core', kind: 'Service', name: 'v1', port: 8080 }] });
    const { document } = checkDocument({ ...value, apiVersion: 'gateway.networking.k8s.io/v1beta1' });
    expect(document).toMatchObject({
      apiVersion: 'gateway.networking.k8s.io/v1',
      spec: { rules: [{ backendRefs: [{ group: '', kind: 'Service', name: 'v1' }] }] },
    });
  });
});
