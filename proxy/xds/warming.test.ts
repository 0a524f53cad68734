import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { ResourceName } from './delta-state.ts';
import type { WarmingResource } from './warming.ts';
import { removalGraceMs, Warming } from './warming.ts';

const order = ['endpoints', 'cluster', 'route'];

function endpoints(name: string, version = '1'): WarmingResource {
  return { typeUrl: 'endpoints', name, version, needs: [] };
}

function cluster(name: string, version = '1', endpointsName = name): WarmingResource {
  return { typeUrl: 'cluster', name, version, needs: [{ typeUrl: 'endpoints', name: endpointsName }] };
}

function route(name: string, clusters: readonly string[], version = '1'): WarmingResource {
  return { typeUrl: 'route', name, version, needs: clusters.map((needed) => ({ typeUrl: 'cluster', name: needed })) };
}

const text = ({ typeUrl, name }: ResourceName) => `${typeUrl} ${name}`;

/** A warming with what it did, and with its rule checked at each step: nothing in force lacks what it needs. */
function setUp(...roots: string[]) {
  const log: string[] = [];
  const live = new Map<string, WarmingResource>();
  const knownAbsent = new Set<string>();
  const subscribed = new Set<string>();
  const check = () => {
    for (const resource of live.values()) {
      for (const need of resource.needs) {
        if (!live.has(text(need)) && !knownAbsent.has(text(need))) {
          throw new Error(`${text(resource)} is in force without ${text(need)}`);
        }
      }
    }
  };
  const warming: Warming<WarmingResource> = new Warming(order, {
    subscribe: (name) => {
      subscribed.add(text(name));
    },
    unsubscribe: (name) => {
      subscribed.delete(text(name));
    },
    put: (resource) => {
      log.push(`${text(resource)} ${resource.version}`);
      live.set(text(resource), resource);
      check();
    },
    absent: (name) => {
      log.push(`no ${text(name)}`);
      live.delete(text(name));
      knownAbsent.add(text(name));
      check();
    },
    forget: (name) => {
      log.push(`forget ${text(name)}`);
      live.delete(text(name));
      check();
    },
  });
  for (const name of roots) warming.addRoot({ typeUrl: 'route', name });
  /** Tells of an absence to the check as soon as it was said, which is when a route may rely on it. */
  const update = (changed: WarmingResource[], removed: ResourceName[] = [], nowMs = 0) => {
    for (const name of removed) if (!live.has(text(name))) knownAbsent.add(text(name));
    warming.update(changed, removed, nowMs);
  };
  return { warming, log, live, subscribed, knownAbsent, update };
}

describe('Warming', () => {
  it('puts a route in force only after its cluster, and the cluster only after its endpoints', () => {
    const { log, subscribed, update } = setUp('r');
    update([route('r', ['c'])]);
    expect([...subscribed]).toEqual(['route r', 'cluster c']);
    update([cluster('c')]);
    expect(log).toEqual([]);
    update([endpoints('c')]);
    expect(log).toEqual(['endpoints c 1', 'cluster c 1', 'route r 1']);
  });

  it('keeps the route in force until the clusters of the newer one are warm, then lets the old cluster go', () => {
    const { log, subscribed, update } = setUp('r');
    update([route('r', ['a'])]);
    update([cluster('a')]);
    update([endpoints('a')]);
    log.length = 0;
    update([route('r', ['b'], '2')]);
    update([cluster('b')]);
    expect(log).toEqual([]);
    expect(subscribed.has('cluster a')).toBe(true);
    update([endpoints('b')]);
    expect(log).toEqual(['endpoints b 1', 'cluster b 1', 'route r 2', 'forget cluster a', 'forget endpoints a']);
    expect([...subscribed].sort()).toEqual(['cluster b', 'endpoints b', 'route r']);
  });

  it('takes a cluster that does not exist for settled', () => {
    const { log, update } = setUp('r');
    update([route('r', ['nowhere'])]);
    update([], [{ typeUrl: 'cluster', name: 'nowhere' }]);
    expect(log).toEqual(['route r 1', 'no cluster nowhere']);
  });

  it('keeps a removed cluster while a route in force names it, and drops it when that route has moved on', () => {
    const { log, update } = setUp('r');
    update([route('r', ['a'])]);
    update([cluster('a')]);
    update([endpoints('a')]);
    log.length = 0;
    update([], [{ typeUrl: 'cluster', name: 'a' }], 1_000);
    expect(log).toEqual([]);
    update([route('r', [], '2')], [], 1_100);
    expect(log).toEqual(['route r 2', 'forget cluster a', 'forget endpoints a']);
  });

  it('drops a removed cluster at the end of its grace even if a route still names it', () => {
    const { warming, log, update } = setUp('r');
    update([route('r', ['a'])]);
    update([cluster('a')]);
    update([endpoints('a')]);
    log.length = 0;
    update([], [{ typeUrl: 'cluster', name: 'a' }], 1_000);
    warming.expireRemovals(1_000 + removalGraceMs - 1);
    expect(log).toEqual([]);
    warming.expireRemovals(1_000 + removalGraceMs);
    expect(log).toEqual(['no cluster a', 'forget endpoints a']);
  });

  it('removes a root at once', () => {
    const { warming, log, update } = setUp('r');
    update([route('r', [])]);
    update([], [{ typeUrl: 'route', name: 'r' }]);
    expect(log).toEqual(['route r 1', 'no route r']);
    expect(warming.inForce({ typeUrl: 'route', name: 'r' })).toBe('absent');
  });

  it('gives up on a cluster that never answers, but never believes that a root is absent without being told', () => {
    const { warming, log, knownAbsent, update } = setUp('r', 'quiet');
    update([route('r', ['a'])]);
    knownAbsent.add('cluster a');
    warming.giveUp({ typeUrl: 'cluster', name: 'a' }, 0);
    warming.giveUp({ typeUrl: 'route', name: 'quiet' }, 0);
    expect(log).toEqual(['route r 1', 'no cluster a']);
    expect(warming.inForce({ typeUrl: 'route', name: 'quiet' })).toBeNull();
  });

  it('keeps an updated cluster on its old endpoints until those under its new name have come', () => {
    const { log, update } = setUp('r');
    update([route('r', ['a'])]);
    update([cluster('a')]);
    update([endpoints('a')]);
    log.length = 0;
    update([cluster('a', '2', 'b')]);
    expect(log).toEqual([]);
    update([endpoints('b')]);
    expect(log).toEqual(['endpoints b 1', 'cluster a 2', 'forget endpoints a']);
  });

  it('says what a resource waits for', () => {
    const { warming, update } = setUp('r');
    update([route('r', ['a', 'b'])]);
    update([], [{ typeUrl: 'cluster', name: 'b' }]);
    expect([...warming.waiting()].map(({ resource, missing }) => [text(resource), missing.map(text)])).toEqual([
      ['route r', ['cluster a']],
    ]);
  });

  it('ends in the same state in whatever order responses arrive, and is never torn on the way', () => {
    const final = [
      route('r', ['a', 'b'], '2'),
      route('s', ['b', 'gone'], '2'),
      cluster('a', '2', 'e'),
      cluster('b', '2'),
      endpoints('b', '2'),
      endpoints('e', '1'),
    ];
    fc.assert(
      fc.property(
        fc.shuffledSubarray([0, 1, 2, 3, 4, 5, 6], { minLength: 7 }),
        fc.array(fc.integer({ min: 1, max: 3 }), { minLength: 7, maxLength: 7 }),
        (steps, sizes) => {
          const world = setUp('r', 's');
          world.update([route('r', ['a']), route('s', ['a', 'b'])]);
          world.update([cluster('a'), cluster('b')]);
          world.update([endpoints('a'), endpoints('b')]);
          deliver(world, final, steps, sizes);
          expect([...world.live.values()].map((r) => `${text(r)} ${r.version}`).sort()).toEqual(
            final.map((r) => `${text(r)} ${r.version}`).sort(),
          );
          expect([...world.subscribed].sort()).toEqual([...final.map(text), 'cluster gone'].sort());
        },
      ),
      { numRuns: 500 },
    );
  });
});

/**
 * Plays the server: sends `final` in the order of `steps`, several at a time; step 6 says that `gone` and the old
 * endpoints do not exist. What was sent before it was asked for is sent again once it is, as a server does.
 */
function deliver(
  world: ReturnType<typeof setUp>,
  final: readonly WarmingResource[],
  steps: readonly number[],
  sizes: readonly number[],
): void {
  const removed = [
    { typeUrl: 'cluster', name: 'gone' },
    { typeUrl: 'endpoints', name: 'a' },
  ];
  let at = 0;
  for (const size of sizes) {
    const batch = steps.slice(at, at + size);
    at += size;
    world.update(
      batch.flatMap((step) => final[step] ?? []),
      batch.includes(6) ? removed : [],
    );
  }
  for (let i = 0; i < 3; i++) world.update([...final], removed, 0);
}
