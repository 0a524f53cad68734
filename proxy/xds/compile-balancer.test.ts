import { describe, expect, it } from 'vitest';
import type { PackableName } from '../../proto/any.ts';
import { pack } from '../../proto/any.ts';
import type { Input } from '../../proto/load.ts';
import { plainBalancer } from '../cluster/balancer-config.ts';
import { decoded } from '../testing/decoded.ts';
import { compileBalancer } from './compile-balancer.ts';

function compile<Name extends PackableName>(name: Name, message: Input<Name>) {
  const policies = ['x.Unknown', name].map((type) => ({
    typed_extension_config: {
      name: type,
      typed_config:
        type === name ? pack(name, message) : { type_url: `type.googleapis.com/${type}`, value: Buffer.alloc(0) },
    },
  }));
  return compileBalancer(decoded('envoy.config.cluster.v3.Cluster', { load_balancing_policy: { policies } }));
}

describe('compileBalancer', () => {
  it('takes the first policy that it knows, with its defaults', () => {
    expect(compile('envoy.extensions.load_balancing_policies.maglev.v3.Maglev', {})).toEqual(plainBalancer('maglev'));
    expect(compile('envoy.extensions.load_balancing_policies.ring_hash.v3.RingHash', {})).toEqual(
      plainBalancer('ring-hash'),
    );
    expect(compile('envoy.extensions.load_balancing_policies.peak_ewma.v3alpha.PeakEwma', {})).toMatchObject({
      kind: 'peak-ewma',
      answerTimeMs: 30,
      decayMs: 10_000,
    });
  });

  it('takes sizes and times as they are said', () => {
    expect(
      compile('envoy.extensions.load_balancing_policies.ring_hash.v3.RingHash', {
        minimum_ring_size: { value: '10' },
        maximum_ring_size: { value: '20' },
        locality_weighted_lb_config: {},
      }),
    ).toMatchObject({ minRingSize: 10, maxRingSize: 20, localities: { kind: 'weighted' } });
    expect(
      compile('envoy.extensions.load_balancing_policies.peak_ewma.v3alpha.PeakEwma', {
        decay_time: { seconds: '5' },
        default_rtt: { nanos: 7_000_000 },
      }),
    ).toMatchObject({ answerTimeMs: 7, decayMs: 5_000 });
  });

  it('bounds loads where that is asked for', () => {
    for (const name of ['ring_hash.v3.RingHash', 'maglev.v3.Maglev'] as const) {
      const policy = `envoy.extensions.load_balancing_policies.${name}` as const;
      expect(compile(policy, {})).toMatchObject({ hashBalancePercent: 0 });
      const bound = { consistent_hashing_lb_config: { hash_balance_factor: { value: 125 } } };
      expect(compile(policy, bound)).toMatchObject({ hashBalancePercent: 125 });
    }
  });

  it('builds no table that would hold up everything else', () => {
    expect(
      compile('envoy.extensions.load_balancing_policies.ring_hash.v3.RingHash', {
        minimum_ring_size: { value: '8388608' },
        maximum_ring_size: { value: '8388608' },
      }),
    ).toMatchObject({ minRingSize: 131_072, maxRingSize: 131_072 });
    expect(
      compile('envoy.extensions.load_balancing_policies.maglev.v3.Maglev', { table_size: { value: '5000011' } }),
    ).toMatchObject({ tableSize: 655_373 });
  });

  it('takes slow start and zones', () => {
    expect(
      compile('envoy.extensions.load_balancing_policies.least_request.v3.LeastRequest', {
        slow_start_config: { slow_start_window: { seconds: '30' } },
        locality_lb_config: { zone_aware_lb_config: { force_local_zone: {} } },
      }),
    ).toEqual({
      ...plainBalancer('least-request'),
      slowStart: { windowMs: 30_000, aggression: 1, minWeightPercent: 10 },
      localities: {
        kind: 'zone-aware',
        callers: [],
        routingEnabledPercent: 100,
        minClusterSize: 6,
        forceLocalMinSize: 1,
      },
    });
  });
});
