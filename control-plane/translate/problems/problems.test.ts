import { describe, expect, it } from 'vitest';
import type { ModelDocument } from '../../model/kinds.ts';
import { translate } from '../snapshot.ts';
import { parseDocument, registeredWorkload, viewOf } from '../testing/golden-case.ts';

describe('findProblems', () => {
  it('finds none in documents that get what they ask for', () => {
    expect(problems(service({ app: 'cart' }, 8080), route({ backendRefs: [{ name: 'store', port: 80 }] }))).toEqual([]);
  });

  it('tells a Service that selects workloads of which none has its port', () => {
    expect(problems(service({ app: 'cart' }, 7000), service({ app: 'cart' }, 'grpc', 'other'))).toEqual([
      'Service/default/store spec.ports[0].targetPort: none of the workloads that the Service selects declares port 7000',
      'Service/default/other spec.ports[0].targetPort: none of the workloads that the Service selects declares port grpc',
    ]);
  });

  it('says nothing of a Service that selects nobody: workloads come and go', () => {
    expect(problems(service({ app: 'nobody' }, 7000))).toEqual([]);
  });

  it('tells a rule that can only answer 500', () => {
    expect(problems(service({ app: 'cart' }, 8080), route({}))).toEqual([
      'HTTPRoute/default/route spec.rules[0]: the rule has neither a backend nor a redirect and answers 500',
    ]);
  });

  it('tells a rule whose weights are all 0', () => {
    const nobody = route({ backendRefs: [{ name: 'store', port: 80, weight: 0 }] });
    expect(problems(service({ app: 'cart' }, 8080), nobody)).toEqual([
      'HTTPRoute/default/route spec.rules[0].backendRefs: every weight is 0, so the rule answers 500: give one a weight above 0',
    ]);
  });

  it('says nothing of backends of a route that is attached to no Service', () => {
    const gateway = parseDocument({
      kind: 'HTTPRoute',
      apiVersion: 'gateway.networking.k8s.io/v1',
      metadata: { name: 'edge' },
      spec: { parentRefs: [{ name: 'some-gateway' }], rules: [{ backendRefs: [{ name: 'nobody', port: 80 }] }] },
    } as never);
    expect(problems(gateway)).toEqual([]);
  });

  it('lets a fallback lead into another namespace that allows it to policies', () => {
    const policy = parseDocument({
      kind: 'BackendTrafficPolicy',
      apiVersion: 'heddle.dev/v1alpha1',
      metadata: { name: 'spare' },
      spec: {
        targetRefs: [{ group: '', kind: 'Service', name: 'cart' }],
        fallback: { backendRef: { name: 'spare', namespace: 'other', port: 80 } },
      },
    } as never);
    const spare = parseDocument({
      kind: 'Service',
      apiVersion: 'v1',
      metadata: { name: 'spare', namespace: 'other' },
      spec: { selector: { app: 'spare' }, ports: [{ port: 80 }] },
    } as never);
    const grant = (group: string) =>
      parseDocument({
        kind: 'ReferenceGrant',
        apiVersion: 'gateway.networking.k8s.io/v1beta1',
        metadata: { name: 'policies', namespace: 'other' },
        spec: {
          from: [{ group, kind: 'BackendTrafficPolicy', namespace: 'default' }],
          to: [{ group: '', kind: 'Service' }],
        },
      } as never);
    expect(problems(policy, spare, grant('gateway.networking.k8s.io'))).toHaveLength(1);
    expect(problems(policy, spare, grant('heddle.dev'))).toEqual([]);
  });

  it('tells a global limit that nobody counts, and why', () => {
    const limited = parseDocument({
      kind: 'BackendTrafficPolicy',
      apiVersion: 'heddle.dev/v1alpha1',
      metadata: { name: 'limited' },
      spec: {
        targetRefs: [{ group: '', kind: 'Service', name: 'cart' }],
        rateLimit: { type: 'Global', global: { rules: [{ limit: { requests: 1, unit: 'Hour' } }] } },
      },
    } as never);
    const policy = 'BackendTrafficPolicy/default/limited spec.rateLimit.global: nobody counts: Mesh default';
    expect(problems(limited)).toEqual([`${policy} names no spec.rateLimit.backendRef`]);
    expect(problems(limited, countedBy('nobody', 80))).toEqual([
      `${policy} names one that does not exist`,
      'Mesh/default spec.rateLimit.backendRef.name: Service default/nobody does not exist',
    ]);
    expect(problems(limited, countedBy('cart', 7))).toEqual([
      `${policy} names one that does not exist`,
      'Mesh/default spec.rateLimit.backendRef.port: Service default/cart has no port 7',
    ]);
    expect(problems(limited, countedBy('cart', 80))).toEqual([]);
  });

  it('tells a global limit of the mesh that nobody counts', () => {
    const rateLimit = { type: 'Global', global: { rules: [{ limit: { requests: 1, unit: 'Hour' } }] } };
    const mesh = { kind: 'Mesh', apiVersion: 'heddle.dev/v1alpha1', metadata: { name: 'default' } };
    expect(problems(parseDocument({ ...mesh, spec: { defaults: { rateLimit } } } as never))).toEqual([
      'Mesh/default spec.defaults.rateLimit.global: nobody counts: Mesh default names no spec.rateLimit.backendRef',
    ]);
  });

  it('tells what is about requests where a port is declared to carry bytes', () => {
    const ports = [
      { name: 'data', port: 6379, targetPort: 8080, appProtocol: 'redis' },
      { name: 'http', port: 80, targetPort: 8080, appProtocol: 'http' },
    ];
    const store = (...said: readonly object[]) =>
      parseDocument({
        kind: 'Service',
        apiVersion: 'v1',
        metadata: { name: 'store' },
        spec: { selector: { app: 'cart' }, ports: said },
      } as never);
    const of = (kind: string, spec: object, sectionName?: string) =>
      parseDocument({
        kind,
        apiVersion: 'heddle.dev/v1alpha1',
        metadata: { name: 'slow' },
        spec: {
          targetRefs: [{ group: '', kind: 'Service', name: 'store', ...(sectionName && { sectionName }) }],
          ...spec,
        },
      } as never);
    const fault = { until: '2030-01-01T00:00:00Z', abort: { httpStatus: 503 } };
    const policy = { requestBuffer: { limit: 1 }, circuitBreaker: { maxConnections: 1 } };
    const why = (names: string) => `has no effect on ${names}: it is about requests, and what is declared there is TCP`;
    expect(problems(store(ports[0] ?? {}), of('FaultInjection', fault))).toEqual([
      `FaultInjection/default/slow spec.targetRefs[0]: ${why('store')}`,
    ]);
    expect(problems(store(...ports), of('BackendTrafficPolicy', policy, 'data'))).toEqual([
      `BackendTrafficPolicy/default/slow spec.requestBuffer: ${why('store:data')}`,
    ]);
    const tcp = { connectionRate: { num: 1, interval: '1s' } };
    const rules = [{ limit: { requests: 1, unit: 'Hour' } }];
    const both = { rateLimit: { type: 'Local', local: { rules, tcp } } };
    const [bytes] = problems(store(...ports), of('BackendTrafficPolicy', both, 'data'));
    expect(bytes).toBe(`BackendTrafficPolicy/default/slow spec.rateLimit.local.rules: ${why('store:data')}`);
    const connections = { rateLimit: { type: 'Local', local: { tcp } } };
    expect(problems(store(...ports), of('BackendTrafficPolicy', connections, 'data'))).toEqual([]);
    const httpOnly = store({ name: 'http', port: 80, targetPort: 8080, appProtocol: 'http' });
    expect(problems(httpOnly, of('BackendTrafficPolicy', connections))).toEqual([
      'BackendTrafficPolicy/default/slow spec.rateLimit.local.tcp: has no effect on store: it is about TCP, and what is declared there is HTTP',
    ]);
    const heeded = problems(store(...ports), of('BackendTrafficPolicy', policy), of('FaultInjection', fault, 'http'));
    expect(heeded.filter((problem) => problem.includes('no effect'))).toEqual([]);
  });
});

function countedBy(name: string, port: number): ModelDocument {
  return parseDocument({
    kind: 'Mesh',
    apiVersion: 'heddle.dev/v1alpha1',
    metadata: { name: 'default' },
    spec: { rateLimit: { backendRef: { name, port } } },
  } as never);
}

function problems(...documents: readonly ModelDocument[]): readonly string[] {
  const workloads = [{ name: 'cart-1', service: 'cart', ports: [8080] }].map(registeredWorkload);
  return translate(viewOf(documents, workloads))
    .problems()
    .map(({ document, path, message }) => `${document} ${path}: ${message}`);
}

function service(selector: Record<string, string>, targetPort: number | string, name = 'store'): ModelDocument {
  return parseDocument({
    kind: 'Service',
    apiVersion: 'v1',
    metadata: { name },
    spec: { selector, ports: [{ port: 80, targetPort }] },
  } as never);
}

function route(rule: object): ModelDocument {
  return parseDocument({
    kind: 'HTTPRoute',
    apiVersion: 'gateway.networking.k8s.io/v1',
    metadata: { name: 'route' },
    spec: { parentRefs: [{ group: '', kind: 'Service', name: 'store' }], rules: [rule] },
  } as never);
}
