import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { ModelDocument } from '../model/kinds.ts';
import { kinds } from '../model/kinds.ts';
import { ApiClient } from './client.ts';
import type { TestApi } from './testing/api-fixture.ts';
import { routeDocument, startApi } from './testing/api-fixture.ts';

/** Its store keeps the last four changes. */
let api: TestApi;
beforeEach(async () => {
  api = await startApi();
});
afterEach(() => api.stop());

const route = (name: string, weight: number) => routeDocument(name, { weight }) as unknown as ModelDocument;
const apply = (name: string, weight: number) =>
  api.client.apply(kinds.HTTPRoute, { ...route(name, weight), metadata: { name, namespace: 'default' } } as never);
const weightOf = (document: ModelDocument | null) =>
  document?.kind === 'HTTPRoute' ? document.spec.rules[0]?.backendRefs[0]?.weight : null;

describe('changes over REST', () => {
  it('are listed the newest first, without what the control plane keeps beside documents', async () => {
    expect(await api.client.changes(10)).toEqual([]);
    await apply('cart', 1);
    await api.store.put('admin-token', 'a secret');
    await apply('cart', 2);
    await api.client.delete(kinds.HTTPRoute, 'default', 'cart');
    const document = 'HTTPRoute/default/cart';
    const path = 'spec.rules[0].backendRefs[0].weight';
    const at = expect.stringMatching(/^\d{4}-\d\d-\d\dT/);
    expect(await api.client.changes(10)).toEqual([
      { revision: 4, document, what: 'deleted', at: null, fields: [] },
      { revision: 3, document, what: 'replaced', at, fields: [{ path, before: '1', after: '2' }] },
      { revision: 1, document, what: 'created', at, fields: [] },
    ]);
    expect(await api.client.changes(1)).toMatchObject([{ revision: 4, document, what: 'deleted' }]);
    const { document: read } = await apply('cart', 3);
    expect(read.metadata).not.toHaveProperty('managedFields');
    expect((await apply('cart', 3)).change).toBe('unchanged');
    await expect(api.client.change(2)).rejects.toMatchObject({ reason: 'NotFound' });
  });

  it('tell what was there before, what came after, and where the document is now', async () => {
    await apply('cart', 1);
    await apply('cart', 2);
    await apply('other', 9);
    await api.client.delete(kinds.HTTPRoute, 'default', 'cart');
    const seen = await Promise.all([1, 2, 4].map((revision) => api.client.change(revision)));
    expect(seen.map(({ before, after, current }) => [weightOf(before), weightOf(after), current])).toEqual([
      [null, 1, null],
      [1, 2, null],
      [2, null, null],
    ]);
    expect((await api.client.change(3)).current).toBe(3);
  });

  it('tell of the latest change of a document, also where that was to take it away again', async () => {
    await apply('cart', 1);
    await api.client.delete(kinds.HTTPRoute, 'default', 'cart');
    expect(await api.client.change(2)).toMatchObject({ current: null, latest: 2 });
    await apply('cart', 3);
    expect(await api.client.change(2)).toMatchObject({ current: 3, latest: 3 });
    await api.client.delete(kinds.HTTPRoute, 'default', 'cart');
    expect(await api.client.change(2)).toMatchObject({ current: null, latest: 4 });
  });

  it('are gone when history has let them go, and when there are none yet', async () => {
    for (const weight of [1, 2, 3, 4, 5, 6]) await apply('cart', weight);
    expect((await api.client.changes(10)).map(({ revision }) => revision)).toEqual([6, 5, 4, 3]);
    expect(weightOf((await api.client.change(4)).before)).toBe(3);
    // what it replaced is gone, so it cannot be taken back
    for (const revision of [1, 3, 7]) {
      await expect(api.client.change(revision)).rejects.toMatchObject({ reason: 'NotFound' });
    }
  });

  it('want an admin token, and numbers', async () => {
    const stranger = new ApiClient({ api: api.url, token: null });
    await expect(stranger.changes(1)).rejects.toMatchObject({ reason: 'Unauthorized' });
    await expect(stranger.change(1)).rejects.toMatchObject({ reason: 'Unauthorized' });
    await stranger.close();
    await expect(api.client.changes(0)).rejects.toMatchObject({ reason: 'BadRequest' });
    await expect(api.client.change(-1)).rejects.toMatchObject({ reason: 'BadRequest' });
  });

  it('are undone on condition that the document is as they left it', async () => {
    const { document } = await apply('cart', 1);
    const resourceVersion = document.metadata.resourceVersion ?? '';
    await apply('cart', 2);
    await expect(api.client.delete(kinds.HTTPRoute, 'default', 'cart', { resourceVersion })).rejects.toMatchObject({
      reason: 'Conflict',
    });
  });
});
