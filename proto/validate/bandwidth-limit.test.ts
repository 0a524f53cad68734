import { describe, expect, it } from 'vitest';
import { pack } from '../any.ts';
import { BANDWIDTH_LIMIT_REQUEST_FILTER, BANDWIDTH_LIMIT_RESPONSE_FILTER } from '../extension-names.ts';
import type { Input } from '../load.ts';
import { root, Violations } from '../violation.ts';
import { checkPerFilterConfig } from './per-filter-config.ts';

type Limit = Input<'envoy.extensions.filters.http.bandwidth_limit.v3.BandwidthLimit'>;

function faultsOf(limit: Limit, name = BANDWIDTH_LIMIT_REQUEST_FILTER): string[] {
  const violations = new Violations();
  const packed = pack('envoy.extensions.filters.http.bandwidth_limit.v3.BandwidthLimit', limit);
  checkPerFilterConfig({ [name]: packed }, root, violations);
  return violations.list().map(({ path, message }) => `${path.slice(`["${name}"]`.length)}: ${message}`);
}

const sound: Limit = { stat_prefix: 'http', enable_mode: 'REQUEST', limit_kbps: { value: 1 } };

describe('checkBandwidthLimit', () => {
  it.each<[string, Limit]>([
    ['a limit', sound],
    ['the shortest interval', { ...sound, fill_interval: { nanos: 20_000_000 } }],
    ['the longest interval', { ...sound, fill_interval: { seconds: 1 } }],
    ['trailers', { ...sound, enable_response_trailers: true, response_trailer_prefix: 'x-cart' }],
  ])('takes %s', (_what, limit) => {
    expect(faultsOf(limit)).toEqual([]);
  });

  it('takes for each of the two filters its own direction', () => {
    expect(faultsOf({ ...sound, enable_mode: 'RESPONSE' }, BANDWIDTH_LIMIT_RESPONSE_FILTER)).toEqual([]);
    expect(faultsOf(sound, BANDWIDTH_LIMIT_RESPONSE_FILTER)).toEqual([
      '.enable_mode: must be RESPONSE, and is REQUEST',
    ]);
  });

  it.each<[string, Limit, string]>([
    ['a filter that is off', { ...sound, enable_mode: 'DISABLED' }, '.enable_mode: must be REQUEST, and is DISABLED'],
    [
      'one bucket for both directions',
      { ...sound, enable_mode: 'REQUEST_AND_RESPONSE' },
      '.enable_mode: must be REQUEST, and is REQUEST_AND_RESPONSE',
    ],
    ['no limit', { stat_prefix: 'http', enable_mode: 'REQUEST' }, '.limit_kbps: is required'],
    [
      'a limit of nothing',
      { ...sound, limit_kbps: { value: 0 } },
      '.limit_kbps: must be between 1 and 4294967296, and is 0',
    ],
    [
      'a short interval',
      { ...sound, fill_interval: { nanos: 19_000_000 } },
      '.fill_interval: must be at least 20 ms, and is 19 ms',
    ],
    [
      'a long interval',
      { ...sound, fill_interval: { seconds: 1, nanos: 1 } },
      '.fill_interval: must be at most 1000 ms',
    ],
    [
      'a prefix that is none',
      { ...sound, response_trailer_prefix: 'a b' },
      '.response_trailer_prefix: is no beginning of a header name',
    ],
  ])('refuses %s', (_what, limit, message) => {
    expect(faultsOf(limit)).toEqual([message]);
  });
});
