import { describe, expect, it } from 'vitest';
import type { ServiceStat } from '../telemetry/telemetry-source.ts';
import { withRunningServices } from './running-services.ts';
import { registered } from './testing/api-fixture.ts';

const v1 = { app: 'cart', version: 'v1' };
const v2 = { app: 'cart', version: 'v2' };
const workloads = [
  registered('cart-v1-1', { labels: v1 }),
  registered('cart-v1-2', { labels: v1 }),
  registered('cart-v2-1', { labels: v2 }),
];

function called(changes: Partial<ServiceStat>): ServiceStat {
  return {
    namespace: 'default',
    service: 'cart',
    host: '',
    version: '',
    countedBy: 'destination',
    instances: 1,
    requests: 10,
    unreached: 0,
    requestsPerSecond: 2,
    successRate: 1,
    p50Ms: 1,
    p95Ms: 2,
    p99Ms: 3,
    mutualTlsShare: 1,
    tcp: null,
    circuit: null,
    ...changes,
  };
}

describe('withRunningServices', () => {
  it('counts the instances that run, not those that happened to be called', () => {
    expect(withRunningServices([called({ instances: 2 })], workloads, 'service')).toEqual([called({ instances: 3 })]);
  });

  it('has a row for a version that nobody has called', () => {
    const rows = withRunningServices([called({ version: 'v1', instances: 2 })], workloads, 'version');
    expect(rows).toMatchObject([
      { version: 'v1', instances: 2, requests: 10 },
      { version: 'v2', instances: 1, requests: 0, requestsPerSecond: 0, successRate: null, mutualTlsShare: null },
    ]);
  });

  it('keeps the order of namespace, service and version', () => {
    const all = [...workloads, registered('a', { service: 'auth' }), registered('b', { namespace: 'blue' })];
    const rows = withRunningServices([called({})], all, 'service');
    expect(rows.map(({ namespace, service }) => `${namespace}/${service}`)).toEqual([
      'blue/cart',
      'default/auth',
      'default/cart',
    ]);
  });

  it('says that nothing runs any more of a service that counted itself', () => {
    expect(withRunningServices([called({})], [], 'service')).toEqual([called({ instances: 0 })]);
  });

  it('leaves a service without sidecars as its callers saw it', () => {
    const legacy = called({ service: 'legacy', countedBy: 'source', instances: 2 });
    expect(withRunningServices([legacy], [], 'service')).toEqual([legacy]);
  });

  it('passes over workloads that only call others', () => {
    expect(withRunningServices([], [registered('load', { service: 'load', ports: [] })], 'service')).toEqual([]);
  });
});
