import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Kind, ModelDocument } from '../model/kinds.ts';
import { kinds } from '../model/kinds.ts';
import type { ApiCallError, WatchEvent } from './client.ts';
import type { TestApi } from './testing/api-fixture.ts';
import { registered, routeDocument, startApi } from './testing/api-fixture.ts';

let api: TestApi;
beforeEach(async () => {
  api = await startApi();
});
afterEach(() => api.stop());

const apply = (name: string, weight = 1, namespace = 'default') =>
  api.client.apply(
    kinds.HTTPRoute,
    routeDocument(name, { weight, metadata: { namespace } }) as unknown as ModelDocument,
  );

const brief = (event: WatchEvent) =>
  event.type === 'ERROR'
    ? 'ERROR'
    : `${event.type} ${event.object.metadata.name} ${event.object.metadata.resourceVersion}`;

/** The next `count` events of a watch that is under way. */
async function take(events: AsyncIterator<WatchEvent>, count: number): Promise<string[]> {
  const taken: string[] = [];
  while (taken.length < count) {
    const { value, done } = await events.next();
    if (done === true) break;
    taken.push(brief(value));
  }
  return taken;
}

const watch = (kind: Kind, namespace: string | null, resourceVersion?: string) => {
  const controller = new AbortController();
  const options = resourceVersion === undefined ? {} : { resourceVersion };
  return { events: api.client.watch(kind, namespace, { ...options, signal: controller.signal }), controller };
};

describe('a watch', () => {
  it('tells what is there, then every change as it happens', async () => {
    await apply('a');
    const { events } = watch(kinds.HTTPRoute, 'default');
    expect(await take(events, 1)).toEqual(['ADDED a 1']);
    await apply('b');
    await apply('a', 2);
    await apply('c', 1, 'shop');
    await api.client.delete(kinds.HTTPRoute, 'default', 'b');
    expect(await take(events, 3)).toEqual(['ADDED b 2', 'MODIFIED a 3', 'DELETED b 5']);
    await events.return();
  });

  it('from the revision of a list misses and repeats nothing', async () => {
    await apply('a');
    const { resourceVersion } = await api.client.list(kinds.HTTPRoute, null);
    await apply('b');
    const { events } = watch(kinds.HTTPRoute, null, resourceVersion);
    expect(await take(events, 1)).toEqual(['ADDED b 2']);
    await events.return();
  });

  it('of Workloads tells who registers and who is gone', async () => {
    api.registry.set([registered('cart-1')]);
    const { events } = watch(kinds.Workload, null);
    expect(await take(events, 1)).toEqual(['ADDED cart-1 undefined']);
    api.registry.set([registered('cart-1', { zone: 'b' }), registered('cart-2')]);
    expect(await take(events, 2)).toEqual(['MODIFIED cart-1 undefined', 'ADDED cart-2 undefined']);
    api.registry.set([registered('cart-2')]);
    expect(await take(events, 1)).toEqual(['DELETED cart-1 undefined']);
    const document = {
      apiVersion: 'heddle.dev/v1alpha1',
      kind: 'Workload',
      metadata: { name: 'static', namespace: 'default' },
      spec: { address: '10.0.0.1', ports: [{ port: 80 }] },
    };
    await api.client.apply(kinds.Workload, document as unknown as ModelDocument);
    expect(await take(events, 1)).toEqual(['ADDED static 1']);
    await events.return();
  });

  it('leaves nothing behind when its reader goes', async () => {
    const { events, controller } = watch(kinds.Workload, null);
    const next = events.next();
    while (api.registry.listenerCount === 0) await new Promise(setImmediate);
    controller.abort();
    expect(await next).toEqual({ done: true, value: undefined });
    while (api.registry.listenerCount > 0) await new Promise(setImmediate);
  });

  it('whose revision is gone says so', async () => {
    for (let weight = 1; weight <= 8; weight++) await apply('a', weight);
    const { events } = watch(kinds.HTTPRoute, null, '1');
    const error = await events.next().then(
      () => expect.fail('the watch should fail'),
      (failure: ApiCallError) => failure,
    );
    expect(error).toMatchObject({ reason: 'Expired', hint: 'the same again, from a fresh list' });
  });

  it('ends when the server closes', async () => {
    const { events } = watch(kinds.HTTPRoute, null);
    const next = events.next().catch((error: ApiCallError) => error.name);
    await apply('a');
    await next;
    const end = events.next().catch((error: ApiCallError) => error.name);
    await api.server.close();
    expect([{ done: true, value: undefined }, 'ApiCallError']).toContainEqual(await end);
  });
});
