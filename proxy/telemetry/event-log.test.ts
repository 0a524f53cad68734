import { describe, expect, it } from 'vitest';
import { EventLog } from './event-log.ts';
import { trafficEvent } from './traffic-event.ts';

const ejected = (atMs: number, upstream = '10.0.0.1:80') => trafficEvent('EJECT', atMs, { cluster: 'cart', upstream });

describe('EventLog', () => {
  it('makes one of events of a kind about the same thing until they are told', () => {
    const log = new EventLog(0);
    for (const atMs of [1, 2, 3]) log.record(trafficEvent('CIRCUIT_OPEN', atMs, { cluster: 'cart', requests: 5 }));
    log.record(ejected(4));
    expect(log.take()).toMatchObject([
      { kind: 'CIRCUIT_OPEN', atMs: 1, lastMs: 3, count: 3, requests: 15 },
      { kind: 'EJECT', atMs: 4, lastMs: 4, count: 1 },
    ]);
    log.record(ejected(5));
    expect(log.take()).toHaveLength(1);
    expect(log.take()).toEqual([]);
  });

  it('keeps 128 in a storm, and tells two a second after it', () => {
    const log = new EventLog(0);
    for (let i = 0; i < 1000; i++) log.record(ejected(0, `10.0.0.${i}:80`));
    expect(log.dropped).toBe(872);
    expect(log.take()).toHaveLength(128);
    for (let i = 0; i < 1000; i++) log.record(ejected(10_000, `10.0.0.${i}:80`));
    expect(log.take()).toHaveLength(20);
    expect(log.dropped).toBe(872 + 980);
  });

  it('says that it is time to tell once for those that are told together', () => {
    const log = new EventLog(0);
    let calls = 0;
    log.onEvent = () => calls++;
    for (let i = 0; i < 10; i++) log.record(ejected(i));
    expect(calls).toBe(1);
  });

  it('takes over what others have merged, and what they have dropped', () => {
    const log = new EventLog(0);
    log.add({ ...ejected(1), lastMs: 5, count: 3 });
    log.add({ ...ejected(2), lastMs: 4, count: 2 });
    log.addDropped(7);
    expect(log.take()).toMatchObject([{ atMs: 1, lastMs: 5, count: 5 }]);
    expect(log.dropped).toBe(7);
  });
});
