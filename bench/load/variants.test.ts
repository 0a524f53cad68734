import { describe, expect, it } from 'vitest';
import type { HeddleBuild } from './heddle-build.ts';
import { ownBuild } from './peers/heddle.ts';
import { peerNamed, scenarioOf } from './testing/scenario.ts';
import { withVariants } from './variants.ts';

describe('withVariants', () => {
  it('puts each variant behind Heddle, in every scenario that it is in', () => {
    const builds: HeddleBuild[] = [];
    const variant = (build: HeddleBuild) => {
      builds.push(build);
      return peerNamed(build.name);
    };
    const heddle = { ...peerNamed('heddle'), variant };
    const all = [scenarioOf('a', [heddle, peerNamed('nginx')]), scenarioOf('b', [peerNamed('nginx')])];
    const found = withVariants(all, [
      { name: 'again', folder: '.', flags: ['--jitless'], environment: { HEDDLE_X: '1' } },
      { name: 'other', folder: '/no/such/checkout', flags: [], environment: {} },
    ]);
    expect(found.map(({ peers }) => peers.map(({ name }) => name))).toEqual([
      ['heddle', 'again', 'other', 'nginx'],
      ['nginx'],
    ]);
    expect(builds).toEqual([
      { name: 'again', folder: ownBuild.folder, flags: ['--jitless'], environment: { HEDDLE_X: '1' } },
      { name: 'other', folder: '/no/such/checkout', flags: [], environment: {} },
    ]);
  });
});
