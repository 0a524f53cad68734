import { describe, expect, it } from 'vitest';
import { planShop } from './shop.ts';

describe('planShop', () => {
  it('has at least four services in at least seven instances, two versions of cart among them', async () => {
    const { instances } = await planShop({ python: true, hangingUp: false });
    expect(new Set(instances.map(({ service }) => service)).size).toBeGreaterThanOrEqual(4);
    expect(instances.length).toBeGreaterThanOrEqual(7);
    expect(new Set(instances.map(({ name }) => name)).size).toBe(instances.length);
    expect(new Set(instances.flatMap(({ service, version }) => (service === 'cart' ? version : [])))).toEqual(
      new Set(['v1', 'v2']),
    );
  });

  it('gives every program a port of its own, and the URLs of those it calls', async () => {
    const { instances, loadPort } = await planShop({ python: true, hangingUp: true });
    const ports = [loadPort, ...instances.flatMap(({ port, upstreams }) => [port, ...Object.values(upstreams)])];
    expect(new Set(ports).size).toBe(ports.length);
    const web = instances.find(({ name }) => name === 'web-1');
    expect(web?.environment).toEqual({
      PORT: String(web?.port),
      INSTANCE: 'web-1',
      VERSION: 'v1',
      CART_URL: `http://127.0.0.1:${web?.upstreams.cart}`,
      RECOMMEND_URL: `http://127.0.0.1:${web?.upstreams.recommend}`,
    });
  });

  it('serves the database with a program from outside Node when there is one', async () => {
    const command = async (python: boolean) => {
      const { instances } = await planShop({ python, hangingUp: false });
      return instances.find(({ service }) => service === 'db')?.command.join(' ');
    };
    expect(await command(true)).toContain('python3 -m http.server --bind 127.0.0.1');
    expect(await command(false)).toContain('shop/db.ts');
  });

  it('adds an instance that refuses connections in the end only when asked', async () => {
    const names = async (hangingUp: boolean) =>
      (await planShop({ python: true, hangingUp })).instances.filter(({ hangsUp }) => hangsUp).map(({ name }) => name);
    expect(await names(false)).toEqual([]);
    expect(await names(true)).toEqual(['recommend-3']);
  });
});
