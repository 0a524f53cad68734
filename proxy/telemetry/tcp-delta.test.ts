import { describe, expect, it } from 'vitest';
import { AddedConnections, TcpDeltas } from './tcp-delta.ts';
import { TcpRegistry } from './tcp-registry.ts';
import { labelsOf } from './testing/labels.ts';

describe('TcpDeltas', () => {
  it('adds up to what one registry would have counted, and counts what a process had open as closed when it ends', () => {
    const worker = new TcpRegistry();
    const deltas = new TcpDeltas(worker);
    const sum = new TcpRegistry();
    const added = new AddedConnections();
    const series = worker.series(labelsOf(), '-');
    series.opened += 3;
    series.sentBytes += 100;
    worker.series(labelsOf(), 'UF').opened++;
    worker.series(labelsOf(), 'UF').closed++;
    added.add(sum, structuredClone(deltas.take(1)));
    added.add(sum, structuredClone(deltas.take(9)));
    expect(deltas.take(9)).toEqual([]);
    series.closed++;
    series.receivedBytes += 7;
    added.add(sum, structuredClone(deltas.take(9)));
    const counts = () => [...sum.all()].map(({ flag, opened, closed }) => ({ flag, opened, closed }));
    expect(counts()).toEqual([
      { flag: '-', opened: 3, closed: 1 },
      { flag: 'UF', opened: 1, closed: 1 },
    ]);
    expect(sum.series(labelsOf(), '-')).toMatchObject({ sentBytes: 100, receivedBytes: 7 });
    added.end();
    added.end();
    expect(counts()[0]).toEqual({ flag: '-', opened: 3, closed: 3 });
  });
});
