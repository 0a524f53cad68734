import { expect, it } from 'vitest';
import { ALL_FEATURES } from '../../proto/features.ts';
import { announcedFeatures } from './announced-features.ts';

it('announces every feature that the control plane asks for, or what needs it would never be sent', () => {
  expect([...announcedFeatures].sort()).toEqual([...ALL_FEATURES].sort());
});
