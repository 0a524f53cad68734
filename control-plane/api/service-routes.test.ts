import { afterEach, describe, expect, it } from 'vitest';
import type { ServiceDescription } from '../model/service-description.ts';
import type { ProxyStatus } from '../xds/proxy-status.ts';
import { ApiClient } from './client.ts';
import type { TestApi } from './testing/api-fixture.ts';
import { allInForce, startApi } from './testing/api-fixture.ts';

const cart: ServiceDescription = {
  ...{ namespace: 'default', name: 'cart', host: 'cart.default.svc.cluster.local', source: null, identities: [] },
  ...{ versions: [{ version: 'v1', instances: 1 }], instances: [], outside: null, ports: [], problems: [] },
  documents: [{ document: 'HTTPRoute/default/cart', file: '', line: 0, revision: '7' }],
};

const refusing = (name: string, service: string, resources: readonly string[]): ProxyStatus => ({
  ...{ name, namespace: 'default', service, version: '', identity: '', address: '', connectedAtMs: 0 },
  ...{ heddleVersion: '', resources: {}, synced: false, lastPushMs: 0, convergenceMs: null },
  rejected: resources.map((resource, atMs) => ({
    ...{ typeUrl: '', name: resource, version: '1', reason: `no ${resource}`, atMs },
  })),
});

let api: TestApi;
afterEach(() => api.stop());

describe('GET /heddle/v1/services', () => {
  it('answers with what decides, how far it has come, and what sidecars refused of it', async () => {
    const asked: unknown[] = [];
    const host = 'cart.default.svc.cluster.local';
    const ofOthers = [`mycart.default.svc.cluster.local:80`, `outbound|80||cart.shop.svc.cluster.local`, 'inbound|1||'];
    api = await startApi({
      describeService: (...words) => {
        asked.push(words);
        return cart;
      },
      proxies: {
        list: () => [
          refusing('web-1', 'web', [`outbound|80|v1|${host}`, `cart-v1.default.svc.cluster.local:80`, ...ofOthers]),
          refusing('cart-1', 'cart', ['inbound|8080||']),
        ],
        convergence: async (revision) => ({ ...allInForce, revision, inForce: 1, pending: ['default/web-2'] }),
      },
    });
    const answer = await api.client.service('default', 'cart', 'shop');
    expect(asked).toEqual([['default', 'cart', 'shop']]);
    expect(answer).toMatchObject({ ...cart });
    expect(answer.progress).toEqual([
      { document: 'HTTPRoute/default/cart', affected: 2, inForce: 1, pending: ['default/web-2'] },
    ]);
    expect(answer.refused.map(({ proxy, resource }) => `${proxy} ${resource}`)).toEqual([
      `default/web-1 cart-v1.default.svc.cluster.local:80`,
      `default/web-1 outbound|80|v1|${host}`,
      'default/cart-1 inbound|8080||',
    ]);
    await api.client.service('default', 'cart');
    expect(asked.at(-1)).toEqual(['default', 'cart', 'default']);
  });

  it('wants an admin token, a name, and a service that there is', async () => {
    api = await startApi();
    const stranger = new ApiClient({ api: api.url, token: null });
    await expect(stranger.service('default', 'cart')).rejects.toMatchObject({ reason: 'Unauthorized' });
    await stranger.close();
    await expect(api.client.service('default', 'cart')).rejects.toMatchObject({
      reason: 'NotFound',
      message: expect.stringContaining('there is no service cart in namespace default'),
    });
    await expect(api.client.service('default', 'Cart!')).rejects.toMatchObject({ reason: 'BadRequest' });
    await expect(api.client.service('default', 'cart', '*')).rejects.toMatchObject({ reason: 'BadRequest' });
  });
});
