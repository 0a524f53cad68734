import { describe, expect, it } from 'vitest';
import { pack } from '../../proto/any.ts';
import { LOCAL_RATE_LIMIT_FILTER } from '../../proto/extension-names.ts';
import { RequestHead } from '../message-head.ts';
import { decoded } from '../testing/decoded.ts';
import type { RateLimitMemory } from './compile-rate-limit.ts';
import { compileRateLimit } from './compile-rate-limit.ts';

const limit = pack('envoy.extensions.filters.http.local_ratelimit.v3.LocalRateLimit', {
  stat_prefix: 'local_rate_limit',
  token_bucket: { max_tokens: 1, tokens_per_fill: { value: 1 }, fill_interval: { seconds: '3600' } },
});

/** A request to the route, of a sidecar with this memory: whether it is let go on. */
function takes(memory: RateLimitMemory, cluster: string): boolean {
  const route = decoded('envoy.config.route.v3.Route', {
    name: 'default',
    match: { prefix: '/' },
    route: { cluster },
    typed_per_filter_config: { [LOCAL_RATE_LIMIT_FILTER]: limit },
  });
  const filter = compileRateLimit(route, memory);
  return filter?.onRequest({ head: new RequestHead(), peer: { principal: '', address: '' } }) === null;
}

describe('compileRateLimit', () => {
  it('goes on counting where the same route was, and counts each destination for itself', () => {
    const memory = { rateLimits: { ok: 0, rateLimited: 0 }, buckets: new Map(), limitShare: 1, now: () => 0 };
    expect([takes(memory, 'inbound|8080||'), takes(memory, 'inbound|8080||')]).toEqual([true, false]);
    expect([takes(memory, 'inbound|9090||'), takes(memory, 'inbound|9090||')]).toEqual([true, false]);
  });
});
