import { describe, expect, it } from 'vitest';
import { pack } from '../../proto/any.ts';
import { CORS_FILTER } from '../../proto/extension-names.ts';
import type { Input } from '../../proto/load.ts';
import type { FilterVerdict } from '../filter/request-filter.ts';
import { RequestHead } from '../message-head.ts';
import { decoded } from '../testing/decoded.ts';
import { compileCors } from './compile-cors.ts';

const origins = { allow_origin_string_match: [{ exact: 'https://shop.example' }, { suffix: '.shop.example' }] };
const preflight = 'access-control-request-method: PUT\r\n';

/** What the filter of a route says of a request from `origin`. */
function verdict(
  policy: Input<'envoy.extensions.filters.http.cors.v3.CorsPolicy'> | null,
  origin: string,
  block = '',
): FilterVerdict | undefined {
  const route = decoded('envoy.config.route.v3.Route', {
    typed_per_filter_config:
      policy === null ? {} : { [CORS_FILTER]: pack('envoy.extensions.filters.http.cors.v3.CorsPolicy', policy) },
  });
  const head = Object.assign(new RequestHead(), {
    method: block === '' ? 'GET' : 'OPTIONS',
    block: `origin: ${origin}\r\n${block}`,
  });
  return compileCors(route)?.onRequest({ head, peer: { principal: '', address: '' } });
}

const linesOf = (said: FilterVerdict | undefined) => (said?.kind === 'reply' ? said.lines.split('\r\n') : null);

describe('compileCors', () => {
  it('is nothing where the route says nothing of other origins', () => {
    expect(verdict(null, 'https://shop.example')).toBeUndefined();
  });

  it('reads every text that a preflight is told', () => {
    const policy = {
      ...origins,
      allow_methods: 'GET, PUT',
      allow_headers: 'x-cart',
      max_age: '600',
      allow_credentials: { value: true },
    };
    expect(linesOf(verdict(policy, 'https://a.shop.example', preflight))).toEqual([
      'access-control-allow-origin: https://a.shop.example',
      'access-control-allow-credentials: true',
      'access-control-allow-methods: GET, PUT',
      'access-control-allow-headers: x-cart',
      'access-control-max-age: 600',
      'vary: origin',
      '',
    ]);
  });

  it('lets pages see what is exposed to them, and no credentials where nothing is said of these', () => {
    const said = verdict({ ...origins, expose_headers: 'x-total' }, 'https://shop.example');
    expect(said?.kind === 'edit' && said.edit.apply('')).toBe(
      'access-control-allow-origin: https://shop.example\r\naccess-control-expose-headers: x-total\r\nvary: origin\r\n',
    );
  });

  it('leaves preflights of others to the application, unless it is told to answer them', () => {
    expect(verdict(origins, 'https://evil.example', preflight)).toBeNull();
    const answered = { ...origins, forward_not_matching_preflights: { value: false } };
    expect(linesOf(verdict(answered, 'https://evil.example', preflight))).toEqual(['vary: origin', '']);
  });
});
