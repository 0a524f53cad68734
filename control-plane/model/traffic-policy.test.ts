import { expect, it } from 'vitest';
import { policySections, trafficPolicyShape } from './traffic-policy.ts';

it('a policy has no section that may be written and is then forgotten', () => {
  const written = Object.entries(trafficPolicyShape)
    .filter(([, schema]) => schema.meta()?.refused !== true)
    .map(([section]) => section);
  expect(new Set(written)).toEqual(new Set([...policySections, 'outlierDetection']));
});
