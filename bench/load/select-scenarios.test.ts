import { describe, expect, it } from 'vitest';
import type { Scenario } from './scenario.ts';
import { selectScenarios } from './select-scenarios.ts';
import { peerNamed, scenarioOf } from './testing/scenario.ts';

const all: Scenario[] = [scenarioOf('plain', [peerNamed('a'), peerNamed('b')]), scenarioOf('mtls', [peerNamed('a')])];
const select = (...names: string[]) =>
  selectScenarios(all, names).map(({ name, peers }) => [name, ...peers.map((each) => each.name)].join(' '));

describe('selectScenarios', () => {
  it('leaves everything when nothing is named', () => {
    expect(select()).toEqual(['plain a b', 'mtls a']);
  });

  it('keeps a named scenario whole', () => {
    expect(select('plain')).toEqual(['plain a b']);
  });

  it('keeps a named proxy wherever it occurs', () => {
    expect(select('a')).toEqual(['plain a', 'mtls a']);
    expect(select('b')).toEqual(['plain b']);
  });

  it('narrows by both when both are named', () => {
    expect(select('b', 'plain')).toEqual(['plain b']);
  });

  it('refuses a name that nothing has, and says what there is', () => {
    expect(() => select('a', 'envoy')).toThrow(new RangeError('envoy is none of plain, mtls, a, b'));
  });
});
