import { describe, expect, it } from 'vitest';
import { pack } from '../any.ts';
import { FAULT_FILTER } from '../extension-names.ts';
import type { Input } from '../load.ts';
import { root, Violations } from '../violation.ts';
import { checkPerFilterConfig } from './per-filter-config.ts';

type Fault = Input<'envoy.extensions.filters.http.fault.v3.HTTPFault'>;

function faultsOf(fault: Fault): string[] {
  const violations = new Violations();
  const packed = pack('envoy.extensions.filters.http.fault.v3.HTTPFault', fault);
  checkPerFilterConfig({ [FAULT_FILTER]: packed }, root.field('config'), violations);
  return violations.list().map(({ path, message }) => `${path.slice(`config["${FAULT_FILTER}"]`.length)}: ${message}`);
}

const half = { numerator: 50, denominator: 'HUNDRED' as const };

describe('checkPerFilterConfig', () => {
  it.each<[string, Fault]>([
    ['a fixed delay', { delay: { fixed_delay: { seconds: 1 }, percentage: half } }],
    ['a delay by header', { delay: { header_delay: {} } }],
    ['an abort', { abort: { http_status: 599, percentage: { numerator: 1_000_000, denominator: 'MILLION' } } }],
    ['a slow answer', { response_rate_limit: { fixed_limit: { limit_kbps: 2 ** 32 }, percentage: half } }],
    ['a slow answer by header', { response_rate_limit: { header_limit: {} } }],
    ['a gRPC abort of some requests', { abort: { grpc_status: 16 }, headers: [{ name: 'x-test' }] }],
  ])('takes %s', (_what, fault) => {
    expect(faultsOf(fault)).toEqual([]);
  });

  it.each<[string, Fault, string]>([
    ['nothing', {}, ': needs delay, abort or response_rate_limit'],
    [
      'a slow answer without a rate',
      { response_rate_limit: {} },
      '.response_rate_limit: needs fixed_limit or header_limit',
    ],
    [
      'an answer that never comes',
      { response_rate_limit: { fixed_limit: {} } },
      '.response_rate_limit.fixed_limit.limit_kbps: must be between 1 and 4294967296, and is 0',
    ],
    [
      'a rate that is no whole number of bytes any more',
      { response_rate_limit: { fixed_limit: { limit_kbps: 2 ** 32 + 1 } } },
      '.response_rate_limit.fixed_limit.limit_kbps: must be between 1 and 4294967296, and is 4294967297',
    ],
    [
      'more than all answers',
      { response_rate_limit: { header_limit: {}, percentage: { numerator: 101 } } },
      '.response_rate_limit.percentage.numerator: is more than 100',
    ],
    ['a delay without a time', { delay: {} }, '.delay: needs fixed_delay or header_delay'],
    ['a delay of nothing', { delay: { fixed_delay: {} } }, '.delay.fixed_delay: must be at least 1 ms, and is 0 ms'],
    ['an abort without a status', { abort: {} }, '.abort: needs http_status, grpc_status or header_abort'],
    ['status 600', { abort: { http_status: 600 } }, '.abort.http_status: must be between 200 and 599, and is 600'],
    ['gRPC status 17', { abort: { grpc_status: 17 } }, '.abort.grpc_status: must be between 0 and 16, and is 17'],
    [
      'more than all',
      { abort: { http_status: 500, percentage: { numerator: 101 } } },
      '.abort.percentage.numerator: is more than 100',
    ],
    [
      'a share of something unknown',
      { abort: { http_status: 500, percentage: { denominator: 9 as never } } },
      '.abort.percentage.denominator: is unknown',
    ],
    [
      'a header without a name',
      { delay: { header_delay: {} }, headers: [{}] },
      '.headers[0].name: is not a header name: ""',
    ],
  ])('refuses %s', (_what, fault, message) => {
    expect(faultsOf(fault)).toContain(message);
  });

  it('refuses filters that the sidecar does not have, and other things under the name of one', () => {
    const violations = new Violations();
    const router = pack('envoy.extensions.filters.http.router.v3.Router', {});
    checkPerFilterConfig(
      { 'envoy.filters.http.lua': router, [FAULT_FILTER]: router },
      root.field('config'),
      violations,
    );
    expect(violations.list().map(({ message }) => message)).toEqual([
      'is no filter of the sidecar: it has envoy.filters.http.adaptive_concurrency, envoy.filters.http.admission_control, envoy.filters.http.bandwidth_limit/request, envoy.filters.http.bandwidth_limit/response, envoy.filters.http.buffer, envoy.filters.http.cors, envoy.filters.http.fault, envoy.filters.http.local_ratelimit, envoy.filters.http.ratelimit and envoy.filters.http.stateful_session',
      'is a envoy.extensions.filters.http.router.v3.Router, and must be envoy.extensions.filters.http.fault.v3.HTTPFault',
    ]);
  });
});
