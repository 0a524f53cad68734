import { describe, expect, it } from 'vitest';
import { OverloadMonitor } from './overload-monitor.ts';

function monitorOf() {
  const memory = { resident: 0, heap: 0, shrinks: 0 };
  const changes: string[] = [];
  const monitor = new OverloadMonitor({
    memoryLimitBytes: 1000,
    heapLimitBytes: 500,
    residentBytes: () => memory.resident,
    heapBytes: () => memory.heap,
    shrinkHeap: () => memory.shrinks++,
    onChange: (level, pressure) => changes.push(`${level} at ${pressure}`),
  });
  return { memory, changes, monitor };
}

describe('OverloadMonitor', () => {
  it('gives up keep-alive at 92 %, new requests at 95 % and new connections at 98 %, and takes all up again', () => {
    const { memory, changes, monitor } = monitorOf();
    for (const resident of [919, 920, 949, 950, 979, 980, 999, 979, 940, 900]) {
      memory.resident = resident;
      monitor.sample();
    }
    expect(changes).toEqual([
      'disable-keepalive at 92',
      'refuse-requests at 95',
      'refuse-connections at 98',
      'refuse-requests at 97.9',
      'disable-keepalive at 94',
      'none at 90',
    ]);
    expect(monitor.isShedding).toBe(false);
  });

  it('goes by the heap where that is closer to its limit', () => {
    const { memory, monitor } = monitorOf();
    memory.resident = 600;
    memory.heap = 480;
    monitor.sample();
    expect(monitor.level).toBe('refuse-requests');
    expect(monitor.pressurePercent).toBe(96);
  });

  it('asks for garbage collection at once, and then only every five seconds', () => {
    const { memory, monitor } = monitorOf();
    monitor.sample();
    expect(memory.shrinks).toBe(0);
    memory.resident = 960;
    monitor.sample();
    expect(memory.shrinks).toBe(1);
    for (let i = 0; i < 20; i++) monitor.sample();
    expect(memory.shrinks).toBe(1);
    monitor.sample();
    expect(memory.shrinks).toBe(2);
  });
});
