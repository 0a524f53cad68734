import { describe, expect, it } from 'vitest';
import type { Feature } from '../../../proto/features.ts';
import { ALL_FEATURES } from '../../../proto/features.ts';
import type { PortProtocol } from '../../model/app-protocol.ts';
import { abilitiesOf, meshAlpn, protocolFor } from './abilities.ts';

const able = (...features: Feature[]) => abilitiesOf(new Set(features));
const [h1, h2, tcp] = ['heddle-http/1.1', 'heddle-h2', 'heddle-tcp'] as const;

describe('abilitiesOf', () => {
  it('puts those that can do everything into the scope of everybody', () => {
    expect(able(...ALL_FEATURES).scope).toBe('');
    expect(abilitiesOf(new Set([...ALL_FEATURES, 'of a later version'])).scope).toBe('');
  });

  it('puts no two different builds into one scope', () => {
    // all subsets would be twice as many with each feature
    const few = [[], ...ALL_FEATURES.flatMap((one) => ALL_FEATURES.map((other) => [one, other]))];
    const builds = few.flatMap((features) => [features, ALL_FEATURES.filter((each) => !features.includes(each))]);
    const sets = new Set(builds.map((features) => [...new Set(features)].sort().join()));
    expect(new Set(builds.map((features) => able(...features).scope)).size).toBe(sets.size);
  });

  it('has scopes that are no name of a workload or a namespace, alone or behind one', () => {
    expect(able('tcp').scope).toMatch(/^!/);
  });
});

describe('meshAlpn', () => {
  it.each<[PortProtocol, Feature[], string[]]>([
    ['http', ['h2', 'tcp'], [h1]],
    ['http2', ['h2', 'tcp'], [h2]],
    ['tcp', ['h2', 'tcp'], [tcp]],
    ['auto', ['h2', 'tcp'], [h1, h2, tcp]],
    ['auto', ['h2'], [h1, h2]],
    ['auto', ['tcp'], [h1, tcp]],
    ['auto', [], [h1]],
    ['http2', ['tcp'], [h1]],
    ['tcp', ['h2'], [h1]],
    ['tcp', [], [h1]],
  ])('of a port that carries %s, for a client with %j, is %j', (protocol, features, names) => {
    const abilities = able(...features);
    expect(meshAlpn(protocolFor(protocol, abilities), abilities)).toEqual(names);
  });
});
