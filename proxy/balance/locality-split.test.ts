import { describe, expect, it } from 'vitest';
import type { LocalityMembers, ZoneAware } from './locality-split.ts';
import { weightedSplit, zoneSplit } from './locality-split.ts';

interface Zone {
  readonly usable: number;
  readonly total?: number;
  readonly weight?: number;
  readonly callers?: number;
  readonly isOwn?: boolean;
}

function zone({ usable, total = usable, weight = 0, callers = 0, isOwn = false }: Zone): LocalityMembers<number> {
  return { usable: Array.from({ length: usable }, (_, index) => index), total, weight, callers, isOwn };
}

const percents = (shares: ReturnType<typeof zoneSplit>) => shares?.map(({ share }) => share / 10_000) ?? null;
const always = { routingEnabledPercent: 100, minClusterSize: 6, forceLocalMinSize: 0 };

describe('weightedSplit', () => {
  const split = (...zones: Zone[]) => percents(weightedSplit(zones.map(zone), 140));

  it('goes by weight, whatever the number of endpoints', () => {
    expect(split({ usable: 10, weight: 1 }, { usable: 1, weight: 3 })).toEqual([25, 75]);
  });

  // Envoy's documentation, "Locality weighted load balancing": X and Y of weights 1 and 2, Y healthy by that percentage
  it.each<[healthy: number, shares: [number, number]]>([
    [100, [33.3333, 66.6667]],
    [72, [33.3333, 66.6667]],
    [70, [33.7838, 66.2162]],
    [50, [41.6667, 58.3333]],
    [25, [58.8235, 41.1765]],
  ])('with %d %% of one healthy gives %j', (healthy, shares) => {
    const found = split({ usable: 100, weight: 1 }, { usable: healthy, total: 100, weight: 2 });
    for (const [index, share] of shares.entries()) expect(found?.[index]).toBeCloseTo(share, 2);
  });

  it('leaves out what has no weight, and says when there is nothing to divide', () => {
    expect(split({ usable: 3, weight: 0 }, { usable: 3, weight: 2 })).toEqual([100]);
    expect(split({ usable: 3 }, { usable: 3 })).toBeNull();
  });
});

describe('zoneSplit', () => {
  const split = (zones: Zone[], settings: { readonly totalCallers?: number } & Partial<ZoneAware> = {}) => {
    const { totalCallers = zones.reduce((sum, { callers = 0 }) => sum + callers, 0), ...others } = settings;
    return percents(zoneSplit(zones.map(zone), { ...always, ...others }, totalCallers));
  };

  it('keeps everything in the own zone while that has its share of the endpoints', () => {
    expect(
      split([
        { usable: 3, callers: 3, isOwn: true },
        { usable: 3, callers: 3 },
      ]),
    ).toEqual([100]);
    expect(
      split([
        { usable: 5, callers: 1, isOwn: true },
        { usable: 1, callers: 5 },
      ]),
    ).toEqual([100]);
  });

  it('sends on what the own zone cannot take, to where there are more endpoints than callers', () => {
    // the zone has half of the callers and a quarter of the endpoints: half of its requests stay
    const zones = [
      { usable: 2, callers: 4, isOwn: true },
      { usable: 4, callers: 2 },
      { usable: 2, callers: 2 },
    ];
    expect(split(zones)).toEqual([50, 50]);
  });

  it('counts callers of zones without endpoints as well', () => {
    // a quarter of all callers, and a third of the endpoints
    const zones = [
      { usable: 2, callers: 10, isOwn: true },
      { usable: 4, callers: 10 },
    ];
    expect(split(zones, { totalCallers: 40 })).toEqual([100]);
  });

  it.each<[string, Zone[]]>([
    [
      'too few endpoints',
      [
        { usable: 3, callers: 1, isOwn: true },
        { usable: 2, callers: 1 },
      ],
    ],
    ['one zone', [{ usable: 9, callers: 1, isOwn: true }]],
    [
      'none in the own zone',
      [
        { usable: 0, callers: 1, isOwn: true },
        { usable: 9, callers: 1 },
      ],
    ],
    [
      'no own zone',
      [
        { usable: 4, callers: 1 },
        { usable: 9, callers: 1 },
      ],
    ],
    ['unknown callers', [{ usable: 4, isOwn: true }, { usable: 9 }]],
  ])('does not count zones with %s', (_what, zones) => {
    expect(split(zones)).toBeNull();
  });

  it('keeps everything in the own zone where that is forced and it has enough', () => {
    const zones = [{ usable: 1, isOwn: true }, { usable: 9 }];
    expect(split(zones, { forceLocalMinSize: 1 })).toEqual([100]);
    expect(split(zones, { forceLocalMinSize: 2 })).toBeNull();
  });

  it('routes only a share so where it is told to', () => {
    const zones = [
      { usable: 5, callers: 1, isOwn: true },
      { usable: 5, callers: 1 },
    ];
    expect(split(zones, { routingEnabledPercent: 50 })).toEqual([75, 25]);
  });
});
