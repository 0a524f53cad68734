import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { RegisteredWorkload } from './registered-workload.ts';
import { ServiceMemory } from './service-memory.ts';
import { registration } from './testing/registration.ts';

const keepMs = 3600_000;

describe('ServiceMemory', () => {
  it('remembers what was left by the last of its kind, and forgets it an hour later', () => {
    const memory = new ServiceMemory();
    memory.came(workload({ name: 'cart-1' }));
    memory.came(workload({ name: 'cart-2' }));
    memory.left(workload({ name: 'cart-1' }), 1000);
    expect(memory.entries()).toEqual([]);
    memory.left(workload({ name: 'cart-2' }), 2000);
    expect(memory.entries()).toEqual([
      {
        namespace: 'default',
        service: 'cart',
        identity: 'spiffe://cluster.local/ns/default/sa/cart',
        labels: { app: 'cart', version: 'v1' },
        ports: [8080],
        protocols: ['http'],
        lastSeenMs: 2000,
      },
    ]);
    expect(memory.forget(2000 + keepMs - 1)).toBe(false);
    expect(memory.entries()).toHaveLength(1);
    expect(memory.forget(2000 + keepMs)).toBe(true);
    expect(memory.entries()).toEqual([]);
  });

  it('needs no memory of what runs again', () => {
    const memory = new ServiceMemory();
    leave(memory, workload({}), 1000);
    memory.came(workload({ name: 'another' }));
    expect(memory.entries()).toEqual([]);
  });

  it.each([
    ['version', { version: 'v2' }],
    ['port', { ports: [8080, 9090] }],
    ['SPIFFE id', { identity: 'spiffe://cluster.local/ns/default/sa/robot' }],
  ])('remembers a %s that nobody has any more, while others of the service run', (_, differing) => {
    const memory = new ServiceMemory();
    memory.came(workload({ name: 'cart-1' }));
    leave(memory, workload(differing), 1000);
    expect(memory.entries()).toHaveLength(1);
  });

  it('keeps no entry for each instance, whose other labels may all be different', () => {
    const memory = new ServiceMemory();
    leave(memory, workload({ labels: { hash: 'one' } }), 1000);
    leave(memory, workload({ labels: { hash: 'two' } }), 2000);
    expect(memory.entries().map(({ labels }) => labels.hash)).toEqual(['two']);
  });

  it('forgets what left first when there are too many', () => {
    const memory = new ServiceMemory({ maxEntries: 3 });
    for (const [index, service] of ['a', 'b', 'c', 'a', 'd'].entries()) {
      leave(memory, workload({ service }), index);
    }
    expect(namesIn(memory)).toEqual(['c', 'a', 'd']);
  });

  it('lets no service push out the others', () => {
    const memory = new ServiceMemory({ maxEntries: 10, maxEntriesPerService: 2 });
    leave(memory, workload({ service: 'quiet' }), 0);
    for (let port = 1; port <= 1000; port++) {
      leave(memory, workload({ service: 'restless', ports: [port] }), port);
    }
    expect(memory.entries().map(({ service, ports }) => [service, ...ports])).toEqual([
      ['quiet', 8080],
      ['restless', 999],
      ['restless', 1000],
    ]);
  });

  it('takes over what an earlier process remembered, but not what runs, is over or lies in the future', () => {
    const earlier = new ServiceMemory();
    for (const [service, leftMs] of [
      ['over', 1000],
      ['runs', 2000],
      ['future', 9_000_000],
      ['gone', 2000],
    ] as const) {
      leave(earlier, workload({ service }), leftMs);
    }
    const memory = new ServiceMemory();
    memory.came(workload({ service: 'runs' }));
    memory.restore(earlier.entries(), 1000 + keepMs);
    expect(memory.entries().map(({ service, lastSeenMs }) => [service, lastSeenMs])).toEqual([
      ['gone', 2000],
      ['future', 1000 + keepMs],
    ]);
  });

  it('knows exactly what left within the hour and does not run, as far as there is room', () => {
    const step = fc.record({
      service: fc.constantFrom('a', 'b', 'c', 'd', 'e', 'f'),
      isComing: fc.boolean(),
      waitMs: fc.nat(keepMs),
    });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const memory = new ServiceMemory();
        const narrow = new ServiceMemory({ maxEntries: 2 });
        const running = new Map<string, number>();
        const leftMs = new Map<string, number>();
        let nowMs = 0;
        for (const { service, isComing, waitMs } of steps) {
          nowMs += waitMs;
          const count = running.get(service) ?? 0;
          for (const each of [memory, narrow]) {
            if (isComing) {
              each.came(workload({ service }));
            } else if (count > 0) {
              each.left(workload({ service }), nowMs);
            }
            each.forget(nowMs);
          }
          running.set(service, isComing ? count + 1 : Math.max(0, count - 1));
          if (!isComing && count === 1) {
            leftMs.delete(service);
            leftMs.set(service, nowMs);
          }
          const gone = [...leftMs].filter(([name, at]) => running.get(name) === 0 && nowMs - at < keepMs);
          const names = gone.map(([name]) => name);
          expect(namesIn(memory)).toEqual(names);
          expect(namesIn(narrow).length).toBeLessThanOrEqual(2);
          expect(names).toEqual(expect.arrayContaining(namesIn(narrow)));
        }
        memory.forget(nowMs + keepMs);
        expect(memory.entries()).toEqual([]);
      }),
    );
  });
});

function namesIn(memory: ServiceMemory): string[] {
  return memory.entries().map(({ service }) => service);
}

interface Differing {
  name?: string;
  service?: string;
  version?: string;
  identity?: string;
  labels?: Record<string, string>;
  ports?: readonly number[];
}

function workload({ name = 'cart-0', service = 'cart', version = 'v1', ...more }: Differing): RegisteredWorkload {
  const { workload: base } = registration({ name, ...(more.identity !== undefined && { identity: more.identity }) });
  const ports = (more.ports ?? [8080]).map((port) => ({
    port,
    inboundAddress: '10.0.0.1',
    inboundPort: 15006,
    protocol: 'http' as const,
  }));
  return { ...base, service, labels: { app: service, version, ...more.labels }, ports };
}

function leave(memory: ServiceMemory, leaving: RegisteredWorkload, nowMs: number): void {
  memory.came(leaving);
  memory.left(leaving, nowMs);
}
