import { describe, expect, it } from 'vitest';
import type { ChainMatch, ConnectionFacts, FilterChain } from './filter-chains.ts';
import { FilterChains } from './filter-chains.ts';

const inspection = { tls: true, http: true, timeoutMs: 0, continuesOnTimeout: true };

/** A chain that is told by the name of its route. */
function chain(name: string, match: Partial<ChainMatch> = {}): { match: ChainMatch; chain: FilterChain<string> } {
  const route = { name, pick: () => name, idleTimeoutMs: 0, maxConnectAttempts: 1, isBySource: false };
  return {
    match: { serverNames: [], transportProtocol: '', applicationProtocols: [], ...match },
    chain: { kind: 'tcp', route, rate: null },
  };
}

function found(chains: FilterChains<string>, facts: Partial<ConnectionFacts>): string | null {
  const taken = chains.find({ serverName: '', transportProtocol: 'raw_buffer', applicationProtocols: [], ...facts });
  return taken?.kind === 'tcp' ? taken.route.name : null;
}

describe('FilterChains', () => {
  const chains = new FilterChains(
    [
      chain('exact', { serverNames: ['a.b.example'] }),
      chain('long suffix', { serverNames: ['*.b.example'] }),
      chain('short suffix', { serverNames: ['*.example', 'other.test'] }),
      chain('tls', { transportProtocol: 'tls' }),
      chain('http', { transportProtocol: 'raw_buffer', applicationProtocols: ['http/1.1', 'h2c'] }),
    ],
    chain('default').chain,
    inspection,
  );

  it.each<[string, Partial<ConnectionFacts>, string]>([
    ['the exact name', { serverName: 'a.b.example', transportProtocol: 'tls' }, 'exact'],
    ['the longest suffix', { serverName: 'c.b.example', transportProtocol: 'tls' }, 'long suffix'],
    ['a suffix of several labels', { serverName: 'x.y.z.example', transportProtocol: 'tls' }, 'short suffix'],
    ['one of several names', { serverName: 'other.test', transportProtocol: 'tls' }, 'short suffix'],
    ['not the suffix itself', { serverName: 'example', transportProtocol: 'tls' }, 'tls'],
    ['not a name that only looks like it', { serverName: 'notb.example.evil', transportProtocol: 'tls' }, 'tls'],
    ['the transport', { transportProtocol: 'tls' }, 'tls'],
    ['the protocol', { applicationProtocols: ['h2c'] }, 'http'],
    ['the default for what is left', { applicationProtocols: ['ssh'] }, 'default'],
  ])('goes by %s', (_what, facts, name) => {
    expect(found(chains, facts)).toBe(name);
  });

  it('does not go back from a name that it has chosen', () => {
    const named = chain('named', { serverNames: ['a'], applicationProtocols: ['h2'] });
    const other = new FilterChains([named, chain('any')], null, inspection);
    expect(found(other, { serverName: 'a', applicationProtocols: ['h2'] })).toBe('named');
    expect(found(other, { serverName: 'a', applicationProtocols: ['x'] })).toBeNull();
    expect(found(other, { serverName: 'b' })).toBe('any');
  });
});
