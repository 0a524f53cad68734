import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  CONTROL_PLANE_IDENTITY_PATH,
  controlPlaneSpiffeId,
  formatWorkloadName,
  inboundClusterName,
  inboundListenerName,
  outboundClusterName,
  outboundListenerName,
  parseClusterName,
  parseRouteConfigurationName,
  parseServiceHost,
  parseWorkloadName,
  routeConfigurationName,
  serviceHost,
  upstreamSni,
} from './names.ts';

const host = serviceHost('cart', 'default');
const label = fc.stringMatching(/^[a-z]([a-z0-9-]{0,20}[a-z0-9])?$/);
const version = fc.stringMatching(/^([A-Za-z0-9]([A-Za-z0-9._-]{0,20}[A-Za-z0-9])?)?$/);
const port = fc.integer({ min: 1, max: 65535 });
const servicePort = fc.record({
  port,
  subset: version,
  host: fc.tuple(label, label).map(([a, b]) => serviceHost(a, b)),
});

describe('names', () => {
  it('have the forms that Istio gives them', () => {
    expect(host).toBe('cart.default.svc.cluster.local');
    expect(outboundClusterName({ port: 80, subset: 'v1', host })).toBe(`outbound|80|v1|${host}`);
    expect(outboundClusterName({ port: 80, subset: '', host })).toBe(`outbound|80||${host}`);
    expect(inboundClusterName(8080)).toBe('inbound|8080||');
    expect(inboundListenerName(8080)).toBe('inbound|8080||');
    expect(outboundListenerName('redis.default.svc.cluster.local', 6379)).toBe(
      'outbound|6379||redis.default.svc.cluster.local',
    );
    expect(routeConfigurationName(host, 80)).toBe(`${host}:80`);
    expect(upstreamSni({ port: 80, subset: 'v1', host })).toBe(`outbound_.80_.v1_.${host}`);
    expect(upstreamSni({ port: 80, subset: '', host })).toBe(`outbound_.80_._.${host}`);
    expect(CONTROL_PLANE_IDENTITY_PATH).toBe('/ns/heddle-system/sa/heddle-control-plane');
    expect(controlPlaneSpiffeId('cluster.local')).toBe(
      'spiffe://cluster.local/ns/heddle-system/sa/heddle-control-plane',
    );
  });

  it('are read back as they were written', () => {
    fc.assert(
      fc.property(servicePort, (target) => {
        expect(parseClusterName(outboundClusterName(target))).toEqual({ direction: 'outbound', ...target });
        expect(parseRouteConfigurationName(routeConfigurationName(target.host, target.port))).toEqual({
          host: target.host,
          port: target.port,
        });
        expect(parseClusterName(inboundListenerName(target.port))).toEqual({ direction: 'inbound', port: target.port });
      }),
    );
    expect(parseServiceHost(host)).toEqual({ name: 'cart', namespace: 'default' });
  });

  it('of servers tell every two destinations apart, whatever a version is called', () => {
    /** The last `_.` parts version and host: a host has none. */
    const read = (sni: string) => /^outbound_\.(\d+)_\.(.*)_\.(.+)$/.exec(sni)?.slice(1);
    fc.assert(
      fc.property(servicePort, (target) => {
        expect(read(upstreamSni(target))).toEqual([String(target.port), target.subset, target.host]);
      }),
    );
  });

  it.each([
    '',
    'outbound|80',
    'outbound|0||a',
    'outbound|080||a',
    'outbound|65536||a',
    'outbound|80||',
    'inbound|80|v1|',
  ])('finds no cluster in %j', (name) => expect(parseClusterName(name)).toBeNull());

  it.each(['', 'cart', ':80', 'cart:', 'cart:80x', 'cart:0'])('finds no route configuration in %j', (name) =>
    expect(parseRouteConfigurationName(name)).toBeNull(),
  );

  it.each(['', 'cart', 'cart.default', 'a.b.c.svc.cluster.local', '.default.svc.cluster.local'])(
    'finds no service in %j',
    (name) => expect(parseServiceHost(name)).toBeNull(),
  );

  it('refuses to write what could not be read back', () => {
    expect(() => outboundClusterName({ port: 0, subset: '', host })).toThrow(TypeError);
    expect(() => outboundClusterName({ port: 80, subset: 'a|b', host })).toThrow(TypeError);
    expect(() => outboundClusterName({ port: 80, subset: '', host: '' })).toThrow(TypeError);
    expect(() => upstreamSni({ port: 80, subset: '', host: 'a_.b' })).toThrow(TypeError);
    expect(() => routeConfigurationName(host, 70000)).toThrow(TypeError);
  });
});

describe('workload names', () => {
  const cart = { name: 'cart-v1-1', namespace: 'default', service: 'cart', version: 'v1', cluster: 'heddle' };

  it('are five parts between semicolons', () => {
    expect(formatWorkloadName(cart)).toBe('cart-v1-1;default;cart;v1;heddle');
    expect(parseWorkloadName('cart-v1-1;default;cart;v1;heddle')).toEqual(cart);
    expect(parseWorkloadName('cart-1;default;cart;;heddle')).toEqual({ ...cart, name: 'cart-1', version: '' });
  });

  it('have no other form', () => {
    expect(parseWorkloadName('cart;default;cart;v1')).toBeNull();
    expect(parseWorkloadName('cart;default;cart;v1;heddle;more')).toBeNull();
    expect(parseWorkloadName(';default;cart;v1;heddle')).toBeNull();
    expect(() => formatWorkloadName({ ...cart, version: 'v1;x' })).toThrow("cannot hold ';'");
  });
});
