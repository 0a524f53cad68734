import { describe, expect, it } from 'vitest';
import type { AttachedRoute } from './route-attachments.ts';
import { RouteAttachments } from './route-attachments.ts';

const cart = { kind: 'Service', namespace: 'shop', name: 'cart', host: 'cart.shop.svc.cluster.local' } as const;
const port = (number: number, name = '') => ({
  ...{ port: number, name, appProtocol: '' },
  target: { by: 'number' as const, port: number },
});

function route(namespace: string, more: object = {}): AttachedRoute {
  const { namespace: parentNamespace, name } = cart;
  const reference = { group: '', kind: 'Service', namespace: parentNamespace, name, ...more };
  return { metadata: { namespace }, spec: { parentRefs: [reference] } };
}

describe('RouteAttachments', () => {
  it("gives a caller the routes of its own namespace instead of the service's", () => {
    const [producer, consumer] = [route('shop'), route('web')];
    const attachments = new RouteAttachments([producer, consumer]);
    expect(attachments.routesFor(cart, port(80), 'shop')).toEqual([producer]);
    expect(attachments.routesFor(cart, port(80), 'other')).toEqual([producer]);
    expect(attachments.routesFor(cart, port(80), 'web')).toEqual([consumer]);
    expect(['shop', 'other', 'web'].map((each) => attachments.hasConsumerRoutes(cart, each))).toEqual([
      ...[false, false, true],
    ]);
    expect(attachments.routesFor({ ...cart, name: 'pay' }, port(80), 'web')).toEqual([]);
  });

  it('tells ports apart, and callers whose own routes are for another port', () => {
    const [all, one, named] = [route('shop'), route('web', { port: 81 }), route('shop', { sectionName: 'admin' })];
    const attachments = new RouteAttachments([all, one, named]);
    expect(attachments.routesFor(cart, port(80), 'web')).toEqual([all]);
    expect(attachments.routesFor(cart, port(81), 'web')).toEqual([one]);
    expect(attachments.routesFor(cart, port(82, 'admin'), 'web')).toEqual([all, named]);
  });

  it('does not take what is outside the mesh for a service of the same name, and asks it for its host', () => {
    const outside = { kind: 'ExternalService', group: 'heddle.dev' };
    const named = { ...route('shop', outside), metadata: { namespace: 'shop' } };
    const one = { ...named, spec: { ...named.spec, hostnames: ['a.example.com'] } };
    const hostnamesOfService = { ...route('shop'), spec: { ...route('shop').spec, hostnames: ['a.example.com'] } };
    const attachments = new RouteAttachments([named, one, hostnamesOfService]);
    const called = (host: string) => ({ ...cart, kind: 'ExternalService' as const, host });
    expect(attachments.routesFor(called('a.example.com'), port(80), 'web')).toEqual([named, one]);
    expect(attachments.routesFor(called('b.example.com'), port(80), 'web')).toEqual([named]);
    expect(attachments.routesFor(cart, port(80), 'web')).toEqual([hostnamesOfService]);
  });

  it("leaves a caller the service's routes for hosts that its own routes do not name", () => {
    const outside = { kind: 'ExternalService', group: 'heddle.dev' };
    const producer = route('shop', outside);
    const consumer = {
      ...route('web', outside),
      spec: { ...route('web', outside).spec, hostnames: ['a.example.com'] },
    };
    const attachments = new RouteAttachments([producer, consumer]);
    const called = (host: string) => ({ ...cart, kind: 'ExternalService' as const, host });
    expect(attachments.routesFor(called('a.example.com'), port(80), 'web')).toEqual([consumer]);
    expect(attachments.routesFor(called('b.example.com'), port(80), 'web')).toEqual([producer]);
  });

  it('looks through the routes once, however many clients ask', () => {
    let looked = 0;
    const routes = Array.from({ length: 100 }, () => ({
      get metadata() {
        looked++;
        return { namespace: 'shop' };
      },
      spec: route('shop').spec,
    }));
    const attachments = new RouteAttachments(routes);
    const first = attachments.routesFor(cart, port(80), 'a');
    looked = 0;
    for (const namespace of ['a', 'b', 'shop']) {
      expect(attachments.routesFor(cart, port(80), namespace)).toBe(first);
      expect(attachments.hasConsumerRoutes(cart, namespace)).toBe(false);
    }
    expect(looked).toBe(0);
  });
});
