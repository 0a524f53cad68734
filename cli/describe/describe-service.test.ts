import { describe, expect, it } from 'vitest';
import type { DescribedService } from '../../control-plane/api/client.ts';
import type { Style } from '../terminal/style.ts';
import { serviceInWords } from './describe-service.ts';

const plain: Style = { paint: (_tone, text) => text, good: '√', bad: '×', warning: '‼' };
const nowMs = Date.parse('2026-11-21T10:00:00Z');

const route = { document: 'HTTPRoute/default/cart', file: 'cart.yaml', ruleName: '' };
const policy = { document: 'BackendTrafficPolicy/default/cart', file: 'limits.yaml', line: 4 };
const port = {
  name: '',
  protocol: 'http',
  saidBy: 'workloads',
  routes: [
    {
      ...{ ...route, line: 8, rule: 0, match: ['GET /items…', 'header x-user: jason'], steps: ['timeout 2s'] },
      backends: [{ name: 'cart-v2', port: 80, weight: 1, percent: 100, missing: null }],
    },
    {
      ...{ ...route, line: 14, rule: 1, match: ['/top…'], steps: [] },
      backends: [{ name: 'cart-v9', port: 80, weight: 1, percent: 100, missing: 'does not exist' }],
    },
  ],
  policy: [
    { field: 'circuitBreaker.maxConnections', value: '20', source: policy },
    { field: 'retry.retryOn.triggers', value: 'connect-failure, refused-stream, reset', source: null },
    { field: 'retry.perRetry.timeout', value: 'none', source: null },
    {
      field: 'timeout.tcp.connectTimeout',
      value: '2s',
      source: { document: 'Mesh/default', file: '', line: 0 },
    },
  ],
  fault: {
    ...{ document: 'FaultInjection/default/cart', file: '', line: 0, until: '2026-11-21T10:01:58Z' },
    ...{ delay: '', abort: '30 % are answered 503', responseRate: '', headers: ['x-user: jason'] },
  },
} as const;

const cart: DescribedService = {
  ...{ namespace: 'default', name: 'cart', host: 'cart.default.svc.cluster.local', source: null },
  identities: ['spiffe://shop.local/ns/default/sa/cart'],
  versions: [{ version: 'v1', instances: 1 }],
  instances: [
    {
      ...{ name: 'cart-1', version: 'v1', address: '10.0.0.7', weight: 3, region: 'eu', zone: 'a', identity: 'x' },
      ports: [{ port: 80, dialed: '10.0.0.7:15006', isMeshed: true }],
    },
  ],
  ports: [
    { ...port, port: 80 },
    { ...port, port: 8080 },
  ],
  outside: null,
  documents: [],
  problems: [{ document: 'HTTPRoute/default/cart', path: 'spec.rules[1].backendRefs[0]', message: 'does not exist' }],
  progress: [{ document: 'HTTPRoute/default/cart', affected: 3, inForce: 2, pending: ['default/web-2'] }],
  out: [{ instance: 'cart-1', caller: 'default/web-1', message: 'ejected 30s: 5 × 5xx in a row', since: '' }],
  circuit: { state: 'half', reasons: ['1/1 ejected'] },
  refused: [{ proxy: 'default/web-1', resource: 'cart.default:80', reason: 'bad pattern', atMs: 1 }],
};

const said = (service: DescribedService, isWide = false) => serviceInWords(service, plain, nowMs, isWide);

describe('serviceInWords', () => {
  it('says what decides about calls, who says so, and what has become of it', () => {
    expect(said(cart)).toBe(`Service:     cart
Namespace:   default
Host:        cart.default.svc.cluster.local
Declared:    by the workloads that run under its name
Identity:    spiffe://shop.local/ns/default/sa/cart
Versions:    v1 (1)
Circuit:     closed, 1/1 ejected

Ports
  PORT   NAME   CARRIES   SAID BY
    80   -      http      workloads
  8080   -      http      workloads

Instances
  NAME     VERSION   REACHED AT       MTLS   HEALTH   WEIGHT   ZONE
  cart-1   v1        10.0.0.7:15006   yes    out           3   eu/a
  × cart-1   ejected 30s: 5 × 5xx in a row, says default/web-1

Routes of ports 80, 8080
  REQUESTS                            GO TO                          RULE   SAID BY
  GET /items…, header x-user: jason   cart-v2:80 100 %, timeout 2s   0      cart.yaml:8
  /top…                               cart-v9:80 100 % (missing)     1      cart.yaml:14
  others                              answered 404

Fault
  ‼ of requests with x-user: jason: 30 % are answered 503 · 1m58s left · fault/cart

Traffic policy of ports 80, 8080
  FIELD                           VALUE              SAID BY
  circuitBreaker.maxConnections   20                 limits.yaml:4
  retry.retryOn.triggers          connect-failure,   default
                                  refused-stream,
                                  reset
  timeout.tcp.connectTimeout      2s                 Mesh defaults
  1 more follow, or are at their default: -o wide

In force
  ‼ HTTPRoute/default/cart   in 2 of 3 sidecars, not yet in default/web-2
  × default/web-1 refused cart.default:80: bad pattern

Warnings
  ‼ HTTPRoute/default/cart   spec.rules[1].backendRefs[0]: does not exist
`);
  });

  it('says that all goes to the service where there is no route, and shows every field when wide', () => {
    const bare = {
      ...cart,
      out: [],
      circuit: null,
      ports: [{ ...port, port: 80, routes: [], fault: null }],
      problems: [],
    };
    const text = said(bare, true);
    expect(text).toContain('Routes of port 80\n  none: every request goes to the service\n');
    expect(text).toContain('Warnings\n  none\n');
    expect(text).toContain('Circuit:     no call has reached it in the last minute\n');
    expect(text).toMatch(/cart-1 .* ok /);
    expect(text).toMatch(/retry\.perRetry\.timeout +none +default/);
    expect(text).toMatch(/connect-failure, refused-stream, reset +default/);
    expect(text).not.toContain('Fault');
    expect(text).not.toContain('-o wide');
  });

  it('names a document of another namespace so that the command can be typed', () => {
    const routes = [{ ...port.routes[0], document: 'HTTPRoute/shop/mine', file: '' }];
    expect(said({ ...cart, ports: [{ ...port, port: 80, routes }] })).toMatch(/route\/mine -n shop\n/);
  });

  it('says how the mesh reaches what is outside of it', () => {
    const outside = { resolution: 'DNS', tls: null, endpoints: [] } as const;
    const plainText = said({ ...cart, host: 'pay.example', outside });
    expect(plainText).toContain('Resolution:   DNS\nTLS:          none that the sidecar opens\n');
    expect(plainText).toContain('Endpoints\n  every address of pay.example\n');
    expect(plainText).not.toContain('Versions');
    expect(plainText).not.toContain('Instances');
    const tls = { mode: 'SIMPLE', sni: 'sni.example', subjectAltNames: [], hasRoots: true };
    const endpoints = [
      { address: '192.0.2.1', port: null, weight: 1 },
      { address: '192.0.2.2', port: 8443, weight: 3 },
    ];
    const encrypted = said({ ...cart, outside: { resolution: 'STATIC', tls, endpoints } });
    expect(encrypted).toContain(
      'Server name:   sni.example\nCertificate:   for sni.example\nRoots:         of the document\n',
    );
    expect(encrypted).toContain(
      '  ADDRESS     PORT        WEIGHT\n  192.0.2.1   as called        1\n  192.0.2.2   8443             3\n',
    );
  });

  it('tells a fault whose time is over from one that is under way', () => {
    const over = { ...port.fault, until: '2026-11-21T09:00:00Z' };
    expect(said({ ...cart, ports: [{ ...port, port: 80, fault: over }] })).toContain('over, without effect');
  });

  const healthIn = (changes: Partial<DescribedService>) => {
    const text = serviceInWords({ ...cart, ...changes }, plain, nowMs, false);
    const lines = text.slice(text.indexOf('\nInstances\n'), text.indexOf('\nRoutes of')).trimEnd().split('\n');
    return { health: /(?:yes|no) +(\S+)/.exec(lines[3] ?? '')?.[1], beside: lines.slice(4).map((line) => line.trim()) };
  };

  it('says at the instances that there is panic, in which an ill one takes requests', () => {
    const panic = { state: 'half', reasons: ['1/1 ejected', 'panic'] } as const;
    expect(healthIn({ circuit: panic })).toEqual({
      health: 'ill',
      beside: [
        '× cart-1   ejected 30s: 5 × 5xx in a row, says default/web-1',
        '‼ panic: too few instances are well, so requests go to all of them',
      ],
    });
    expect(healthIn({})).toMatchObject({ health: 'out' });
  });

  it('does not call an instance well where callers leave out one that they named before', () => {
    expect(healthIn({ out: [] })).toEqual({
      health: '?',
      beside: ['‼ which of them callers leave out was told before this control plane began'],
    });
    expect(healthIn({ out: [], circuit: null })).toEqual({ health: 'ok', beside: [] });
    const busy = { state: 'open', reasons: ['20/20 connections'] } as const;
    expect(healthIn({ out: [], circuit: busy })).toEqual({ health: 'ok', beside: [] });
  });
});
