import { describe, expect, it } from 'vitest';
import type { ModelDocument } from '../../model/kinds.ts';
import { parseDocuments } from '../../model/parse-documents.ts';
import { translate } from '../snapshot.ts';
import { registeredWorkload, viewOf } from '../testing/golden-case.ts';

const documents = parseDocuments(
  `apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: { name: cart }
spec:
  parentRefs: [{ group: "", kind: Service, name: cart }]
  rules:
    - filters: [{ type: ExtensionRef, extensionRef: { group: heddle.dev, kind: HTTPRouteFilter, name: rewrite } }]
      backendRefs:
        - { name: cart-v1, port: 80, weight: 90 }
        - { name: cart-v9, port: 80, weight: 10 }
    - matches:
        - { path: { value: /items }, method: GET, headers: [{ name: x-user, value: jason }] }
        - { path: { type: Exact, value: /top } }
      filters:
        - { type: URLRewrite, urlRewrite: { path: { type: ReplaceFullPath, replaceFullPath: /all } } }
        - { type: ExtensionRef, extensionRef: { group: heddle.dev, kind: HTTPRouteFilter, name: from-web } }
      backendRefs:
        - name: cart-v2
          port: 80
          filters:
            - type: URLRewrite
              urlRewrite: { hostname: v2.example, path: { type: ReplaceFullPath, replaceFullPath: /v2 } }
      timeouts: { request: 2s }
      sessionPersistence: { type: Header, sessionName: x-cart, absoluteTimeout: 8h, idleTimeout: 15m }
---
apiVersion: heddle.dev/v1alpha1
kind: HTTPRouteFilter
metadata: { name: from-web }
spec: { callers: [{ namespace: default, serviceAccount: web }] }
---
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: { name: mine, namespace: shop }
spec:
  parentRefs: [{ group: "", kind: Service, name: cart, namespace: default }]
  rules: [{ backendRefs: [{ name: cart, namespace: default, port: 80 }] }]
---
apiVersion: heddle.dev/v1alpha1
kind: BackendTrafficPolicy
metadata: { name: cart }
spec:
  targetRefs: [{ group: "", kind: Service, name: cart }]
  circuitBreaker: { maxConnections: 20 }
---
apiVersion: heddle.dev/v1alpha1
kind: FaultInjection
metadata: { name: slow }
spec:
  targetRefs: [{ group: "", kind: Service, name: cart }]
  until: 2030-01-01T00:00:00Z
  delay: { fixedDelay: 2s, percentage: 30 }
  headers: [{ name: x-user, value: jason }]
---
apiVersion: heddle.dev/v1alpha1
kind: Mesh
metadata: { name: default }
spec: { defaults: { timeout: { tcp: { connectTimeout: 3s } } } }
---
apiVersion: heddle.dev/v1alpha1
kind: HTTPRouteFilter
metadata: { name: rewrite }
spec:
  urlRewrite:
    hostname: { type: Header, header: x-host }
    path: { type: ReplaceRegexMatch, replaceRegexMatch: { pattern: "^/v([0-9]+)/", substitution: '/api\\1/' } }
`,
  { fileName: 'shop.yaml' },
);

const workloads = [
  { name: 'cart-1', service: 'cart', version: 'v1', ports: [8080 as const], zone: 'a' },
  { name: 'cart-2', service: 'cart', version: 'v2', ports: [8080 as const] },
  { name: 'redis-1', service: 'redis', ports: ['6379/tcp' as const] },
].map(registeredWorkload);

function described(name: string, from = 'default', more: readonly ModelDocument[] = []) {
  expect(documents.violations).toEqual([]);
  const all = [...documents.documents.map(({ document }) => document), ...more];
  return translate(viewOf(all, workloads)).describe('default', name, from);
}

describe('describeService', () => {
  it('is null for a service that there is not', () => {
    expect(described('nobody')).toBeNull();
    expect(described('cart-v1')).toBeNull();
  });

  it('lists instances as callers reach them, and versions', () => {
    expect(described('cart')).toMatchObject({
      ...{ namespace: 'default', name: 'cart', host: 'cart.default.svc.cluster.local', source: null },
      identities: ['spiffe://cluster.local/ns/default/sa/cart'],
      versions: [
        { version: 'v1', instances: 1 },
        { version: 'v2', instances: 1 },
      ],
      instances: [
        {
          ...{ name: 'cart-1', version: 'v1', zone: 'a' },
          ports: [
            { port: 80, dialed: '10.0.0.1:20000', isMeshed: true },
            { port: 8080, dialed: '10.0.0.1:20000', isMeshed: true },
          ],
        },
        { name: 'cart-2' },
      ],
    });
  });

  it('lists rules in the order in which sidecars try them, each with its line and what it does', () => {
    const caller = 'caller default/web';
    const v2 = [{ name: 'cart-v2', port: 80, weight: 1, percent: 100, missing: null }];
    const steps = [
      'rewrite to /all',
      'rewrite to v2.example/v2, for cart-v2',
      'timeout 2s',
      'session by header, at most 8h, idle for 15m',
    ];
    expect(described('cart')?.ports[0]?.routes).toEqual([
      {
        ...{ document: 'HTTPRoute/default/cart', file: 'shop.yaml', line: 11, rule: 1, ruleName: '' },
        ...{ match: ['/top', caller], backends: v2, steps },
      },
      {
        ...{ document: 'HTTPRoute/default/cart', file: 'shop.yaml', line: 11, rule: 1, ruleName: '' },
        ...{ match: ['GET /items…', 'header x-user: jason', caller], backends: v2, steps },
      },
      {
        ...{ document: 'HTTPRoute/default/cart', file: 'shop.yaml', line: 7, rule: 0, ruleName: '' },
        match: [],
        backends: [
          { name: 'cart-v1', port: 80, weight: 90, percent: 90, missing: null },
          { name: 'cart-v9', port: 80, weight: 10, percent: 10, missing: 'Service default/cart-v9 does not exist' },
        ],
        steps: ['rewrite host to header x-host', 'rewrite ^/v([0-9]+)/ (pattern) to /api\\1/'],
      },
    ]);
  });

  it("shows a caller's own routes in place of the service's", () => {
    const [route, ...others] = described('cart', 'shop')?.ports[0]?.routes ?? [];
    expect(others).toEqual([]);
    expect(route).toMatchObject({ document: 'HTTPRoute/shop/mine', match: [] });
  });

  it('says of each field of the policy who says it', () => {
    const policy = described('cart')?.ports[0]?.policy ?? [];
    const sourceOf = (field: string) => policy.find((one) => one.field === field)?.source;
    expect(sourceOf('circuitBreaker.maxConnections')).toEqual({
      ...{ document: 'BackendTrafficPolicy/default/cart', file: 'shop.yaml', line: 38 },
    });
    expect(sourceOf('timeout.tcp.connectTimeout')).toMatchObject({ document: 'Mesh/default' });
    expect(sourceOf('circuitBreaker.maxPendingRequests')).toBeNull();
  });

  it('tells a fault with its time, and the problems of what bears on the service alone', () => {
    const cart = described('cart');
    expect(cart?.ports[0]?.fault).toMatchObject({
      ...{ document: 'FaultInjection/default/slow', until: '2030-01-01T00:00:00Z' },
      ...{ delay: '30 % wait 2s', abort: '', responseRate: '', headers: ['x-user: jason'] },
    });
    expect(cart?.documents.map(({ document }) => document).sort()).toEqual([
      'BackendTrafficPolicy/default/cart',
      'FaultInjection/default/slow',
      'HTTPRoute/default/cart',
      'Mesh/default',
    ]);
    expect(cart?.problems).toEqual([
      {
        document: 'HTTPRoute/default/cart',
        path: 'spec.rules[0].backendRefs[1]',
        message: 'Service default/cart-v9 does not exist',
      },
    ]);
    expect(described('redis')).toMatchObject({ problems: [], ports: [{ protocol: 'tcp' }, { protocol: 'tcp' }] });
  });

  it('describes what is outside the mesh, which has no instances, and the routes of all its hosts', () => {
    const { documents: parsed, violations } = parseDocuments(
      `apiVersion: heddle.dev/v1alpha1
kind: ExternalService
metadata: { name: pay }
spec:
  hosts: [pay.example, pay2.example]
  ports: [{ name: tls, port: 443, protocol: TLS }, { name: http, port: 80, protocol: HTTP }]
---
apiVersion: heddle.dev/v1alpha1
kind: BackendTrafficPolicy
metadata: { name: pay }
spec:
  targetRefs: [{ group: heddle.dev, kind: ExternalService, name: pay }]
  circuitBreaker: { maxConnections: 7 }
---
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: { name: all-hosts }
spec:
  parentRefs: [{ group: heddle.dev, kind: ExternalService, name: pay }]
  rules:
    - backendRefs: [{ group: heddle.dev, kind: ExternalService, name: pay, port: 80 }]
---
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: { name: second-host }
spec:
  parentRefs: [{ group: heddle.dev, kind: ExternalService, name: pay }]
  hostnames: [pay2.example]
  rules:
    - matches: [{ path: { value: /v2 } }]
      timeouts: { request: 1s }
      backendRefs: [{ group: heddle.dev, kind: ExternalService, name: pay, port: 80 }]
`,
      { fileName: 'pay.yaml' },
    );
    expect(violations).toEqual([]);
    const pay = described(
      'pay',
      'default',
      parsed.map(({ document }) => document),
    );
    expect(pay).toMatchObject({
      ...{ host: 'pay.example, pay2.example', instances: [], identities: [], versions: [] },
      source: { document: 'ExternalService/default/pay', file: 'pay.yaml', line: 1 },
      outside: { resolution: 'DNS', tls: null, endpoints: [] },
      ports: [
        {
          port: 80,
          routes: [
            { document: 'HTTPRoute/default/second-host', match: ['host pay2.example', '/v2…'], steps: ['timeout 1s'] },
            {
              document: 'HTTPRoute/default/all-hosts',
              match: [],
              backends: [{ name: 'pay', port: 80, percent: 100, missing: null }],
            },
          ],
        },
        { port: 443, protocol: 'tcp', routes: [] },
      ],
    });
    const limit = pay?.ports[0]?.policy.find(({ field }) => field === 'circuitBreaker.maxConnections');
    expect(limit).toMatchObject({ value: '7', source: { document: 'BackendTrafficPolicy/default/pay' } });
  });

  it('shows where the bytes of a TCP port go', () => {
    const { document } = parseDocuments(
      `apiVersion: gateway.networking.k8s.io/v1alpha2
kind: TCPRoute
metadata: { name: redis }
spec:
  parentRefs: [{ group: "", kind: Service, name: redis }]
  rules: [{ backendRefs: [{ name: redis, port: 6379 }] }]
`,
    ).documents[0] as { document: ModelDocument };
    expect(described('redis', 'default', [document])?.ports.at(-1)?.routes).toMatchObject([
      { document: 'TCPRoute/default/redis', match: [], backends: [{ name: 'redis', port: 6379, missing: null }] },
    ]);
  });
});
