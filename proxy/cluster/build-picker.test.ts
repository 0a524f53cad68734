import { describe, expect, it } from 'vitest';
import { seededRandom } from '../balance/balancer.contract.ts';
import { HashKey } from '../balance/hash-key.ts';
import { HashTables } from '../balance/hash-tables.ts';
import { xxh64 } from '../balance/xxh64.ts';
import { plainCluster } from '../testing/forwarder.ts';
import type { BalancerConfig } from './balancer-config.ts';
import { plainBalancer } from './balancer-config.ts';
import { buildPicker } from './build-picker.ts';
import type { Endpoint } from './endpoint.ts';
import { learnAnswerTimes } from './prepare-endpoints.ts';

const kinds = ['round-robin', 'least-request', 'random', 'peak-ewma', 'ring-hash', 'maglev'] as const;

function built(ports: readonly number[], balancer: BalancerConfig, change: (endpoints: Endpoint[]) => void = () => {}) {
  const endpoints = [...plainCluster(ports).endpoints];
  learnAnswerTimes(endpoints, balancer, () => 0);
  change(endpoints);
  const tables = new HashTables();
  const settings = { balancer, panicThresholdPercent: 0 };
  const { picker } = tables.publish(() =>
    buildPicker(endpoints, settings, null, seededRandom(5), tables, { active: 0 }),
  );
  const picks = (key: HashKey | null = null) => Array.from({ length: 30 }, () => picker.pick(null, key)?.config.port);
  return { picker, picks };
}

const keyed = new HashKey();
xxh64('user', keyed);

describe('buildPicker', () => {
  it.each(kinds)('builds %s over all that are well, and over nobody', (kind) => {
    const { picks } = built([1, 2, 3], plainBalancer(kind), ([ill]) => {
      if (ill !== undefined) ill.config = { ...ill.config, health: 'unhealthy' };
    });
    expect(new Set(picks())).toEqual(new Set([2, 3]));
    expect(built([], plainBalancer(kind)).picker.pick(null, keyed)).toBeNull();
  });

  it.each(kinds)('hashes with %s as its name says', (kind) => {
    const { picks } = built([1, 2, 3, 4], plainBalancer(kind));
    expect(new Set(picks(keyed)).size === 1).toBe(kind === 'ring-hash' || kind === 'maglev');
  });

  it.each(['ring-hash', 'maglev'] as const)('keeps loads of %s in bounds where it is asked to', (kind) => {
    const of = (hashBalancePercent: number) =>
      built([1, 2], { ...plainBalancer(kind), hashBalancePercent }, (endpoints) => {
        for (const endpoint of endpoints) endpoint.activeRequests = endpoint.config.port === 1 ? 50 : 0;
      });
    /** What goes to the busy one of many keys. */
    const toBusy = ({ picker }: ReturnType<typeof of>) =>
      Array.from({ length: 200 }, (_, index) => {
        const key = new HashKey();
        xxh64(`user-${index}`, key);
        return picker.pick(null, key)?.config.port;
      }).filter((port) => port === 1).length;
    expect(toBusy(of(0))).toBeGreaterThan(50);
    expect(toBusy(of(125))).toBe(0);
  });
});
