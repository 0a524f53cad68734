import { describe, expect, it } from 'vitest';
import { RequestHead } from '../message-head.ts';
import type { CorsConfig } from './cors-filter.ts';
import { CorsFilter } from './cors-filter.ts';

const config: CorsConfig = {
  origins: [{ matches: (origin) => origin === 'https://shop.example' }],
  allowMethods: 'GET, PUT',
  allowHeaders: 'x-cart',
  exposeHeaders: 'x-total',
  maxAge: '600',
  allowCredentials: false,
  forwardsOtherPreflights: false,
};
const peer = { principal: '', address: '127.0.0.1' };

function ask(fields: Partial<RequestHead>, of: Partial<CorsConfig> = {}) {
  const head = Object.assign(new RequestHead(), { method: 'GET', path: '/', ...fields });
  return new CorsFilter({ ...config, ...of }).onRequest({ head, peer });
}

const origin = 'Origin: https://shop.example\r\n';
const preflight = {
  method: 'OPTIONS',
  block: `${origin}Access-Control-Request-Method: PUT\r\nAccess-Control-Request-Headers: x-cart, x-other\r\n`,
};

describe('CorsFilter', () => {
  it('leaves requests alone that no page of another origin sends', () => {
    expect(ask({ block: 'host: cart\r\n' })).toBeNull();
    expect(ask({ block: 'origin: https://other.example\r\n' })).toBeNull();
  });

  it('answers a preflight with what the page may', () => {
    expect(ask(preflight)).toEqual({
      kind: 'reply',
      status: 200,
      lines:
        'access-control-allow-origin: https://shop.example\r\naccess-control-allow-methods: GET, PUT\r\n' +
        'access-control-allow-headers: x-cart\r\naccess-control-max-age: 600\r\nvary: origin\r\n',
    });
  });

  it('repeats what is asked for where everything is allowed with credentials, since * means nothing there', () => {
    const everything = { allowMethods: '*', allowHeaders: '*', allowCredentials: true };
    expect(ask(preflight, everything)).toMatchObject({
      lines:
        'access-control-allow-origin: https://shop.example\r\naccess-control-allow-credentials: true\r\n' +
        'access-control-allow-methods: PUT\r\naccess-control-allow-headers: x-cart, x-other\r\n' +
        'access-control-max-age: 600\r\nvary: origin\r\n',
    });
    expect(ask(preflight, { ...everything, allowCredentials: false })).toMatchObject({
      lines: expect.stringContaining('access-control-allow-methods: *\r\naccess-control-allow-headers: *\r\n'),
    });
  });

  it('answers the preflight of another origin without a permission, or leaves it to the application', () => {
    const other = { ...preflight, block: preflight.block.replace('shop', 'other') };
    expect(ask(other)).toEqual({ kind: 'reply', status: 200, lines: 'vary: origin\r\n' });
    expect(ask(other, { forwardsOtherPreflights: true })).toBeNull();
  });

  it('takes OPTIONS that asks for no method for a request like others', () => {
    expect(ask({ method: 'OPTIONS', block: origin })).toMatchObject({ kind: 'edit' });
  });

  it("says what the page may see in place of what the application says, and adds to the application's vary", () => {
    const verdict = ask({ block: origin }, { allowCredentials: true });
    if (verdict?.kind !== 'edit') throw new Error('no edit');
    const answer =
      'Access-Control-Allow-Origin: *\r\nx-total: 3\r\naccess-control-allow-origin: b\r\nvary: accept\r\n' +
      'Access-Control-Expose-Headers: x-secret\r\n';
    expect(verdict.edit.apply(answer)).toBe(
      'x-total: 3\r\nvary: accept\r\naccess-control-allow-origin: https://shop.example\r\n' +
        'access-control-allow-credentials: true\r\naccess-control-expose-headers: x-total\r\nvary: origin\r\n',
    );
  });
});
