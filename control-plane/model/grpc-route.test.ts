import { describe, expect, it } from 'vitest';
import { checkDocument } from './check-document.ts';
import { formatPath } from './document-violation.ts';

const route = (rule: object, spec: object = {}) => ({
  apiVersion: 'gateway.networking.k8s.io/v1',
  kind: 'GRPCRoute',
  metadata: { name: 'cart' },
  spec: { parentRefs: [{ group: '', kind: 'Service', name: 'cart' }], rules: [rule], ...spec },
});
const method = (fields: object) => route({ matches: [{ method: fields }] });
const rule = 'spec.rules[0]';

const faultsOf = (value: unknown) =>
  checkDocument(value).faults.map(({ path, message }) => `${formatPath(path)}: ${message}`);

describe('grpcRouteSchema', () => {
  it('fills in what Gateway API defaults', () => {
    const { document } = checkDocument(method({ service: 'shop.v1.Cart', method: 'Add' }));
    expect(document).toMatchObject({
      spec: {
        rules: [
          {
            matches: [{ method: { type: 'Exact', service: 'shop.v1.Cart', method: 'Add' }, headers: [] }],
            filters: [],
            backendRefs: [],
          },
        ],
      },
    });
  });

  it.each([
    ['a match of nothing', method({}), `${rule}.matches[0].method: write service, method or both`],
    [
      'a path for a service',
      method({ service: '/shop.Cart' }),
      `${rule}.matches[0].method.service: write package.Service`,
    ],
    [
      'a dot in a method',
      method({ method: 'Cart.Add' }),
      `${rule}.matches[0].method.method: write the name of a method`,
    ],
    [
      'a pattern that is none',
      method({ type: 'RegularExpression', service: 'a(' }),
      `${rule}.matches[0].method.service: the pattern is not a pattern as RE2 reads it: missing closing ): \`a(\``,
    ],
    [
      'patterns that are too large together',
      method({ type: 'RegularExpression', service: 'a{200}', method: 'b{200}' }),
      `${rule}.matches[0].method: the pattern of service and method together compiles to 404 steps, more than 300: write smaller counts in braces, such as [0-9]+ for [0-9]{1,500}`,
    ],
    [
      'a header named twice',
      route({
        matches: [
          {
            headers: [
              { name: 'a', value: '1' },
              { name: 'A', value: '2' },
            ],
          },
        ],
      }),
      `${rule}.matches[0].headers[1].name: header a is named twice`,
    ],
    ['a timeout', route({ timeouts: { request: '1s' } }), `${rule}.timeouts: unknown field timeouts`],
    [
      'a filter of HTTPRoutes',
      route({ filters: [{ type: 'URLRewrite' }] }),
      `${rule}.filters[0].type: write RequestHeaderModifier, ResponseHeaderModifier, RequestMirror or ExtensionRef`,
    ],
    [
      'a filter twice',
      route({
        filters: ['a', 'b'].map((name) => ({
          type: 'RequestHeaderModifier',
          requestHeaderModifier: { remove: [name] },
        })),
      }),
      `${rule}.filters[1].type: RequestHeaderModifier cannot be repeated in one rule`,
    ],
    [
      'a word for its sessions that is none',
      { ...route({}), metadata: { name: 'talk', annotations: { 'heddle.dev/sessions': 'strict' } } },
      'metadata.annotations["heddle.dev/sessions"]: write Strict or Default',
    ],
    [
      'a priority that is none',
      { ...route({}), metadata: { name: 'talk', annotations: { 'heddle.dev/priority': 'Low' } } },
      'metadata.annotations["heddle.dev/priority"]: write High or Default',
    ],
    [
      'another path for one backend',
      route({
        backendRefs: [
          { name: 'a', port: 80, filters: [{ type: 'URLRewrite', urlRewrite: { hostname: 'b.example' } }] },
        ],
      }),
      `${rule}.backendRefs[0].filters[0].type: a GRPCRoute has no URLRewrite: calls go by the names of service and method`,
    ],
    [
      'two rules of one name',
      route({}, { rules: [{ name: 'a' }, { name: 'a' }] }),
      'spec.rules[1].name: rule name a is used twice',
    ],
  ])('refuses a route with %s', (_, value, fault) => {
    expect(faultsOf(value)).toEqual([fault]);
  });
});
