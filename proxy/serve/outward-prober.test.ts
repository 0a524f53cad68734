import { describe, expect, it } from 'vitest';
import type { Prober } from '../resilience/health-check/check-session.ts';
import { OutwardProber } from './outward-prober.ts';

describe('OutwardProber', () => {
  it('asks anew before each check whether it may', async () => {
    let checks = 0;
    let isOwn = true;
    const prober: Prober = {
      loading: null,
      check: () => {
        checks++;
        return Promise.resolve({ kind: 'success' });
      },
      close() {},
    };
    const outward = new OutwardProber(prober, () => isOwn);
    const { signal } = new AbortController();
    expect(await outward.check(signal)).toEqual({ kind: 'network', reason: 'the address is that of this sidecar' });
    expect(checks).toBe(0);
    isOwn = false;
    expect(await outward.check(signal)).toEqual({ kind: 'success' });
    expect(checks).toBe(1);
  });
});
