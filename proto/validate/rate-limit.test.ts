import { describe, expect, it } from 'vitest';
import { pack } from '../any.ts';
import { RATE_LIMIT_FILTER } from '../extension-names.ts';
import type { Input } from '../load.ts';
import { messageType } from '../load.ts';
import { root, Violations } from '../violation.ts';
import { checkPerFilterConfig } from './per-filter-config.ts';
import { checkRateLimitFilter } from './rate-limit.ts';

type RateLimit = Input<'envoy.extensions.filters.http.ratelimit.v3.RateLimit'>;
type PerRoute = Input<'envoy.extensions.filters.http.ratelimit.v3.RateLimitPerRoute'>;

const good: RateLimit = {
  domain: 'heddle',
  timeout: { nanos: 20_000_000 },
  rate_limit_service: { grpc_service: { envoy_grpc: { cluster_name: 'counting' } }, transport_api_version: 'V3' },
};

function faultsOf(limit: RateLimit): string[] {
  const violations = new Violations();
  const type = messageType('envoy.extensions.filters.http.ratelimit.v3.RateLimit');
  checkRateLimitFilter(type.decode(type.encode(limit)), root.field('limit'), violations);
  return violations.list().map(({ path, message }) => `${path.replace('limit', '')}: ${message}`);
}

function faultsOfRoute(limit: PerRoute): string[] {
  const violations = new Violations();
  const packed = pack('envoy.extensions.filters.http.ratelimit.v3.RateLimitPerRoute', limit);
  checkPerFilterConfig({ [RATE_LIMIT_FILTER]: packed }, root.field('config'), violations);
  return violations
    .list()
    .map(({ path, message }) => `${path.slice(`config["${RATE_LIMIT_FILTER}"]`.length)}: ${message}`);
}

const rate = (unit: 'MINUTE' | 'UNKNOWN') => ({
  extension: { typed_config: pack('heddle.v1.RequestRate', { requests_per_unit: 5, unit }) },
});

describe('checkRateLimitFilter', () => {
  it('takes what a sidecar can follow', () => {
    expect(faultsOf(good)).toEqual([]);
  });

  it.each<[string, RateLimit, string]>([
    ['no domain', { ...good, domain: '' }, '.domain: is required'],
    ['no time', { ...good, timeout: {} }, '.timeout: must be at least 1 ms, and is 0 ms'],
    ['nobody to ask', { domain: 'heddle' }, '.rate_limit_service: is required'],
    [
      'an older protocol',
      { ...good, rate_limit_service: { ...good.rate_limit_service, transport_api_version: 'V2' } },
      '.rate_limit_service.transport_api_version: must be V3',
    ],
    [
      'no cluster',
      { ...good, rate_limit_service: { transport_api_version: 'V3', grpc_service: { envoy_grpc: {} } } },
      '.rate_limit_service.grpc_service.envoy_grpc.cluster_name: is required',
    ],
    [
      'an authority that would end its line',
      {
        ...good,
        rate_limit_service: {
          transport_api_version: 'V3',
          grpc_service: { envoy_grpc: { cluster_name: 'counting', authority: 'a\r\nx: y' } },
        },
      },
      '.rate_limit_service.grpc_service.envoy_grpc.authority: is not an authority',
    ],
  ])('refuses %s', (_what, limit, fault) => {
    expect(faultsOf(limit)).toEqual([fault]);
  });
});

describe('the rate limits of a route', () => {
  it('may carry a rate', () => {
    const actions = [{ generic_key: { descriptor_value: '0' } }, rate('MINUTE')];
    expect(faultsOfRoute({ rate_limits: [{ actions }] })).toEqual([]);
  });

  it.each<[string, PerRoute, string]>([
    ['nothing', { rate_limits: [{}] }, '.rate_limits[0].actions: is empty'],
    [
      'a rate without a unit',
      { rate_limits: [{ actions: [rate('UNKNOWN')] }] },
      '.rate_limits[0].actions[0].extension.typed_config.unit: must be one of SECOND, MINUTE, HOUR, DAY, MONTH, YEAR',
    ],
    ['too many', { rate_limits: Array(1025).fill({ actions: [rate('MINUTE')] }) }, '.rate_limits: has more than 1024'],
  ])('refuses %s', (_what, limit, fault) => {
    expect(faultsOfRoute(limit)).toEqual([fault]);
  });
});
