import { describe, expect, it } from 'vitest';
import { effectiveTrafficPolicy } from '../../model/effective-traffic-policy.ts';
import type { TrafficPolicy } from '../../model/traffic-policy.ts';
import { limitsRequests } from './limits-requests.ts';

describe('limitsRequests', () => {
  it.each<[string, TrafficPolicy, boolean]>([
    ['nothing', {}, false],
    ['a limit of bodies', { requestBuffer: { limit: '1Ki' } }, true],
    ['a limit of bandwidth', { bandwidthLimit: { request: { limit: { value: '64Ki', unit: 'Second' } } } }, true],
    ['what callers do', { circuitBreaker: { maxConnections: 1 } }, false],
  ])('%s', (_what, policy, expected) => {
    expect(limitsRequests(effectiveTrafficPolicy([policy]))).toBe(expected);
  });
});
