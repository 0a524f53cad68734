import { describe, expect, it } from 'vitest';
import type { MeshEvent } from '../telemetry/mesh-event.ts';
import { eventOf } from '../telemetry/testing/events.ts';
import { instancesOut } from './instance-health.ts';

const nowMs = Date.UTC(2026, 0, 1, 12, 0, 0);
const at = (secondsAgo: number) => new Date(nowMs - secondsAgo * 1000).toISOString();
const connected = new Map([['default/web-1', nowMs - 600_000]]);

const event = (kind: MeshEvent['kind'], secondsAgo: number, changes: Partial<MeshEvent> = {}): MeshEvent => ({
  ...{ id: 1, ...eventOf() },
  ...{ kind, lastTime: at(secondsAgo), message: `${kind} of cart-2` },
  ...changes,
});

const out = (...events: readonly MeshEvent[]) =>
  instancesOut(events, connected, nowMs).map(({ instance, message }) => `${instance}: ${message}`);

describe('instancesOut', () => {
  it('says who leaves whom out, since when and why', () => {
    expect(instancesOut([event('EJECT', 5)], connected, nowMs)).toEqual([
      { instance: 'cart-2', caller: 'default/web-1', message: 'EJECT of cart-2', since: at(5) },
    ]);
  });

  it('takes the last word of each caller for each instance', () => {
    expect(out(event('EJECT', 50), event('UNEJECT', 20))).toEqual([]);
    expect(out(event('UNEJECT', 50), event('EJECT', 20))).toEqual(['cart-2: EJECT of cart-2']);
    expect(out(event('EJECT', 50), event('UNEJECT', 20, { workload: 'cart-1' }))).toHaveLength(1);
  });

  it('keeps checks and outliers apart', () => {
    const failing = event('EJECT_UNHEALTHY', 40);
    expect(out(failing, event('UNEJECT', 20))).toEqual(['cart-2: EJECT_UNHEALTHY of cart-2']);
    expect(out(failing, event('ADD_HEALTHY', 20))).toEqual([]);
    // a check fails until another one passes
    expect(out(event('EJECT_UNHEALTHY', 500))).toHaveLength(1);
  });

  it('forgets an ejection that should long be over, and what was said before the connection', () => {
    expect(out(event('EJECT', 80))).toHaveLength(1);
    expect(out(event('EJECT', 200))).toEqual([]);
    expect(out(event('EJECT_UNHEALTHY', 700))).toEqual([]);
    const stranger = { ...event('EJECT', 5).reporter, workload: 'web-9' };
    expect(out(event('EJECT', 5, { reporter: stranger }))).toEqual([]);
  });

  it('takes no other event for one', () => {
    expect(out(event('CIRCUIT_OPEN', 5), event('PANIC_ENTERED', 5), event('EJECT', 5, { workload: '' }))).toEqual([]);
  });
});
