import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { ModelDocument } from '../model/kinds.ts';
import { kinds } from '../model/kinds.ts';
import type { ApiCallError } from './client.ts';
import type { TestApi } from './testing/api-fixture.ts';
import { registered, routeDocument, startApi } from './testing/api-fixture.ts';
import { rawRequest } from './testing/raw-request.ts';

let api: TestApi;
beforeEach(async () => {
  api = await startApi();
});
afterEach(() => api.stop());

const route = (name: string, changes: Parameters<typeof routeDocument>[1] = {}) =>
  // the client sends what a user wrote; the server fills in the rest
  ({
    ...routeDocument(name, changes),
    metadata: { name, namespace: 'default', ...changes.metadata },
  }) as unknown as ModelDocument;

const failure = (promise: Promise<unknown>) =>
  promise.then(
    () => expect.fail('the call should fail'),
    (error: ApiCallError) => error,
  );

describe('documents over REST', () => {
  it('come back with the defaults and the metadata of the server', async () => {
    const { document, change } = await api.client.apply(kinds.HTTPRoute, route('cart'));
    expect(change).toBe('created');
    expect(document).toMatchObject({
      apiVersion: 'gateway.networking.k8s.io/v1',
      metadata: {
        name: 'cart',
        namespace: 'default',
        resourceVersion: '1',
        generation: 1,
        creationTimestamp: '2026-01-01T00:00:00.000Z',
        uid: expect.stringMatching(/^[0-9a-f-]{36}$/),
      },
      spec: { rules: [{ matches: [{ path: { type: 'PathPrefix', value: '/' } }] }] },
    });
    expect(await api.client.get(kinds.HTTPRoute, 'default', 'cart')).toMatchObject({ ...document, status: {} });
  });

  it('keep uid and creation time when replaced, and count changes of the spec', async () => {
    const first = (await api.client.apply(kinds.HTTPRoute, route('cart'))).document;
    const second = await api.client.apply(kinds.HTTPRoute, route('cart', { weight: 7, metadata: { uid: 'mine' } }));
    expect(second).toMatchObject({
      change: 'replaced',
      document: { metadata: { uid: first.metadata.uid, generation: 2, resourceVersion: '2' } },
    });
    const labelled = await api.client.apply(
      kinds.HTTPRoute,
      route('cart', { weight: 7, metadata: { labels: { a: 'b' } } }),
    );
    expect(labelled.document.metadata).toMatchObject({ generation: 2, resourceVersion: '3' });
  });

  it('are not written when nothing changes', async () => {
    await api.client.apply(kinds.HTTPRoute, route('cart'));
    const again = await api.client.apply(kinds.HTTPRoute, route('cart'));
    expect(again).toMatchObject({ change: 'unchanged', document: { metadata: { resourceVersion: '1' } } });
    expect(api.store.revision()).toBe(1);
  });

  it('can be read, changed and written back, once for each version', async () => {
    await api.client.apply(kinds.HTTPRoute, route('cart'));
    const read = await api.client.get(kinds.HTTPRoute, 'default', 'cart');
    const labelled = (label: string) =>
      ({ ...read, metadata: { ...read.metadata, labels: { label } } }) as ModelDocument;
    expect(await api.client.put(kinds.HTTPRoute, labelled('first'))).toMatchObject({ change: 'replaced' });
    expect(await failure(api.client.put(kinds.HTTPRoute, labelled('second')))).toMatchObject({
      reason: 'Conflict',
      message: 'HTTPRoute/default/cart was changed by somebody else since it was read; it is at resourceVersion 2',
    });
  });

  it('are tried and not kept with dryRun', async () => {
    const tried = await api.client.apply(kinds.HTTPRoute, route('cart'), { dryRun: true });
    expect(tried.change).toBe('created');
    await api.client.create(kinds.HTTPRoute, route('cart'), { dryRun: true });
    expect(api.store.revision()).toBe(0);
    await api.client.apply(kinds.HTTPRoute, route('cart'));
    await api.client.delete(kinds.HTTPRoute, 'default', 'cart', { dryRun: true });
    expect(api.store.revision()).toBe(1);
  });

  it('are listed by namespace and over all, with the revision of the list', async () => {
    await api.client.apply(kinds.HTTPRoute, route('a'));
    await api.client.apply(kinds.HTTPRoute, route('b', { metadata: { namespace: 'shop' } }));
    const names = async (namespace: string | null) =>
      (await api.client.list(kinds.HTTPRoute, namespace)).items.map(({ metadata }) => metadata.name);
    expect(await names('default')).toEqual(['a']);
    expect(await names(null)).toEqual(['a', 'b']);
    expect(await names('sho')).toEqual([]);
    expect((await api.client.list(kinds.HTTPRoute, null)).resourceVersion).toBe('2');
  });

  it('are gone when deleted; a second deletion finds nothing', async () => {
    await api.client.apply(kinds.HTTPRoute, route('cart'));
    expect(await api.client.delete(kinds.HTTPRoute, 'default', 'cart')).toEqual({ resourceVersion: '2' });
    const error = await failure(api.client.delete(kinds.HTTPRoute, 'default', 'cart'));
    expect(error).toMatchObject({ reason: 'NotFound', message: 'there is no HTTPRoute cart in namespace default' });
  });

  it('are deleted only at the version and uid that the caller demands', async () => {
    const { document } = await api.client.apply(kinds.HTTPRoute, route('cart'));
    const remove = (preconditions: object) =>
      rawRequest(api.url, {
        method: 'DELETE',
        path: '/apis/gateway.networking.k8s.io/v1/namespaces/default/httproutes/cart',
        headers: { authorization: `Bearer ${api.token}`, 'content-type': 'application/json' },
        body: JSON.stringify({ kind: 'DeleteOptions', preconditions }),
      });
    expect((await remove({ resourceVersion: '9' })).status).toBe(409);
    expect((await remove({ uid: 'another' })).status).toBe(409);
    expect((await remove({ uid: document.metadata.uid, resourceVersion: '1' })).status).toBe(200);
  });

  it('may be YAML, take their namespace from the path, and must agree with it', async () => {
    const put = (path: string, body: string) =>
      rawRequest(api.url, {
        method: 'PUT',
        path,
        headers: { authorization: `Bearer ${api.token}`, 'content-type': 'application/yaml' },
        body,
      });
    const yaml = 'apiVersion: v1\nkind: Service\nmetadata:\n  name: cart\nspec:\n  ports: [{port: 80}]\n';
    const answer = await put('/api/v1/namespaces/shop/services/cart', yaml);
    expect(answer.status).toBe(201);
    expect(JSON.parse(answer.text)).toMatchObject({ metadata: { namespace: 'shop' } });
    expect((await put('/api/v1/namespaces/shop/services/other', yaml)).status).toBe(400);
    expect(
      (await put('/api/v1/namespaces/shop/services/cart', yaml.replace('name: cart', 'name: cart\n  namespace: bank')))
        .status,
    ).toBe(400);
    expect((await put('/apis/heddle.dev/v1alpha1/namespaces/shop/workloads/cart', yaml)).status).toBe(400);
    expect((await put('/api/v1/namespaces/shop/services/cart', `${yaml}---\n${yaml}`)).status).toBe(400);
    expect((await put('/api/v1/namespaces/shop/services/cart', '')).status).toBe(400);
  });

  it('of the whole mesh have no namespace', async () => {
    const mesh = {
      apiVersion: 'heddle.dev/v1alpha1',
      kind: 'Mesh',
      metadata: { name: 'default' },
      spec: {},
    } as ModelDocument;
    await api.client.apply(kinds.Mesh, mesh);
    expect(await api.client.get(kinds.Mesh, null, 'default')).toMatchObject({
      spec: { outboundTrafficPolicy: { mode: 'ALLOW_ANY' } },
    });
    const elsewhere = { ...mesh, spec: { ...mesh.spec, trustDomain: 'shop.local' } } as ModelDocument;
    expect(await failure(api.client.apply(kinds.Mesh, elsewhere))).toMatchObject({ reason: 'Invalid' });
    const { status } = await rawRequest(api.url, {
      path: '/apis/heddle.dev/v1alpha1/namespaces/default/meshes',
      headers: { authorization: `Bearer ${api.token}` },
    });
    expect(status).toBe(404);
  });

  it('come with warnings about what they refer to', async () => {
    api.warnings.push({
      path: 'spec.rules[0].backendRefs[0]',
      message: 'Service default/cart-v1 does not exist – yet',
    });
    api.warnings.push({ path: 'spec.parentRefs[0]', message: 'another, with "quotes"' });
    const { warnings } = await api.client.apply(kinds.HTTPRoute, route('cart'), { dryRun: true });
    expect(warnings).toEqual([
      { field: 'spec.rules[0].backendRefs[0]', message: 'Service default/cart-v1 does not exist – yet' },
      { field: 'spec.parentRefs[0]', message: 'another, with "quotes"' },
    ]);
  });

  it('show on their status what became of them', async () => {
    await api.client.apply(kinds.HTTPRoute, route('cart'));
    api.problems.push({ document: 'HTTPRoute/default/cart', path: 'spec.rules[0].backendRefs[0]', message: 'gone' });
    const { status } = await api.client.get(kinds.HTTPRoute, 'default', 'cart');
    expect(status).toMatchObject({
      parents: [
        {
          parentRef: { kind: 'Service', name: 'cart' },
          conditions: [
            { type: 'Accepted', status: 'True' },
            { type: 'ResolvedRefs', status: 'False', message: 'spec.rules[0].backendRefs[0]: gone' },
            { type: 'Programmed', status: 'True', message: 'in force in 2 of 2 proxies concerned' },
          ],
        },
      ],
    });
  });

  it('that this version cannot read are left out, and can be replaced', async () => {
    await api.store.put('/gateway.networking.k8s.io/httproutes/default/cart', '{"kind":"HTTPRoute"}');
    expect((await api.client.list(kinds.HTTPRoute, null)).items).toEqual([]);
    expect(await api.client.apply(kinds.HTTPRoute, route('cart'))).toMatchObject({ change: 'replaced' });
  });

  it('of registered workloads can be read, and changed by nobody but their sidecar', async () => {
    api.registry.set([registered('cart-v1-1'), registered('web-1', { namespace: 'shop', zone: 'a' })]);
    const { items } = await api.client.list(kinds.Workload, 'default');
    expect(items).toMatchObject([
      {
        metadata: { name: 'cart-v1-1', labels: { app: 'cart', version: 'v1' } },
        spec: {
          address: '127.0.0.1',
          service: 'cart',
          ports: [{ port: 8080, inboundPort: 18080, appProtocol: 'http' }],
        },
        status: { phase: 'Registered', identity: 'spiffe://cluster.local/ns/default/sa/cart' },
      },
    ]);
    expect(await api.client.get(kinds.Workload, 'shop', 'web-1')).toMatchObject({ spec: { locality: { zone: 'a' } } });
    const [read] = items;
    for (const call of [
      () => api.client.apply(kinds.Workload, read as ModelDocument),
      () => api.client.create(kinds.Workload, read as ModelDocument),
      () => api.client.delete(kinds.Workload, 'default', 'cart-v1-1'),
    ]) {
      expect(await failure(call())).toMatchObject({ reason: 'Conflict' });
    }
  });

  it.each([
    ['PATCH', '/apis/gateway.networking.k8s.io/v1/namespaces/default/httproutes/cart', 405],
    ['DELETE', '/apis/gateway.networking.k8s.io/v1/namespaces/default/httproutes', 405],
    ['POST', '/apis/gateway.networking.k8s.io/v1/httproutes', 405],
    ['GET', '/apis/gateway.networking.k8s.io/v1/httproutes/cart', 404],
    ['GET', '/apis/gateway.networking.k8s.io/v1/namespaces/default/tlsroutes', 404],
    ['GET', '/api/v1/namespaces/default/httproutes', 404],
    ['GET', '/api/v1/services?labelSelector=a%3Db', 400],
    ['GET', '/api/v1/services?watch=true&resourceVersion=x', 400],
    ['PUT', '/api/v1/namespaces/default/services/cart?dryRun=Some', 422],
  ])('%s %s is answered %d', async (method, path, status) => {
    const headers = { authorization: `Bearer ${api.token}`, 'content-type': 'application/json' };
    const body = method === 'GET' ? '' : '{"apiVersion":"v1","kind":"Service"}';
    const answer = await rawRequest(api.url, { method, path, headers, body });
    expect(answer.status).toBe(status);
    expect(JSON.parse(answer.text)).toMatchObject({ kind: 'Status', code: status });
  });
});
