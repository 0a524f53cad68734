import { describe, expect, it } from 'vitest';
import { FakeClock } from '../testing/fake-clock.ts';
import { OnDemandResources } from './on-demand-resources.ts';

function setUp(limits: { maxNames?: number; maxWaiting?: number } = {}) {
  const clock = new FakeClock();
  const log: string[] = [];
  const routes = new OnDemandResources<{ id: number }>(
    (name) => log.push(`+${name}`),
    (name) => log.push(`-${name}`),
    { clock, ...limits },
  );
  return { clock, log, routes };
}

describe('OnDemandResources', () => {
  it('asks once for a name, however many use it while they wait', async () => {
    const { log, routes } = setUp();
    const answers = [routes.resolve('cart:80'), routes.resolve('cart:80')];
    const table = { id: 1 };
    routes.settle('cart:80', table);
    expect(await Promise.all(answers)).toEqual([table, table]);
    expect(routes.resolve('cart:80')).toBe(table);
    expect(log).toEqual(['+cart:80']);
  });

  it('remembers that a service does not exist, until it does', async () => {
    const { routes } = setUp();
    const first = routes.resolve('nowhere:80');
    routes.settle('nowhere:80', 'absent');
    expect(await first).toBe('absent');
    expect(routes.resolve('nowhere:80')).toBe('absent');
    routes.settle('nowhere:80', { id: 2 });
    expect(routes.resolve('nowhere:80')).toEqual({ id: 2 });
  });

  it('answers unknown, not absent, when nothing comes in time', async () => {
    const { clock, routes } = setUp();
    const answer = routes.resolve('cart:80');
    clock.advance(5_000);
    expect(await answer).toBe('unknown');
    const second = routes.resolve('cart:80');
    routes.settle('cart:80', { id: 3 });
    expect(await second).toEqual({ id: 3 });
    expect(clock.pendingMs).toEqual([]);
  });

  it('waits once for a name while the control plane is away, and again when it is back', async () => {
    const clock = new FakeClock();
    let isConnected = false;
    const routes = new OnDemandResources(
      () => {},
      () => {},
      { clock, isConnected: () => isConnected },
    );
    const answer = routes.resolve('cart:80');
    clock.advance(5_000);
    expect(await answer).toBe('unknown');
    expect(routes.resolve('cart:80')).toBe('unknown');
    isConnected = true;
    expect(routes.resolve('cart:80')).toBeInstanceOf(Promise);
  });

  it('makes room for a new name by letting go of the least recently used one, never of a declared one', () => {
    const { log, routes } = setUp({ maxNames: 2 });
    routes.declare('declared:80');
    for (const name of ['a:80', 'b:80']) {
      void routes.resolve(name);
      routes.settle(name, { id: 0 });
    }
    void routes.resolve('a:80');
    void routes.resolve('c:80');
    expect(log).toEqual(['+declared:80', '+a:80', '+b:80', '-b:80', '+c:80']);
  });

  it('lets those who waited for a name that made room go', async () => {
    const { routes } = setUp({ maxNames: 1 });
    const answer = routes.resolve('a:80');
    void routes.resolve('b:80');
    expect(await answer).toBe('unknown');
  });

  it('keeps no more than its bound of requests waiting', async () => {
    const { routes } = setUp({ maxWaiting: 2 });
    const waiting = [routes.resolve('a:80'), routes.resolve('b:80')];
    expect(routes.resolve('b:80')).toBe('unknown');
    routes.settle('a:80', 'absent');
    expect(await waiting[0]).toBe('absent');
    expect(routes.resolve('b:80')).toBeInstanceOf(Promise);
  });
});
