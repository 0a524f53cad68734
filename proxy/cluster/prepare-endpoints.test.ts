import { describe, expect, it } from 'vitest';
import { HealthRecord } from '../resilience/health-check/health-record.ts';
import { plainCluster } from '../testing/forwarder.ts';
import { plainBalancer } from './balancer-config.ts';
import type { Endpoint } from './endpoint.ts';
import { learnAnswerTimes, warmUp } from './prepare-endpoints.ts';

const slowStart = { windowMs: 10_000, aggression: 1, minWeightPercent: 10 };

function endpointsOf(...warmFromMs: number[]): Endpoint[] {
  const endpoints = [...plainCluster(warmFromMs.map((_, index) => index + 1)).endpoints];
  for (const [index, endpoint] of endpoints.entries()) endpoint.warmFromMs = warmFromMs[index] as number;
  return endpoints;
}

const warmths = (endpoints: readonly Endpoint[]) => endpoints.map(({ warmth }) => warmth);

describe('warmUp', () => {
  it('gives each the warmth of its age, and says whether any has another than before', () => {
    const endpoints = endpointsOf(0, 5_000, 9_999);
    expect(warmUp(endpoints, slowStart, 10_000)).toBe(true);
    expect(warmths(endpoints)).toEqual([1, 0.5, 0.1]);
    expect(warmUp(endpoints, slowStart, 10_000)).toBe(false);
  });

  it('has nothing to do once all are warm', () => {
    expect(warmUp(endpointsOf(0, 0), slowStart, 60_000)).toBe(false);
  });

  it('makes all warm at once where nobody starts slowly any more', () => {
    const endpoints = endpointsOf(0);
    warmUp(endpoints, slowStart, 1_000);
    expect(warmUp(endpoints, null, 1_000)).toBe(true);
    expect(warmths(endpoints)).toEqual([1]);
  });

  it('lets an endpoint that fails its checks begin again when it passes', () => {
    const endpoints = endpointsOf(0, 0);
    const [ill] = endpoints as [Endpoint, Endpoint];
    ill.check = new HealthRecord(true);
    warmUp(endpoints, slowStart, 60_000);
    ill.check.isFailed = false;
    warmUp(endpoints, slowStart, 62_000);
    expect(warmths(endpoints)).toEqual([0.2, 1]);
  });
});

describe('learnAnswerTimes', () => {
  it('begins where the balancer asks, keeps what is known, and forgets it where nobody asks', () => {
    const endpoints = endpointsOf(0);
    const [endpoint] = endpoints as [Endpoint];
    const ewma = { ...plainBalancer('peak-ewma'), answerTimeMs: 70 };
    learnAnswerTimes(endpoints, ewma, () => 0);
    expect(endpoint.latency?.estimateMs()).toBe(70);
    const { latency } = endpoint;
    learnAnswerTimes(endpoints, { ...ewma, answerTimeMs: 80 }, () => 0);
    expect(endpoint.latency).toBe(latency);
    learnAnswerTimes(endpoints, plainBalancer('random'), () => 0);
    expect(endpoint.latency).toBeNull();
  });
});
