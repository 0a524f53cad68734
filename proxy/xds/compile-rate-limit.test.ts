import { describe, expect, it } from 'vitest';
import { pack } from '../../proto/any.ts';
import { LOCAL_RATE_LIMIT_FILTER } from '../../proto/extension-names.ts';
import { formatPolicyMetadata } from '../../proto/policy-metadata.ts';
import type { FilterVerdict } from '../filter/request-filter.ts';
import { RequestHead } from '../message-head.ts';
import { decoded } from '../testing/decoded.ts';
import type { RateLimitMemory } from './compile-rate-limit.ts';
import { compileRateLimit } from './compile-rate-limit.ts';

const limit = pack('envoy.extensions.filters.http.local_ratelimit.v3.LocalRateLimit', {
  stat_prefix: 'local_rate_limit',
  token_bucket: { max_tokens: 1, tokens_per_fill: { value: 1 }, fill_interval: { seconds: '3600' } },
});

const memoryOf = (): RateLimitMemory => ({
  rateLimits: { ok: 0, rateLimited: 0 },
  buckets: new Map(),
  limitShare: 1,
  now: () => 0,
});

/** What a sidecar with this memory makes of a request to the route; null lets it go on. */
function asked(
  memory: RateLimitMemory,
  cluster: string,
  packed = limit,
  origin = '',
  head = new RequestHead(),
): FilterVerdict | undefined {
  const route = decoded('envoy.config.route.v3.Route', {
    name: 'default',
    match: { prefix: '/' },
    route: { cluster },
    typed_per_filter_config: { [LOCAL_RATE_LIMIT_FILTER]: packed },
    metadata: { filter_metadata: formatPolicyMetadata({ localRateLimits: [origin] }) },
  });
  const filter = compileRateLimit(route, memory);
  return filter?.onRequest({ head, peer: { principal: '', address: '' } });
}

const takes = (memory: RateLimitMemory, cluster: string) => asked(memory, cluster) === null;

describe('compileRateLimit', () => {
  it('goes on counting where the same route was, and counts each destination for itself', () => {
    const memory = memoryOf();
    expect([takes(memory, 'inbound|8080||'), takes(memory, 'inbound|8080||')]).toEqual([true, false]);
    expect([takes(memory, 'inbound|9090||'), takes(memory, 'inbound|9090||')]).toEqual([true, false]);
  });

  it('names who asks for the limit, as it is now, and goes on counting when that alone has moved', () => {
    const memory = memoryOf();
    const packed = pack('envoy.extensions.filters.http.local_ratelimit.v3.LocalRateLimit', {
      stat_prefix: 'local_rate_limit',
      rate_limits: [{ actions: [{ generic_key: { descriptor_key: 'rule', descriptor_value: '0.0' } }] }],
      descriptors: [
        {
          entries: [{ key: 'rule', value: '0.0' }],
          token_bucket: { max_tokens: 1, tokens_per_fill: { value: 1 }, fill_interval: { seconds: '3600' } },
        },
      ],
    });
    expect(asked(memory, 'inbound|8080||', packed, 'cart.yaml:3')).toBeNull();
    expect(asked(memory, 'inbound|8080||', packed, 'cart.yaml:7')).toMatchObject({ rule: 'cart.yaml:7' });
  });

  it.each([true, false])('counts a path that is too long for its pattern, whether that is to fit: %s', (expected) => {
    const entry = { key: 'path', value: 'yes' };
    const packed = pack('envoy.extensions.filters.http.local_ratelimit.v3.LocalRateLimit', {
      rate_limits: [
        {
          actions: [
            {
              header_value_match: {
                descriptor_key: entry.key,
                descriptor_value: entry.value,
                expect_match: { value: expected },
                headers: [{ name: ':path', string_match: { safe_regex: { regex: '/a(?:\\?.*)?' } } }],
              },
            },
          ],
        },
      ],
      descriptors: [
        {
          entries: [entry],
          token_bucket: { max_tokens: 1, tokens_per_fill: { value: 1 }, fill_interval: { seconds: '3600' } },
        },
      ],
    });
    const memory = memoryOf();
    const takesPath = (path: string) =>
      asked(memory, 'inbound|8080||', packed, '', Object.assign(new RequestHead(), { path })) === null;
    const [within, without] = expected ? ['/a?x', '/b'] : ['/b', '/a?x'];
    expect(takesPath(within)).toBe(true);
    expect([takesPath(without), takesPath(without)]).toEqual([true, true]);
    expect(takesPath(`${without}?${'x'.repeat(250_000)}`)).toBe(false);
  });
});
