import { describe, expect, it } from 'vitest';
import { EventHistory } from './event-history.ts';
import type { EventLine } from './mesh-event.ts';
import type { NewEvent } from './reported-event.ts';
import { eventOf } from './testing/events.ts';

const by = (name: string): Partial<NewEvent> => ({
  reporter: {
    workload: `${name}-1`,
    namespace: 'default',
    service: name,
    identity: `spiffe://x/ns/default/sa/${name}`,
  },
});

describe('EventHistory', () => {
  it('finds events by their destination, by their caller, and by time', () => {
    const history = new EventHistory();
    history.add(eventOf({ lastTime: '2026-01-01T00:00:00.000Z' }));
    history.add(eventOf({ ...by('gateway'), lastTime: '2026-01-01T00:01:00.000Z' }));
    const idsOf = (filter: Parameters<EventHistory['list']>[0]) => history.list(filter).map(({ id }) => id);
    expect(idsOf({})).toEqual([1, 2]);
    expect(idsOf({ service: 'cart' })).toEqual([1, 2]);
    expect(idsOf({ service: 'gateway' })).toEqual([2]);
    expect(idsOf({ service: 'cart', namespace: 'shop' })).toEqual([]);
    expect(idsOf({ sinceMs: Date.UTC(2026, 0, 1, 0, 0, 30) })).toEqual([2]);
  });

  it('keeps the last 2000, and 500 of one identity, which makes room for itself alone', () => {
    const history = new EventHistory();
    history.add(eventOf());
    for (let i = 0; i < 3000; i++) history.add(eventOf(by('noisy')));
    expect([history.size, history.forgotten]).toEqual([501, 2500]);
    expect(history.list()[0]?.id).toBe(1);
    for (let i = 0; i < 3000; i++) history.add(eventOf(by(`service-${i % 100}`)));
    expect(history.size).toBe(2000);
    expect(history.lastId).toBe(6001);
  });

  it('tells a follower what was there, what comes, and how much it has missed', async () => {
    const history = new EventHistory();
    history.add(eventOf());
    const abort = new AbortController();
    const lines = history.follow(0, {}, abort.signal);
    const next = async (): Promise<EventLine | undefined> => (await lines.next()).value ?? undefined;
    expect(await next()).toMatchObject({ type: 'ADDED', object: { id: 1 } });
    const waiting = next();
    history.add(eventOf());
    expect(await waiting).toMatchObject({ object: { id: 2 } });
    for (let i = 0; i < 2500; i++) history.add(eventOf(by(`service-${i % 100}`)));
    expect(await next()).toEqual({ type: 'MISSED', object: { count: 500 } });
    expect(await next()).toMatchObject({ object: { id: 503 } });
    const last = history.follow(history.lastId, {}, abort.signal).next();
    abort.abort();
    expect((await last).done).toBe(true);
    expect(await next()).toBeUndefined();
  });
});
