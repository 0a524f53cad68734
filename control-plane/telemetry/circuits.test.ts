import { describe, expect, it } from 'vitest';
import type { Output } from '../../proto/load.ts';
import { Circuits } from './circuits.ts';

type ClusterState = Output<'heddle.v1.TrafficState'>['clusters'][number];

const state = (said: Partial<ClusterState>): ClusterState => ({
  cluster_name: 'outbound|80||cart.default.svc.cluster.local',
  ...{ endpoints: 3, ejected: 0, failed_checks: 0, panic: false, open_limit: '', limit: '0', refused: '0' },
  ...said,
});
const of = (circuits: Circuits, nowMs: number, version: string | null = null) =>
  circuits.of('default', 'cart', version, nowMs);

describe('Circuits', () => {
  it.each<[Partial<ClusterState>[], string, string[]]>([
    [[{ ejected: 1 }], 'half', ['1/3 ejected']],
    [[{ ejected: 3 }], 'open', ['3/3 ejected']],
    [[{ failed_checks: 2, panic: true }], 'half', ['2/3 fail their checks', 'panic']],
    [[{ open_limit: 'connections', limit: '20' }], 'open', ['20/20 connections']],
    [
      [{ ejected: 1 }, { ejected: 2 }, { open_limit: 'pending', limit: '5' }],
      'open',
      ['5/5 requests waiting', '2/3 ejected'],
    ],
  ])('is as ill as the caller says that finds it worst: %j', (said, found, reasons) => {
    const circuits = new Circuits();
    for (const [index, each] of said.entries()) circuits.hear(`web-${index}`, { clusters: [state(each)] }, 0);
    expect(of(circuits, 0)).toEqual({ state: found, reasons });
  });

  it('forgets what is not repeated, and what is well again', () => {
    const circuits = new Circuits();
    circuits.hear('web-1', { clusters: [state({ ejected: 1 })] }, 0);
    expect(of(circuits, 20_000)).not.toBeNull();
    expect(of(circuits, 20_001)).toBeNull();
    circuits.hear('web-1', { clusters: [state({ ejected: 1 })] }, 60_000); // one that reports every minute
    expect(of(circuits, 180_000)).not.toBeNull();
    circuits.hear('web-1', { clusters: [] }, 180_000);
    expect(of(circuits, 180_000)).toBeNull();
  });

  it('tells versions, other services and what is no service apart', () => {
    const circuits = new Circuits();
    const clusters = ['outbound|80|v2|cart.default.svc.cluster.local', 'outbound|80||cart.shop.svc.cluster.local', 'x'];
    circuits.hear('web-1', { clusters: clusters.map((name) => state({ cluster_name: name, ejected: 1 })) }, 0);
    expect(of(circuits, 0, 'v1')).toBeNull();
    expect(of(circuits, 0, 'v2')).not.toBeNull();
    expect(of(circuits, 0)).not.toBeNull();
    expect(circuits.of('default', 'web', null, 0)).toBeNull();
  });
});
