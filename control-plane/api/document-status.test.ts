import { describe, expect, it } from 'vitest';
import { checkDocument } from '../model/check-document.ts';
import type { ModelDocument } from '../model/kinds.ts';
import type { Convergence } from '../xds/proxy-status.ts';
import { withStatus } from './document-status.ts';
import { allInForce, routeDocument } from './testing/api-fixture.ts';

const route = (parentRefs: readonly object[]) =>
  checkDocument(routeDocument('cart', { spec: { parentRefs, rules: [{}] } })).document as ModelDocument;
const cart = { group: '', kind: 'Service', name: 'cart' };
const service = checkDocument({ apiVersion: 'v1', kind: 'Service', metadata: { name: 'cart' }, spec: {} })
  .document as ModelDocument;

const conditionsOf = (convergence: Convergence) => withStatus(service, [], convergence).status;

describe('withStatus', () => {
  it('tells each parent of a route its own problems, and leaves out parents that are not ours', () => {
    const gateway = { name: 'edge' };
    const problems = [
      { document: 'HTTPRoute/default/cart', path: 'spec.parentRefs[2]', message: 'gone' },
      { document: 'HTTPRoute/default/other', path: 'spec.parentRefs[0]', message: 'not mine' },
    ];
    const { status } = withStatus(route([cart, gateway, { ...cart, name: 'web' }]), problems, null);
    expect(status).toMatchObject({
      parents: [
        { parentRef: { name: 'cart' }, conditions: [{ type: 'Accepted', status: 'True' }, { type: 'ResolvedRefs' }] },
        {
          parentRef: { name: 'web' },
          conditions: [{ status: 'False', reason: 'NoMatchingParent' }, { status: 'True' }],
        },
      ],
    });
  });

  it('tells a parent outside the mesh what became of the route', () => {
    const api = { group: 'heddle.dev', kind: 'ExternalService', name: 'api' };
    const problem = {
      ...{ document: 'HTTPRoute/default/cart', path: 'spec.parentRefs[0]' },
      ...{ message: 'none of the hostnames', reason: 'NoMatchingListenerHostname' },
    };
    const { status } = withStatus(route([api, cart]), [problem], null);
    expect(status).toMatchObject({
      parents: [
        {
          parentRef: api,
          conditions: [{ status: 'False', reason: 'NoMatchingListenerHostname' }, { type: 'ResolvedRefs' }],
        },
        { parentRef: cart, conditions: [{ status: 'True' }, { status: 'True' }] },
      ],
    });
  });

  it("calls what is wrong with a reference by Gateway API's word", () => {
    const name = 'HTTPRoute/default/cart';
    const ofBackend = {
      document: name,
      path: 'spec.rules[0].backendRefs[0]',
      message: 'no',
      reason: 'RefNotPermitted',
    };
    const ofParent = { document: name, path: 'spec.parentRefs[0]', message: 'no', reason: 'Conflicted' };
    expect(withStatus(route([cart]), [ofBackend, ofParent], null).status).toMatchObject({
      parents: [
        {
          conditions: [
            { type: 'Accepted', status: 'False', reason: 'Conflicted' },
            { type: 'ResolvedRefs', status: 'False', reason: 'RefNotPermitted' },
          ],
        },
      ],
    });
  });

  it('says which rules cannot be served where others can', () => {
    const name = 'HTTPRoute/default/cart';
    const document = checkDocument(routeDocument('cart', { spec: { parentRefs: [cart], rules: [{}, {}] } }))
      .document as ModelDocument;
    const lost = (rule: number) => ({ document: name, path: `spec.rules[${rule}]`, message: `no backend in ${rule}` });
    const ofOneBackend = { document: name, path: 'spec.rules[0].backendRefs[0]', message: 'Service x does not exist' };
    const invalidityOf = (problems: Parameters<typeof withStatus>[1]) => {
      const { parents = [] } = withStatus(document, problems, null).status as {
        parents?: { conditions: { type: string; message: string }[] }[];
      };
      return parents[0]?.conditions.find(({ type }) => type === 'PartiallyInvalid')?.message;
    };
    expect(invalidityOf([lost(1)])).toBe('Dropped Rule 1: no backend in 1');
    expect(invalidityOf([ofOneBackend])).toBeUndefined();
    expect(invalidityOf([lost(0), lost(1)])).toBeUndefined();
  });

  it.each([
    [{}, { status: 'True', reason: 'InForce', message: 'in force in 2 of 2 proxies concerned' }],
    [
      { affected: 0, inForce: 0 },
      { status: 'True', message: 'no proxy is concerned' },
    ],
    [
      { inForce: 1, pending: ['default/cart-2'] },
      { status: 'Unknown', reason: 'Pending' },
    ],
    [{ translated: false }, { status: 'Unknown', reason: 'Pending' }],
    [
      { rejected: [{ proxy: 'default/cart-2', reason: 'bad' }], pending: ['default/cart-3'] },
      { status: 'False', reason: 'Rejected', message: 'default/cart-2: bad' },
    ],
  ])('with %j says Programmed %j', (changes, programmed) => {
    expect(conditionsOf({ ...allInForce, ...changes })).toMatchObject({
      conditions: [{ type: 'Accepted' }, { type: 'Programmed', ...programmed }],
    });
  });

  it('tells each parent of a TCPRoute what became of it', () => {
    const document = checkDocument({
      apiVersion: 'gateway.networking.k8s.io/v1alpha2',
      kind: 'TCPRoute',
      metadata: { name: 'redis' },
      spec: {
        parentRefs: [{ group: '', kind: 'Service', name: 'redis' }],
        rules: [{ backendRefs: [{ name: 'gone', port: 1 }] }],
      },
    }).document as ModelDocument;
    const path = 'spec.rules[0].backendRefs[0]';
    const problems = [{ document: 'TCPRoute/default/redis', path, message: 'gone' }];
    expect(withStatus(document, problems, null).status).toMatchObject({
      parents: [
        {
          conditions: [
            { type: 'Accepted', status: 'True' },
            { type: 'ResolvedRefs', status: 'False', reason: 'BackendNotFound', message: `${path}: gone` },
          ],
        },
      ],
    });
  });

  it('tells a registered workload what it says in vain', () => {
    const document = {
      ...service,
      kind: 'Workload',
      metadata: { name: 'a', namespace: 'default' },
      status: { phase: 'Registered' },
    } as unknown as ModelDocument;
    const problems = [{ document: 'Workload/default/a', path: 'spec.ports[0].appProtocol', message: 'no' }];
    expect(withStatus(document, problems, allInForce).status).toMatchObject({
      phase: 'Registered',
      conditions: [{ type: 'Accepted', status: 'False', message: 'spec.ports[0].appProtocol: no' }],
    });
  });

  it('says what the ports of a Service carry', () => {
    const ports = [{ port: 6379, protocol: 'tcp', saidBy: 'well-known port' }];
    expect(withStatus(service, [], null, ports).status).toMatchObject({ conditions: [{ type: 'Accepted' }], ports });
  });

  it('keeps the status that a registered workload brings', () => {
    const document = { ...service, status: { phase: 'Registered' } } as ModelDocument;
    expect(withStatus(document, [], allInForce)).toBe(document);
  });
});
