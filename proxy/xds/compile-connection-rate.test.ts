import { describe, expect, it } from 'vitest';
import { pack } from '../../proto/any.ts';
import { formatPolicyMetadata } from '../../proto/policy-metadata.ts';
import { decoded } from '../testing/decoded.ts';
import type { ConnectionRateMemory } from './compile-connection-rate.ts';
import { compileConnectionRates, connectionRate } from './compile-connection-rate.ts';

const memoryOf = (limitShare = 1): ConnectionRateMemory => ({
  connectionBuckets: new Map(),
  connectionRates: { rateLimited: 0 },
  limitShare,
  now: () => 0,
});

const chain = (name: string, tokens: number, origin: string) =>
  decoded('envoy.config.listener.v3.FilterChain', {
    filters: [
      {
        typed_config: pack('envoy.extensions.filters.network.local_ratelimit.v3.LocalRateLimit', {
          stat_prefix: name,
          token_bucket: { max_tokens: tokens, tokens_per_fill: { value: tokens }, fill_interval: { seconds: 60 } },
        }),
      },
      { typed_config: pack('envoy.extensions.filters.network.tcp_proxy.v3.TcpProxy', { cluster: 'a' }) },
    ],
    metadata: { filter_metadata: formatPolicyMetadata({ connectionRates: [origin] }) },
  });

describe('connectionRate', () => {
  it('goes on counting where the same limit was, and says what it is and who asks for it, as it is now', () => {
    const memory = memoryOf();
    const made = (name: string, origin: string) =>
      connectionRate(compileConnectionRates(chain(name, 2, origin)), memory);
    const first = made('db:5432', 'db.yaml:1');
    expect([first?.refusal(), first?.refusal()]).toEqual([null, null]);
    expect(made('db:5432', 'db.yaml:9')?.refusal()).toBe('2 in 60 s, db.yaml:9');
    expect(made('other:5432', '')?.refusal()).toBeNull();
    expect(memory.connectionRates.rateLimited).toBe(1);
  });

  it('is divided among processes', () => {
    const rate = connectionRate(compileConnectionRates(chain('db:5432', 4, '')), memoryOf(2));
    expect([rate?.refusal(), rate?.refusal(), rate?.refusal()]).toEqual([null, null, '4 in 60 s']);
  });

  it('is none where none is asked for', () => {
    const [, proxy] = chain('db:5432', 1, '').filters;
    const plain = decoded('envoy.config.listener.v3.FilterChain', { filters: [proxy ?? {}] });
    expect(connectionRate(compileConnectionRates(plain), memoryOf())).toBeNull();
  });
});
