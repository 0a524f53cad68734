import { describe, expect, it } from 'vitest';
import { checkDocument } from './check-document.ts';
import { formatPath } from './document-violation.ts';
import type { ModelDocument } from './kinds.ts';
import type { DocumentLookup } from './validate-document.ts';
import { validateDocument } from './validate-document.ts';

const nothing: DocumentLookup = { trustDomain: 'cluster.local', serviceNames: () => [], problems: () => [] };

function route(backend: object, parent: object = {}): ModelDocument {
  return checkDocument({
    apiVersion: 'gateway.networking.k8s.io/v1',
    kind: 'HTTPRoute',
    metadata: { name: 'cart', namespace: 'shop' },
    spec: {
      parentRefs: [{ group: '', kind: 'Service', name: 'cart', ...parent }],
      rules: [{ backendRefs: [{ name: 'cart-v3', port: 80, ...backend }] }],
    },
  }).document as ModelDocument;
}

const findings = (document: ModelDocument, lookup = nothing) =>
  validateDocument(document, lookup).map(
    ({ severity, path, message }) => `${severity} ${formatPath(path)}: ${message}`,
  );

describe('validateDocument', () => {
  it('finds nothing in a route within its namespace', () => {
    expect(findings(route({}))).toEqual([]);
    expect(findings(route({ namespace: 'shop' }))).toEqual([]);
  });

  it('reports annotations of ours that say nothing here, and leaves those of others alone', () => {
    const annotated = (document: ModelDocument, name: string) => {
      document.metadata.annotations = { [name]: 'High' };
      return findings(document);
    };
    const service = checkDocument({
      apiVersion: 'v1',
      kind: 'Service',
      metadata: { name: 'cart' },
      spec: { selector: { app: 'cart' }, ports: [{ port: 80 }] },
    }).document as ModelDocument;
    expect(annotated(route({}), 'heddle.dev/priority')).toEqual([]);
    expect(annotated(route({}), 'example.com/priorty')).toEqual([]);
    expect(annotated(route({}), 'heddle.dev/priorty')).toEqual([
      'warning metadata.annotations["heddle.dev/priorty"]: no annotation of the mesh is called heddle.dev/priorty; did you mean heddle.dev/priority?',
    ]);
    expect(annotated(service, 'heddle.dev/priority')).toEqual([
      'warning metadata.annotations["heddle.dev/priority"]: heddle.dev/priority is for HTTPRoute and GRPCRoute, and has no effect on a Service',
    ]);
    expect(annotated(service, 'heddle.dev/protocol')).toEqual([
      'warning metadata.annotations["heddle.dev/protocol"]: no annotation of the mesh is called heddle.dev/protocol',
    ]);
  });

  it('leaves consent of other namespaces to translation, which knows the grants', () => {
    expect(findings(route({ namespace: 'bank' }))).toEqual([]);
  });

  it('says that hostnames have no effect in the mesh, where they choose among the hosts of what is outside', () => {
    const document = route({}) as ModelDocument & { spec: { hostnames?: string[] } };
    document.spec.hostnames = ['cart.example'];
    expect(findings(document)).toEqual([
      "warning spec.hostnames: hostnames have no effect where a Service is the parent: that Service's own names hold",
    ]);
    const outside = route({}, { group: 'heddle.dev', kind: 'ExternalService' }) as typeof document;
    outside.spec.hostnames = ['cart.example'];
    expect(findings(outside)).toEqual([]);
  });

  it('lets a consumer route use the backends beside its parent', () => {
    expect(findings(route({ namespace: 'bank' }, { namespace: 'bank' }))).toEqual([]);
  });

  it('warns of a route that only a gateway reads, and of a backend that is no Service', () => {
    expect(findings(route({}, { group: 'gateway.networking.k8s.io', kind: 'Gateway' }))).toEqual([
      'warning spec.parentRefs: the route has no Service or ExternalService among its parentRefs, so it has no effect in the mesh',
    ]);
    expect(findings(route({ group: 'storage.example.com', kind: 'Bucket' }))).toEqual([
      'warning spec.rules[0].backendRefs[0].kind: Bucket is no backend of the mesh, its share of the requests answers 500: write a Service',
    ]);
  });

  it('passes on the problems of translation as warnings, with the service that was meant', () => {
    const lookup: DocumentLookup = {
      ...nothing,
      serviceNames: (namespace) => (namespace === 'shop' ? ['cart', 'cart-v1'] : []),
      problems: () => [{ path: 'spec.rules[0].backendRefs[0]', message: 'Service shop/cart-v3 does not exist' }],
    };
    expect(validateDocument(route({}), lookup)).toEqual([
      {
        severity: 'warning',
        path: ['spec', 'rules', 0, 'backendRefs', 0],
        at: 'value',
        message: 'Service shop/cart-v3 does not exist; did you mean cart-v1?',
        suggestion: 'cart-v1',
      },
    ]);
  });

  it('holds a TCPRoute to the same', () => {
    const tcpRoute = (backend: object): ModelDocument =>
      checkDocument({
        apiVersion: 'gateway.networking.k8s.io/v1alpha2',
        kind: 'TCPRoute',
        metadata: { name: 'redis', namespace: 'shop' },
        spec: {
          parentRefs: [{ group: '', kind: 'Service', name: 'redis' }],
          rules: [{ backendRefs: [{ name: 'redis', port: 6379, ...backend }] }],
        },
      }).document as ModelDocument;
    expect(findings(tcpRoute({}))).toEqual([]);
    expect(findings(tcpRoute({ group: 'storage.example.com', kind: 'Bucket' }))).toEqual([
      'warning spec.rules[0].backendRefs[0].kind: Bucket is no backend of the mesh, its share of the connections is closed: write a Service',
    ]);
  });

  it.each([
    ['redis', []],
    ['kubernetes.io/h2c', []],
    [
      'htpp',
      [
        'warning spec.ports[0].appProtocol: the mesh does not know the protocol htpp and treats the port as one without; did you mean http?',
      ],
    ],
    [
      'example.com/own',
      [
        'warning spec.ports[0].appProtocol: the mesh does not know the protocol example.com/own and treats the port as one without',
      ],
    ],
  ])('says of the appProtocol %s what it means to the mesh', (appProtocol, expected) => {
    const service = checkDocument({
      apiVersion: 'v1',
      kind: 'Service',
      metadata: { name: 'cart' },
      spec: { ports: [{ port: 80, appProtocol }] },
    }).document as ModelDocument;
    expect(findings(service)).toEqual(expected);
  });

  it('does not let a document change the trust domain', () => {
    const mesh = (trustDomain: string) =>
      checkDocument({
        apiVersion: 'heddle.dev/v1alpha1',
        kind: 'Mesh',
        metadata: { name: 'default' },
        spec: { trustDomain },
      }).document as ModelDocument;
    expect(findings(mesh('cluster.local'))).toEqual([]);
    expect(findings(mesh('shop.local'))).toEqual([
      'error spec.trustDomain: the trust domain is cluster.local and cannot change: every certificate carries it',
    ]);
  });
});
