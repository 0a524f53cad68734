import { describe, expect, it } from 'vitest';
import type { PackedMessage } from '../../../proto/any.ts';
import { unpackAs } from '../../../proto/any.ts';
import { effectiveLoadBalancer } from '../../model/traffic-policy/effective-load-balancer.ts';
import { balancers } from './balancers.ts';

const hashed = effectiveLoadBalancer([
  { type: 'ConsistentHash', consistentHash: { type: 'SourceIP', hashBalanceFactor: 150 } },
]);

describe('balancers', () => {
  it.each([true, false])('bound the loads of hashing where the sidecar knows that: %s', (boundedLoads) => {
    const [first] = balancers(hashed, { balancing: true, boundedLoads });
    const packed = first?.typed_extension_config?.typed_config as PackedMessage; // as `pack` makes it
    const { consistent_hashing_lb_config: bound } = unpackAs(
      'envoy.extensions.load_balancing_policies.maglev.v3.Maglev',
      packed,
    );
    expect(bound?.hash_balance_factor?.value).toBe(boundedLoads ? 150 : undefined);
  });
});
