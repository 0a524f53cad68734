import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { HttpRoute } from '../../control-plane/model/http-route.ts';
import { RequestHead } from '../../proxy/message-head.ts';
import type { RouteTable } from '../../proxy/route/route-table.ts';
import type { Decision, HeaderTable, PlainRequest } from './gateway-interpreter.ts';
import { decide } from './gateway-interpreter.ts';
import { meshOf, readDocument, routeTable } from './whole-pipe.ts';

// Small alphabets: routes and requests must meet often, and rules must compete.
const segments = fc.array(fc.constantFrom('a', 'b', 'ab', '%20', 'A'), { maxLength: 3 });
const path = fc
  .tuple(segments, fc.boolean())
  .map(([parts, hasSlash]) => `/${parts.join('/')}${hasSlash && parts.length > 0 ? '/' : ''}`);
const headerName = fc.constantFrom('x-a', 'X-A', 'x-b', 'X-C', 'Host');
const headerValue = fc.constantFrom('1', '2', '1, 2', '100%', '%START_TIME%', 'cart', 'CART');
const parameter = fc.record({ name: fc.constantFrom('q', 'Q', 'r'), value: fc.constantFrom('1', 'a%20b', '1=2') });
const method = fc.constantFrom('GET', 'POST', 'DELETE');
const unless = <T>(value: fc.Arbitrary<T>) => fc.option(value, { nil: undefined, freq: 2 });

/** In place of a text, one time in five. */
const orPattern = <T extends object>(exact: fc.Arbitrary<T>, change: (of: T, value: string) => object) =>
  fc
    .oneof(
      { arbitrary: exact as fc.Arbitrary<object>, weight: 4 },
      {
        arbitrary: fc.tuple(exact, fc.constantFrom('/a.*', '.*[12]', '[a-z]+', '/[^/]*/b', '1|2')),
        weight: 1,
      },
    )
    .map((value) => (Array.isArray(value) ? change(value[0] as T, value[1] as string) : value));
const asPattern = (of: object, value: string) => ({ ...of, type: 'RegularExpression', value });
const nameOf = (of: object) => (of as { name: string }).name;

const match = fc.record({
  path: unless(orPattern(fc.record({ type: fc.constantFrom('Exact', 'PathPrefix'), value: path }), asPattern)),
  headers: fc.uniqueArray(orPattern(fc.record({ name: headerName, value: headerValue }), asPattern), {
    maxLength: 2,
    selector: (of) => nameOf(of).toLowerCase(),
  }),
  queryParams: fc.uniqueArray(orPattern(parameter, asPattern), { maxLength: 2, selector: nameOf }),
  method: unless(method),
});
const change = fc.constantFrom('x-a', 'X-B', 'x-answer', 'x-new');
const pair = fc.record({ name: change, value: headerValue });
const pairs = fc.uniqueArray(pair, { maxLength: 2, selector: ({ name }) => name.toLowerCase() });
const modifier = fc.record({
  set: fc.uniqueArray(pair, { minLength: 1, maxLength: 2, selector: ({ name }) => name.toLowerCase() }),
  add: pairs,
  remove: fc.uniqueArray(change, { maxLength: 2 }),
});
const replacement = fc.oneof(path, fc.constantFrom('', '/new%AB%20', '/new/'));
const pathModifier = fc.oneof(
  replacement.map((replaceFullPath) => ({ type: 'ReplaceFullPath', replaceFullPath })),
  replacement.map((replacePrefixMatch) => ({ type: 'ReplacePrefixMatch', replacePrefixMatch })),
);
const rewrite = fc
  .record({ hostname: unless(fc.constant('new.example')), path: unless(pathModifier) })
  .filter(({ hostname, path: written }) => hostname !== undefined || written !== undefined);
const redirect = fc.record({
  scheme: unless(fc.constantFrom('http', 'https')),
  hostname: unless(fc.constant('new.example')),
  port: unless(fc.constantFrom(80, 443, 8080)),
  path: unless(pathModifier),
  statusCode: fc.constantFrom(301, 302, 303, 307, 308),
});
const backend = fc.record({
  name: fc.constantFrom('cart', 'cart-v1', 'cart-v2', 'missing'),
  port: fc.constant(80),
  weight: fc.constantFrom(0, 1, 9),
});

const rule = fc
  .record({
    matches: fc.array(match, { minLength: 1, maxLength: 3 }),
    request: unless(modifier),
    answer: unless(modifier),
    rewrite: unless(rewrite),
    redirect: unless(redirect),
    backendRefs: fc.array(backend, { maxLength: 3 }),
  })
  .map((parts) => {
    const action = parts.redirect
      ? { type: 'RequestRedirect', requestRedirect: parts.redirect }
      : parts.rewrite && { type: 'URLRewrite', urlRewrite: parts.rewrite };
    const replacesPrefix = JSON.stringify(action ?? {}).includes('ReplacePrefixMatch');
    const [first] = parts.matches;
    return {
      matches: replacesPrefix ? [{ ...first, path: { value: prefixOf(first?.path) } }] : parts.matches,
      filters: [
        ...(parts.request ? [{ type: 'RequestHeaderModifier', requestHeaderModifier: parts.request }] : []),
        ...(parts.answer ? [{ type: 'ResponseHeaderModifier', responseHeaderModifier: parts.answer }] : []),
        ...(action ? [action] : []),
      ],
      backendRefs: parts.redirect ? [] : parts.backendRefs,
    };
  });

function prefixOf(written: object | undefined): string {
  const { type, value } = (written ?? {}) as { type?: string; value?: string };
  return value === undefined || type === 'RegularExpression' ? '/' : value;
}

const httpRoutes = fc
  .array(
    fc.record({
      created: fc.constantFrom(undefined, '2024-01-01T00:00:00Z', '2024-01-01T01:00:00+01:00', '2025-01-01T00:00:00Z'),
      rules: fc.array(rule, { minLength: 1, maxLength: 3 }),
    }),
    { minLength: 1, maxLength: 3 },
  )
  .map((routes) =>
    routes.map(({ created, rules }, index) => {
      const document = readDocument({
        apiVersion: 'gateway.networking.k8s.io/v1',
        kind: 'HTTPRoute',
        metadata: { name: `route-${9 - index}`, creationTimestamp: created },
        spec: { parentRefs: [{ group: '', kind: 'Service', name: 'cart' }], rules },
      });
      if ('kind' in document) return document as HttpRoute;
      throw new Error(`not a legal route: ${document.join('; ')}`);
    }),
  );

const request: fc.Arbitrary<PlainRequest> = fc
  .record({
    method,
    path,
    query: unless(fc.array(fc.tuple(parameter, fc.boolean()), { maxLength: 3 })),
    headers: fc.array(
      fc.tuple(
        headerName.filter((name) => name !== 'Host'),
        headerValue,
      ),
      { maxLength: 3 },
    ),
    host: fc.constantFrom('cart', 'cart.default.svc.cluster.local'),
  })
  .map((parts) => ({
    method: parts.method,
    target: `${parts.path}${parts.query === undefined ? '' : `?${parts.query.map(queryText).join('&')}`}`,
    authority: parts.host,
    headers: parts.headers,
  }));

function queryText([{ name, value }, isBare]: [{ name: string; value: string }, boolean]): string {
  return isBare ? name : `${name}=${value}`;
}

describe('a sidecar', () => {
  it.each([80, 8080])('decides about every request to port %i as the Gateway API does', (port) => {
    const property = fc.property(httpRoutes, fc.array(request, { minLength: 1, maxLength: 20 }), (routes, requests) => {
      const table = routeTable(meshOf(routes), `cart.default.svc.cluster.local:${port}`);
      for (const asked of requests) {
        const plain = { ...asked, authority: port === 80 ? asked.authority : `${asked.authority}:${port}` };
        const expected = decide(routes, plain, port, (backend) => backends.has(backend));
        expect(decisionOf(table, plain, expected), JSON.stringify(plain)).toEqual(expected);
      }
    });
    fc.assert(property, { numRuns: 200 });
  });
});

/** Backends that the rules name, by the cluster that stands for them. */
const clusters = new Map([
  ['outbound|80||cart.default.svc.cluster.local', 'cart:80'],
  ['outbound|80|v1|cart.default.svc.cluster.local', 'cart-v1:80'],
  ['outbound|80|v2|cart.default.svc.cluster.local', 'cart-v2:80'],
]);
const backends = new Set(clusters.values());

/** What the sidecar would do, in the interpreter's words; of `expected` only the number of requests counts. */
function decisionOf(table: RouteTable<string>, asked: PlainRequest, expected: Decision): Decision {
  const head = Object.assign(new RequestHead(), {
    method: asked.method,
    path: asked.target,
    authority: asked.authority,
    block: blockOf([['Host', asked.authority], ...asked.headers]),
  });
  const route = table.match(head);
  if (route === null) return { kind: 'no match' };
  const rule = `${route.origin?.document} ${route.origin?.rule} ${route.origin?.match}`;
  const { action } = route;
  if (action.kind === 'redirect') {
    return { kind: 'redirect', rule, status: action.status, location: action.redirect.location(head) };
  }
  const answer = tableOf(route.responseHeaders?.apply('x-answer: here\r\n') ?? 'x-answer: here\r\n');
  if (action.kind === 'respond') return { kind: 'answer', rule, status: action.status, answer };
  const { host, ...headers } = tableOf(route.requestHeaders?.apply(head.block) ?? head.block);
  return {
    kind: 'backends',
    rule,
    target: String(action.pathRewrite?.apply(head.path) ?? head.path),
    host: action.hostRewrite ?? host?.[0] ?? '',
    headers,
    answer,
    shares: sharesOf(action.pick, expected),
  };
}

function sharesOf(pick: () => string, expected: Decision): Record<string, number> {
  const counts = expected.kind === 'backends' ? Object.values(expected.shares) : [];
  const shares: Record<string, number> = {};
  for (let left = counts.reduce((sum, count) => sum + count, 0); left > 0; left--) {
    const backend = clusters.get(pick()) ?? '500'; // what nobody can take
    shares[backend] = (shares[backend] ?? 0) + 1;
  }
  return shares;
}

function blockOf(headers: readonly (readonly [string, string])[]): string {
  return headers.map(([name, value]) => `${name}: ${value}\r\n`).join('');
}

function tableOf(block: string): HeaderTable {
  const table: Record<string, string[]> = {};
  for (const line of block.split('\r\n').slice(0, -1)) {
    const colon = line.indexOf(':');
    const name = line.slice(0, colon).toLowerCase();
    table[name] = [...(table[name] ?? []), line.slice(colon + 1).trim()];
  }
  return table;
}
