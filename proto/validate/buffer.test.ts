import { describe, expect, it } from 'vitest';
import { pack } from '../any.ts';
import { BUFFER_FILTER } from '../extension-names.ts';
import type { Input } from '../load.ts';
import { root, Violations } from '../violation.ts';
import { checkPerFilterConfig } from './per-filter-config.ts';

type PerRoute = Input<'envoy.extensions.filters.http.buffer.v3.BufferPerRoute'>;

function faultsOf(perRoute: PerRoute): string[] {
  const violations = new Violations();
  const packed = pack('envoy.extensions.filters.http.buffer.v3.BufferPerRoute', perRoute);
  checkPerFilterConfig({ [BUFFER_FILTER]: packed }, root, violations);
  return violations.list().map(({ path, message }) => `${path.slice(`["${BUFFER_FILTER}"]`.length)}: ${message}`);
}

describe('checkBuffer', () => {
  it.each<[string, PerRoute]>([
    ['a limit', { buffer: { max_request_bytes: { value: 1 } } }],
    ['none', { disabled: true }],
  ])('takes %s', (_what, perRoute) => {
    expect(faultsOf(perRoute)).toEqual([]);
  });

  it.each<[string, PerRoute, string]>([
    ['nothing', {}, ': must have disabled, as true, or buffer'],
    ['what is not disabled', { disabled: false }, ': must have disabled, as true, or buffer'],
    ['a limit of nothing', { buffer: {} }, '.buffer.max_request_bytes: is required'],
    [
      'a limit of 0',
      { buffer: { max_request_bytes: { value: 0 } } },
      '.buffer.max_request_bytes: must be between 1 and 4294967295, and is 0',
    ],
  ])('refuses %s', (_what, perRoute, message) => {
    expect(faultsOf(perRoute)).toEqual([message]);
  });
});
