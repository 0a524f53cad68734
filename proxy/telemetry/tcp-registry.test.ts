import { describe, expect, it } from 'vitest';
import { TcpRegistry } from './tcp-registry.ts';
import { labelsOf } from './testing/labels.ts';

const destinationOf = (workload: string) =>
  labelsOf({ reporter: 'source', destination: { ...labelsOf().destination, workload } });

describe('TcpRegistry', () => {
  it('has one series for equal labels and flags', () => {
    const registry = new TcpRegistry();
    expect(registry.series(labelsOf(), '-')).toBe(registry.series(labelsOf(), '-'));
    expect(registry.series(labelsOf(), 'UF')).not.toBe(registry.series(labelsOf(), '-'));
  });

  it('counts what would be one series too many as other', () => {
    const registry = new TcpRegistry({ maxSeries: 2 });
    registry.series(destinationOf('a'), '-');
    registry.series(destinationOf('b'), '-');
    const other = registry.series(destinationOf('c'), '-');
    expect(other.labels.destination.workload).toBe('other');
    expect(registry.series(destinationOf('d'), '-')).toBe(other);
    expect([...registry.all()]).toHaveLength(3);
  });

  it('drops what has been idle for an hour, and never what is open', () => {
    const registry = new TcpRegistry();
    const open = registry.series(destinationOf('open'), '-');
    open.opened++;
    const quiet = registry.series(destinationOf('quiet'), '-');
    quiet.opened++;
    quiet.closed++;
    registry.sweep(0);
    registry.sweep(3_599_000);
    expect([...registry.all()]).toHaveLength(2);
    registry.sweep(3_600_000);
    expect([...registry.all()]).toEqual([open]);
  });
});
