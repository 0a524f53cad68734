import { describe, expect, it } from 'vitest';
import type { ClusterCondition } from './cluster-condition.ts';
import { mergeConditions, stateMessage } from './cluster-condition.ts';

const well: ClusterCondition = {
  ...{ cluster: 'cart', endpoints: 3, ejected: 0, failedChecks: 0, isPanicking: false },
  ...{ openLimit: null, limit: 0, refused: 0 },
};

describe('mergeConditions', () => {
  it('finds a destination as ill as the worker that finds it worst, with what all of them refuse', () => {
    const open = { ...well, openLimit: 'connections', limit: 10, refused: 4 } as const;
    expect(
      mergeConditions([
        { ...well, ejected: 1 },
        { ...open, endpoints: 2 },
        { ...open, isPanicking: true },
      ]),
    ).toEqual([{ ...open, ejected: 1, isPanicking: true, limit: 20, refused: 8 }]);
  });

  it('adds up shares of one limit, and not of different ones', () => {
    const all = [
      { ...well, openLimit: 'pending', limit: 1, refused: 8 } as const,
      { ...well, openLimit: 'connections', limit: 10, refused: 10 } as const,
    ];
    expect(mergeConditions(all)).toEqual([{ ...well, openLimit: 'pending', limit: 1, refused: 18 }]);
  });

  it('keeps destinations apart', () => {
    expect(mergeConditions([well, { ...well, cluster: 'db' }])).toHaveLength(2);
  });
});

describe('stateMessage', () => {
  it('tells of a hundred at the most', () => {
    const many = Array.from({ length: 150 }, (_, i) => ({ ...well, cluster: `c${i}` }));
    expect(stateMessage(many).clusters).toHaveLength(100);
  });
});
