import { describe, expect, it } from 'vitest';
import { checkDocument } from '../check-document.ts';
import { formatPath } from '../document-violation.ts';
import { builtInLoadBalancer, effectiveLoadBalancer } from './effective-load-balancer.ts';
import { loadBalancerSchema } from './load-balancer.ts';

function faultsOf(loadBalancer: object): string[] {
  const { faults } = checkDocument({
    apiVersion: 'heddle.dev/v1alpha1',
    kind: 'BackendTrafficPolicy',
    metadata: { name: 'cart' },
    spec: { targetRefs: [{ group: '', kind: 'Service', name: 'cart' }], loadBalancer },
  });
  return faults.map(({ path, message }) => `${formatPath(path)}: ${message}`.replace('spec.loadBalancer.', ''));
}

const hash = (consistentHash: object) => ({ type: 'ConsistentHash', consistentHash });

describe('loadBalancerSchema', () => {
  it.each([
    { type: 'RoundRobin', slowStart: { window: '30s' } },
    { type: 'LeastRequest', slowStart: { window: '1m', aggression: 2, minWeightPercent: 5 } },
    { type: 'LeastRequest', zoneAware: { preferLocal: { force: {} } } },
    { type: 'Random', zoneAware: { weightedZones: [{ zone: 'a', weight: 3 }], failover: true } },
    { type: 'PeakEwma', peakEwma: { decayTime: '5s', defaultRtt: '10ms' } },
    hash({ type: 'SourceIP' }),
    hash({ type: 'Header', header: { name: 'x-user' }, algorithm: 'RingHash', minimumRingSize: 2048 }),
    hash({ type: 'Headers', headers: [{ name: 'a' }, { name: 'b' }], tableSize: 65_537 }),
    hash({ type: 'Cookie', cookie: { name: 'user', ttl: '1h', attributes: { SameSite: 'Lax' } } }),
    hash({ type: 'QueryParams', queryParams: [{ name: 'user' }] }),
  ])('accepts %j', (loadBalancer) => {
    expect(faultsOf(loadBalancer)).toEqual([]);
  });

  it.each<[object, string[]]>([
    [
      { type: 'BackendUtilization' },
      [
        'type: BackendUtilization is not supported by this version of Heddle: write RoundRobin, LeastRequest, Random, ConsistentHash or PeakEwma',
      ],
    ],
    [
      { type: 'ConsistentHash' },
      ['consistentHash: type ConsistentHash needs consistentHash: what requests have in common'],
    ],
    [
      { type: 'Random', consistentHash: { type: 'SourceIP' } },
      ['consistentHash: consistentHash needs type ConsistentHash'],
    ],
    [hash({ type: 'Header' }), ['consistentHash.header: type Header needs header']],
    [hash({ type: 'SourceIP', cookie: { name: 'a' } }), ['consistentHash.cookie: cookie needs type Cookie']],
    [
      hash({ type: 'SourceIP', hashBalanceFactor: 99 }),
      ['consistentHash.hashBalanceFactor: write a whole number from 100 to 100000'],
    ],
    [
      hash({ type: 'SourceIP', tableSize: 5_000_011 }),
      ['consistentHash.tableSize: write a whole number from 2 to 655373'],
    ],
    [
      hash({ type: 'SourceIP', algorithm: 'RingHash', minimumRingSize: 8_388_608 }),
      ['consistentHash.minimumRingSize: write a whole number from 1 to 131072'],
    ],
    [
      hash({ type: 'SourceIP', tableSize: 65_536 }),
      ['consistentHash.tableSize: must be a prime number: the next is 65537'],
    ],
    [
      hash({ type: 'SourceIP', minimumRingSize: 9 }),
      ['consistentHash.minimumRingSize: minimumRingSize is of the algorithm RingHash'],
    ],
    [
      hash({ type: 'Cookie', cookie: { name: 'a b', ttl: 'soon', attributes: { Path: 'a;b' } } }),
      [
        "consistentHash.cookie.name: the name of a cookie has letters, digits and !#$%&'*+.^_`|~-",
        'consistentHash.cookie.ttl: write a duration such as 500ms, 2s or 1m',
        'consistentHash.cookie.attributes.Path: an attribute of a cookie has visible ASCII characters without ";"',
      ],
    ],
    [{ type: 'Random', slowStart: { window: '1s' } }, ['slowStart: slowStart needs type RoundRobin or LeastRequest']],
    [
      { type: 'LeastRequest', slowStart: { window: '0s', minWeightPercent: 101 } },
      [
        'slowStart.window: write a duration longer than 0',
        'slowStart.minWeightPercent: write a percentage from 0 to 100',
      ],
    ],
    [
      {
        type: 'LeastRequest',
        zoneAware: { preferLocal: {}, weightedZones: [{ zone: 'a', weight: 1 }], failover: true },
      },
      [
        'zoneAware.weightedZones: preferLocal and weightedZones divide requests differently: write one of them',
        'zoneAware.failover: with failover requests stay in their zone already: remove preferLocal or failover',
      ],
    ],
    [
      {
        type: 'LeastRequest',
        zoneAware: {
          weightedZones: [
            { zone: 'a', weight: 1 },
            { zone: 'a', weight: 2 },
          ],
        },
      },
      ['zoneAware.weightedZones[1]: the same zone is named twice'],
    ],
    [
      { ...hash({ type: 'SourceIP' }), zoneAware: { preferLocal: {} } },
      ['zoneAware.preferLocal: type ConsistentHash has no preferLocal: write weightedZones or failover'],
    ],
    [
      { type: 'Random', zoneAware: { preferLocal: {}, overprovisioningFactor: 120 } },
      ['zoneAware.overprovisioningFactor: overprovisioningFactor needs failover: true, or weightedZones'],
    ],
    [{ type: 'Random', peakEwma: {} }, ['peakEwma: peakEwma needs type PeakEwma']],
  ])('reports what is wrong with %j', (loadBalancer, faults) => {
    expect(faultsOf(loadBalancer)).toEqual(faults);
  });
});

describe('effectiveLoadBalancer', () => {
  const effective = (...layers: (object | undefined)[]) =>
    effectiveLoadBalancer(layers.map((layer) => (layer === undefined ? undefined : loadBalancerSchema.parse(layer))));

  it('is least request of two choices when nobody says anything', () => {
    expect(effective(undefined)).toEqual(builtInLoadBalancer);
    expect(builtInLoadBalancer.type).toBe('LeastRequest');
  });

  it('fills in the defaults of what is asked for', () => {
    expect(effective({ type: 'LeastRequest', slowStart: { window: '30s' }, zoneAware: { preferLocal: {} } })).toEqual({
      ...builtInLoadBalancer,
      slowStart: { windowMs: 30_000, aggression: 1, minWeightPercent: 10 },
      preferLocal: { minEndpoints: 6, percentageEnabled: 100, forceMinEndpoints: 0 },
    });
    expect(effective(hash({ type: 'Cookie', cookie: { name: 'user', ttl: '0s' } })).consistentHash).toEqual({
      algorithm: 'Maglev',
      tableSize: 65_537,
      minimumRingSize: 1_024,
      hashBalanceFactor: 0,
      hashOn: [{ kind: 'cookie', name: 'user', ttlMs: 0, attributes: [] }],
    });
  });

  it('takes the whole section from the most specific layer that has one', () => {
    const layers = [undefined, { type: 'Random' }, { type: 'RoundRobin', slowStart: { window: '1s' } }];
    expect(effective(...layers)).toEqual({ ...builtInLoadBalancer, type: 'Random' });
  });
});
