import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { KindName, ModelDocument } from '../../control-plane/model/kinds.ts';
import { documentName } from '../../control-plane/model/kinds.ts';
import { RequestHead } from '../../proxy/message-head.ts';
import { backendTrafficPolicy } from './arbitraries/backend-traffic-policy.ts';
import { externalService } from './arbitraries/external-service.ts';
import { faultInjection } from './arbitraries/fault-injection.ts';
import { grpcRoute } from './arbitraries/grpc-route.ts';
import { httpRoute } from './arbitraries/http-route.ts';
import { httpRouteFilterDocument } from './arbitraries/http-route-filter.ts';
import { mesh } from './arbitraries/mesh.ts';
import { referenceGrant } from './arbitraries/reference-grant.ts';
import { service } from './arbitraries/service.ts';
import { tcpRoute } from './arbitraries/tcp-route.ts';
import { workload } from './arbitraries/workload.ts';
import { meshOf, readDocument, refusals, routeTable } from './whole-pipe.ts';

/** Documents of every kind; the compiler says when one is missing. */
const arbitraries: Readonly<Record<KindName, fc.Arbitrary<object>>> = {
  HTTPRoute: httpRoute,
  GRPCRoute: grpcRoute,
  HTTPRouteFilter: httpRouteFilterDocument,
  TCPRoute: tcpRoute,
  ReferenceGrant: referenceGrant,
  BackendTrafficPolicy: backendTrafficPolicy,
  ExternalService: externalService,
  FaultInjection: faultInjection,
  Mesh: mesh,
  Service: service,
  Workload: workload,
};

describe('what the model accepts', () => {
  it.each(Object.entries(arbitraries))('becomes resources that sidecars take: %s', (_kind, arbitrary) => {
    let accepted = 0;
    const property = fc.property(arbitrary, (value) => {
      const document = readDocument(value);
      if (!('kind' in document)) return;
      accepted++;
      expect(refusals(meshOf([document]))).toEqual([]);
    });
    fc.assert(property, { numRuns: 200 });
    expect(accepted, 'documents that were accepted').toBeGreaterThan(80);
  });

  it('becomes resources that sidecars take, however documents are mixed', () => {
    const anything = fc.oneof(httpRoute, ...Object.values(arbitraries)); // routes are what most others are about
    const property = fc.property(fc.array(anything, { maxLength: 8 }), (values) => {
      const documents = values.map(readDocument).filter((read): read is ModelDocument => 'kind' in read);
      // A store has one document of a name.
      const byName = new Map(documents.map((document) => [documentName(document), document]));
      expect(refusals(meshOf([...byName.values()]))).toEqual([]);
    });
    fc.assert(property, { numRuns: 150 });
  });
});

describe('a document whose rules are too large for one resource', () => {
  it('takes nothing from the other routes of its service', () => {
    const routeDocument = (name: string, rule: object) => {
      const document = readDocument({
        apiVersion: 'gateway.networking.k8s.io/v1',
        kind: 'HTTPRoute',
        metadata: { name },
        spec: { parentRefs: [{ group: '', kind: 'Service', name: 'cart' }], rules: [rule] },
      });
      if ('kind' in document) return document;
      throw new Error(document.join('; '));
    };
    const set = Array.from({ length: 16 }, (_, index) => ({ name: `x-${index}`, value: 'x'.repeat(4096) }));
    const large = routeDocument('large', {
      matches: Array.from({ length: 64 }, (_, index) => ({ path: { value: `/large/${index}` } })),
      filters: [{ type: 'RequestHeaderModifier', requestHeaderModifier: { set } }],
      backendRefs: [{ name: 'cart', port: 80 }],
    });
    const small = routeDocument('small', { backendRefs: [{ name: 'cart-v1', port: 80 }] });
    const mesh = meshOf([large, small]);
    expect(refusals(mesh)).toEqual([]);
    const table = routeTable(mesh, 'cart.default.svc.cluster.local:80');
    const kindAt = (path: string) =>
      table.match(Object.assign(new RequestHead(), { path, method: 'GET', authority: 'cart' }))?.action.kind;
    expect(kindAt('/')).toBe('forward');
    const kinds = Array.from({ length: 64 }, (_, index) => kindAt(`/large/${index}`));
    expect(new Set(kinds)).toEqual(new Set(['respond', 'forward']));
  });
});
