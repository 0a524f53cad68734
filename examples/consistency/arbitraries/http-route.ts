import fc from 'fast-check';
import { mostly, often, rarely } from './frequency.ts';
import { backendRef, metadata, parentRef } from './references.ts';
import { backendFilters, httpRouteFilter } from './route-filter.ts';
import { duration, headerName, headerValue, named, path, pattern, subdomain } from './values.ts';

type Fields = Record<string, unknown>;

const httpPathMatch = fc.oneof(
  { arbitrary: fc.record({ type: fc.constantFrom('Exact', 'PathPrefix'), value: path }), weight: 4 },
  { arbitrary: fc.record({ type: fc.constant('RegularExpression'), value: pattern }), weight: 1 },
);

const httpRouteMatch = fc.record({
  path: often(httpPathMatch),
  headers: rarely(fc.array(named(headerName, headerValue), { maxLength: 3 })),
  queryParams: rarely(
    fc.array(
      named(
        headerName,
        mostly(
          fc.constantFrom('a', '%', 'a%20b', 'a+b', 'a=b', '%41', 'x'.repeat(1024)),
          fc.constantFrom('a b', 'é', 'a&b', 'a#b', ''),
        ),
      ),
      {
        maxLength: 3,
      },
    ),
  ),
  method: rarely(fc.constantFrom('GET', 'HEAD', 'POST', 'PUT', 'DELETE', 'CONNECT', 'OPTIONS', 'TRACE', 'PATCH')),
});

const httpBackendRef = fc
  .tuple(backendRef, backendFilters)
  .map(([reference, filters]) => (filters === undefined ? reference : { ...reference, filters }));

const sessionTime = rarely(fc.constantFrom('1s', '1h30m', '100h', '999ms'));
const sessionPersistence = rarely(
  fc.record({
    type: rarely(fc.constantFrom('Cookie', 'Header')),
    sessionName: rarely(fc.constantFrom('cart', 'x-cart')),
    absoluteTimeout: sessionTime,
    idleTimeout: sessionTime,
    cookieConfig: rarely(fc.record({ lifetimeType: fc.constantFrom('Session', 'Permanent') })),
  }),
);

const httpRouteRule = fc.record({
  name: rarely(subdomain),
  matches: often(fc.array(httpRouteMatch, { minLength: 1, maxLength: 4 })),
  filters: rarely(fc.uniqueArray(httpRouteFilter, { maxLength: 3, selector: ({ type }) => type })),
  backendRefs: often(fc.array(httpBackendRef, { maxLength: 4 })),
  sessionPersistence,
  timeouts: rarely(fc.record({ request: often(duration), backendRequest: often(duration) })),
  retry: rarely(
    fc.record({
      codes: often(fc.array(fc.integer({ min: 400, max: 599 }), { maxLength: 5 })),
      attempts: often(fc.constantFrom(1, 2, 100)),
      backoff: often(duration),
    }),
  ),
});

/** Rules whose shape the Gateway API would refuse are not what is looked for. */
function withLegalCombination(rule: Fields): Fields {
  const filters = (rule.filters ?? []) as { type: string }[];
  const redirects = filters.some(({ type }) => type === 'RequestRedirect');
  const replacesPrefix = JSON.stringify([filters, rule.backendRefs]).includes('ReplacePrefixMatch');
  const matches = (rule.matches ?? []) as Fields[];
  const legal = redirects
    ? { ...rule, backendRefs: undefined, filters: filters.filter(({ type }) => type !== 'URLRewrite') }
    : rule;
  if (!replacesPrefix) return legal;
  const [match] = matches;
  return { ...legal, matches: [{ ...match, path: { ...Object(match?.path), type: 'PathPrefix' } }] };
}

/** Source: gateway-api `apis/v1/httproute_types.go` and the validation rules of its CRDs. */
export const httpRoute: fc.Arbitrary<object> = fc.record({
  apiVersion: fc.constantFrom('gateway.networking.k8s.io/v1', 'gateway.networking.k8s.io/v1beta1'),
  kind: fc.constant('HTTPRoute'),
  metadata: metadata(subdomain),
  spec: fc.record({
    parentRefs: fc.uniqueArray(parentRef, { minLength: 1, maxLength: 3, selector: (parent) => JSON.stringify(parent) }),
    hostnames: rarely(fc.constantFrom(['example.com'], ['*.example.com', 'example.org'], ['api.example.com'])),
    rules: often(fc.array(httpRouteRule.map(withLegalCombination), { minLength: 1, maxLength: 4 })),
  }),
});
