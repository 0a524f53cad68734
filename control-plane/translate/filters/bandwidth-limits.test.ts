import { describe, expect, it } from 'vitest';
import { ALL_FEATURES, FEATURES } from '../../../proto/features.ts';
import { builtInTrafficPolicy } from '../../model/effective-traffic-policy.ts';
import { abilitiesOf } from '../view/abilities.ts';
import { inboundLimits, noLimits, withLimits } from './inbound-limits.ts';

const bandwidthLimit = { requestKbps: 10, responseKbps: 0, trailerPrefix: null };
const port = { host: 'cart.default.svc.cluster.local', port: 80, protocol: 'auto' } as const;
const governed = [{ ...port, policy: { ...builtInTrafficPolicy, bandwidthLimit } }];

describe('a limit of bandwidth', () => {
  it('is kept from a sidecar that does not know it, which then takes bytes as before', () => {
    const older = abilitiesOf(new Set(ALL_FEATURES.filter((feature) => feature !== FEATURES.bandwidthLimit)));
    expect(inboundLimits(governed, older)).toEqual(noLimits);
  });

  it('leaves a route without one as it is', () => {
    const route = { name: 'default' };
    expect(withLimits(route, noLimits, { stock: false, rateLimitCost: true })).toBe(route);
  });

  it('lets no bytes past that nobody counts', () => {
    expect(inboundLimits(governed, abilitiesOf(new Set(ALL_FEATURES)))).toMatchObject({
      bandwidth: bandwidthLimit,
      takesBytes: false,
    });
  });
});
