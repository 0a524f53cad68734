import { describe, expect, it } from 'vitest';
import { poolStarts } from './pool-starts.ts';
import { measured, outcomeOf } from './testing/measurement.ts';

const rounds = (...values: number[]) => values.map((cpuUsPerRequest) => measured({ cpuUsPerRequest }));
const outcome = (proxy: string, ...values: number[]) =>
  outcomeOf('s', proxy, { cpuUsPerRequest: values[0] ?? 0 }, { starts: [rounds(...values)] });

describe('poolStarts', () => {
  it('keeps the rounds of each start apart, and has the medians of all', () => {
    const pooled = poolStarts([
      [outcome('heddle', 1, 2, 9), outcome('haproxy', 5)],
      [outcome('heddle', 3, 8), outcome('haproxy', 7)],
    ]);
    expect(pooled).toEqual([
      outcomeOf('s', 'heddle', { cpuUsPerRequest: 3 }, { starts: [rounds(1, 2, 9), rounds(3, 8)] }),
      outcomeOf('s', 'haproxy', { cpuUsPerRequest: 6 }, { starts: [rounds(5), rounds(7)] }),
    ]);
  });

  it('has no figures of what failed in one start, and the others go on', () => {
    const failed = outcomeOf('s', 'heddle', null, { reason: '3 answers were errors', isFault: true });
    const pooled = poolStarts([
      [outcome('heddle', 1), outcome('haproxy', 5)],
      [failed, outcome('haproxy', 7)],
    ]);
    expect(pooled[0]).toEqual(failed);
    expect(pooled[1]?.measurement?.cpuUsPerRequest).toBe(6);
  });

  it('changes nothing of one start', () => {
    expect(poolStarts([[outcome('heddle', 4)]])).toEqual([outcome('heddle', 4)]);
  });
});
