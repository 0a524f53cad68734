import { describe, expect, it } from 'vitest';
import type { Metadata__Output } from './generated/envoy/config/core/v3/Metadata.ts';
import { messageType } from './load.ts';
import type { PolicyOrigins } from './policy-metadata.ts';
import { formatPolicyMetadata, noPolicyOrigins, parsePolicyMetadata } from './policy-metadata.ts';
import { toStruct } from './struct.ts';

function overTheWire(filter_metadata: ReturnType<typeof formatPolicyMetadata>): Metadata__Output {
  const type = messageType('envoy.config.core.v3.Metadata');
  return type.decode(type.encode({ filter_metadata }));
}

describe('policy metadata', () => {
  it.each<PolicyOrigins>([
    noPolicyOrigins,
    {
      localRateLimits: ['BackendTrafficPolicy/default/cart rateLimit rule 0 (cart.yaml:12)', ''],
      globalRateLimits: ['Mesh/default rateLimit rule 0'],
      connectionRates: ['BackendTrafficPolicy/default/db rateLimit.local.tcp (db.yaml:3)'],
      bodyLimit: 'a',
      adaptiveConcurrency: 'b',
      admissionControl: 'c',
      circuitBreaker: ['BackendTrafficPolicy/default/cart circuitBreaker.maxConnections (cart.yaml:1)'],
    },
  ])('arrives as it was sent: %j', (origins) => {
    expect(parsePolicyMetadata(overTheWire(formatPolicyMetadata(origins)))).toEqual(origins);
  });

  it('takes no room where nothing is said', () => {
    expect(formatPolicyMetadata({ ...noPolicyOrigins, admissionControl: '' })).toEqual({});
  });

  it('says nothing where it is absent or of other types, and no more than a line', () => {
    expect(parsePolicyMetadata(null)).toEqual(noPolicyOrigins);
    const other = { localRateLimits: ['x'.repeat(2000), 7], globalRateLimits: 'all', bodyLimit: 1 };
    expect(parsePolicyMetadata(overTheWire({ 'heddle.policies': toStruct(other) }))).toEqual({
      ...noPolicyOrigins,
      localRateLimits: ['x'.repeat(1024), ''],
    });
  });
});
