import { describe, expect, it } from 'vitest';
import { NameTakenError, Registry, TooManyWorkloadsError } from './registry.ts';
import { registration } from './testing/registration.ts';

const ttlMs = 10_000;

function start(names: readonly string[] = []) {
  const clock = { nowMs: 1_000_000 };
  const registry = new Registry({ now: () => clock.nowMs, ttlMs });
  for (const name of names) {
    registry.register(registration({ name }));
  }
  const namesNow = () => registry.view().workloads.map((workload) => workload.name);
  const pass = (ms: number) => {
    clock.nowMs += ms;
    registry.sweep();
  };
  const renew = (...renewing: string[]) =>
    renewing.map((name) => registry.renew(`default/${name}`, registration({ name })));
  return { registry, namesNow, pass, renew };
}

describe('Registry', () => {
  it('shows what is registered, ordered, and the same view until something changes', () => {
    const { registry, namesNow } = start(['b', 'a']);
    expect(namesNow()).toEqual(['a', 'b']);
    const view = registry.view();
    expect(registry.view()).toBe(view);
    registry.register(registration({ name: 'c' }));
    expect(registry.view()).not.toBe(view);
    expect(view.workloads).toHaveLength(2);
  });

  it('tells listeners of changes, and not of renewals or equal registrations', () => {
    const { registry, renew } = start(['a']);
    let changes = 0;
    const stop = registry.onChange(() => {
      changes += 1;
    });
    renew('a');
    registry.register(registration({ name: 'a' }));
    expect(changes).toBe(0);
    registry.register(registration({ name: 'a', address: '10.0.0.9' }));
    expect(changes).toBe(1);
    stop();
    registry.register(registration({ name: 'b' }));
    expect(changes).toBe(1);
  });

  it('lets a lease run out one TTL after its last renewal, and no sooner', () => {
    const { namesNow, pass, renew } = start(['a', 'b']);
    pass(ttlMs - 1);
    expect(renew('a')).toEqual([true]);
    expect(namesNow()).toEqual(['a', 'b']);
    pass(1);
    expect(namesNow()).toEqual(['a']);
    expect(renew('b')).toEqual([false]);
  });

  it('removes a withdrawn workload at once', () => {
    const { registry, namesNow } = start(['a', 'b']);
    expect(registry.withdraw('default/a', registration({ name: 'a' }))).toBe(true);
    expect(namesNow()).toEqual(['b']);
    expect(registry.withdraw('default/a', registration({ name: 'a' }))).toBe(false);
  });

  it('gives the name to the later process, whose predecessor can neither renew nor withdraw it', () => {
    const { registry, namesNow } = start();
    const earlier = registration({ name: 'a', instanceId: 'one', generation: 1 });
    const later = registration({ name: 'a', instanceId: 'two', generation: 2 });
    registry.register(earlier);
    registry.register(later);
    expect(registry.renew('default/a', earlier)).toBe(false);
    expect(registry.withdraw('default/a', earlier)).toBe(false);
    expect(namesNow()).toEqual(['a']);
    expect(() => registry.register(earlier)).toThrow(NameTakenError);
    expect(registry.renew('default/a', later)).toBe(true);
  });

  it('does not give the name to another identity, however late its process', () => {
    const { registry } = start(['a']);
    const other = registration({ name: 'a', identity: 'spiffe://cluster.local/ns/default/sa/web', generation: 99 });
    expect(() => registry.register(other)).toThrow(/is registered by spiffe:\/\/cluster.local\/ns\/default\/sa\/cart/);
  });

  it('gives restored leases one full TTL, and prefers what has registered since', () => {
    const { registry, namesNow, pass } = start(['a']);
    const earlier = ['a', 'b'].map((name) => registration({ name, address: '10.9.9.9' }));
    pass(ttlMs / 2);
    registry.restore({ registrations: earlier, remembered: [] });
    expect(registry.view().workloads.map((workload) => workload.address)).toEqual(['10.0.0.1', '10.9.9.9']);
    pass(ttlMs / 2);
    expect(namesNow()).toEqual(['b']);
    pass(ttlMs / 2);
    expect(namesNow()).toEqual([]);
  });

  it('hands out what a later process needs to restore it', () => {
    const { registry } = start(['a', 'b']);
    const next = new Registry();
    next.restore(registry.state());
    expect(next.view().workloads).toEqual(registry.view().workloads);
  });

  it('lets an earlier process of the same identity have the name once the lease has run out', () => {
    const { registry, pass } = start(['b', 'c']);
    const later = registration({ name: 'a', instanceId: 'two', generation: 2 });
    const earlier = registration({ name: 'a', instanceId: 'one', generation: 1 });
    registry.register(later);
    pass(ttlMs);
    expect(registry.held()).toContain('default/a');
    registry.register(earlier);
    expect(registry.renew('default/a', earlier)).toBe(true);
  });
});

describe('Registry, of one identity', () => {
  it('takes no more workloads than it may have, until one of them goes', () => {
    const registry = new Registry({ maxPerIdentity: 2 });
    registry.register(registration({ name: 'a' }));
    registry.register(registration({ name: 'a', instanceId: 'two', generation: 2 }));
    registry.register(registration({ name: 'b' }));
    expect(() => registry.register(registration({ name: 'c' }))).toThrow(TooManyWorkloadsError);
    registry.register(registration({ name: 'd', identity: 'spiffe://cluster.local/ns/default/sa/web' }));
    registry.withdraw('default/b', registration({ name: 'b' }));
    registry.register(registration({ name: 'c' }));
    expect(registry.view().workloads.map(({ name }) => name)).toEqual(['a', 'c', 'd']);
  });
});

describe('Registry, of what ran until lately', () => {
  const known = (registry: Registry) =>
    registry.view().remembered.map(({ service, lastSeenMs }) => [service, lastSeenMs]);

  it('remembers a service whose last lease was withdrawn, for an hour, and tells listeners when that is over', () => {
    const { registry, pass } = start(['a', 'b']);
    registry.withdraw('default/a', registration({ name: 'a' }));
    expect(known(registry)).toEqual([]);
    registry.withdraw('default/b', registration({ name: 'b' }));
    expect(known(registry)).toEqual([['cart', 1_000_000]]);
    const view = registry.view();
    let changes = 0;
    registry.onChange(() => {
      changes += 1;
    });
    pass(3600_000 - 1);
    expect(registry.view()).toBe(view);
    expect(changes).toBe(0);
    pass(1);
    expect(known(registry)).toEqual([]);
    expect(changes).toBe(1);
  });

  it('remembers a service whose last lease ran out, until one comes again', () => {
    const { registry, pass } = start(['a']);
    pass(ttlMs);
    expect(known(registry)).toEqual([['cart', 1_000_000 + ttlMs]]);
    registry.register(registration({ name: 'b' }));
    expect(known(registry)).toEqual([]);
  });

  it('remembers what a workload was that registers anew as something else', () => {
    const { registry } = start(['a']);
    const { workload, ...owner } = registration({ name: 'a' });
    registry.register({ ...owner, workload: { ...workload, service: 'basket' } });
    expect(known(registry)).toEqual([['cart', 1_000_000]]);
  });

  it('remembers nothing of a registration that the next one only adds to', () => {
    const { registry } = start();
    const { workload, ...owner } = registration({ name: 'a' });
    registry.register({ ...owner, workload: { ...workload, ports: [] } });
    registry.register({ ...owner, workload });
    expect(known(registry)).toEqual([]);
    registry.register({ ...owner, workload: { ...workload, ports: [] } });
    expect(registry.view().remembered).toMatchObject([{ service: 'cart', ports: [8080] }]);
  });

  it('hands on what it remembers, for the rest of the hour', () => {
    const { registry, pass } = start(['a']);
    registry.withdraw('default/a', registration({ name: 'a' }));
    const clock = { nowMs: 1_000_000 + 3600_000 - 1 };
    const next = new Registry({ now: () => clock.nowMs });
    next.restore(registry.state());
    expect(next.view().remembered).toEqual(registry.view().remembered);
    clock.nowMs += 1;
    next.sweep();
    pass(0);
    expect(known(next)).toEqual([]);
  });

  it('remembers a service whose leases an earlier process knew and that do not come back', () => {
    const { registry, pass } = start();
    registry.restore({ registrations: [registration({ name: 'a' })], remembered: [] });
    pass(ttlMs);
    expect(known(registry)).toEqual([['cart', 1_000_000 + ttlMs]]);
  });
});

describe('Registry, when many leases end together', () => {
  const five = ['a', 'b', 'c', 'd', 'e'];

  it('removes up to half of them', () => {
    const { registry, namesNow, pass, renew } = start(five);
    pass(ttlMs - 1);
    renew('a', 'b', 'c');
    pass(1);
    expect(namesNow()).toEqual(['a', 'b', 'c']);
    expect(registry.held()).toEqual([]);
  });

  it('keeps and names them when they are more than half', () => {
    const { registry, namesNow, pass, renew } = start(five);
    pass(ttlMs - 1);
    renew('a', 'b');
    pass(1);
    expect(namesNow()).toEqual(five);
    expect(registry.held()).toEqual(['default/c', 'default/d', 'default/e']);
  });

  it('does not let one identity with many names keep what belongs to others', () => {
    const { registry, namesNow, pass } = start(['dead']);
    const ids = ['web', 'db', 'auth'].map((name) => `spiffe://cluster.local/ns/default/sa/${name}`);
    const alive = ids.map((identity, index) => registration({ name: `alive-${index}`, identity }));
    const ghosts = Array.from({ length: 20 }, (_, index) => registration({ name: `ghost-${index}` }));
    for (const one of [...alive, ...ghosts]) registry.register(one);
    pass(ttlMs - 1);
    for (const one of alive) registry.renew(`default/${one.workload.name}`, one);
    pass(1);
    expect(namesNow()).toEqual(['alive-0', 'alive-1', 'alive-2']);
    expect(registry.held()).toEqual([]);
  });

  it('counts those that ended within one TTL before', () => {
    const { namesNow, pass, renew } = start(five);
    pass(ttlMs - 2);
    renew('b', 'c', 'd', 'e');
    pass(2);
    expect(namesNow()).toEqual(['b', 'c', 'd', 'e']);
    pass(ttlMs - 3);
    renew('d', 'e');
    pass(1);
    // With `a`, three of five have ended within one TTL.
    expect(namesNow()).toEqual(['b', 'c', 'd', 'e']);
  });

  it('keeps all of them however their renewals were spread when the last was heard', () => {
    const names = Array.from({ length: 30 }, (_, index) => `n${index}`);
    const { namesNow, pass, renew } = start(names);
    for (const name of names) {
      pass(100);
      renew(name);
    }
    for (let waitedMs = 0; waitedMs < 2 * ttlMs; waitedMs += 500) {
      pass(500);
      expect(namesNow()).toHaveLength(30);
    }
  });

  it('gives the others 40 s once somebody is back, then lets go of half or fewer', () => {
    const { registry, namesNow, pass, renew } = start(five);
    pass(ttlMs);
    expect(registry.held()).toHaveLength(5);
    expect(renew('a', 'b')).toEqual([true, true]);
    for (let seconds = 0; seconds < 40; seconds += 5) {
      expect(namesNow()).toEqual(five);
      renew('a', 'b', ...(seconds >= 25 ? ['c'] : []));
      pass(5000);
    }
    expect(namesNow()).toEqual(['a', 'b', 'c']);
    expect(registry.held()).toEqual([]);
  });

  it('does not count one that ran out and came back twice', () => {
    const { registry, namesNow, pass, renew } = start(['a', 'b', 'c', 'd']);
    pass(ttlMs - 1);
    renew('b', 'c', 'd');
    pass(1);
    expect(namesNow()).toEqual(['b', 'c', 'd']);
    registry.register(registration({ name: 'a' }));
    pass(ttlMs - 2);
    renew('a', 'd');
    pass(1);
    expect(namesNow()).toEqual(['a', 'd']);
  });

  it('keeps all of them for as long as nobody is heard', () => {
    const { namesNow, pass } = start(five);
    pass(ttlMs);
    pass(24 * 3600_000);
    expect(namesNow()).toEqual(five);
  });

  it('lets go ten minutes after somebody was heard, who may be alone', () => {
    const { namesNow, pass, renew } = start(five);
    pass(ttlMs);
    renew('a');
    for (let seconds = 0; seconds < 600; seconds += 5) {
      expect(namesNow()).toEqual(five);
      renew('a');
      pass(5000);
    }
    expect(namesNow()).toEqual(['a']);
  });

  it('does not apply to one or two: a mesh of one workload loses it after its TTL', () => {
    const { namesNow, pass } = start(['a', 'b']);
    pass(ttlMs);
    expect(namesNow()).toEqual([]);
  });
});
