import { describe, expect, it } from 'vitest';
import { RequestHead } from '../message-head.ts';
import { applyHeadRules } from './head-rules.ts';
import { defaultHttpSettings } from './http-settings.ts';

function headOf(path: string, block = 'host: cart\r\n', method = 'GET'): RequestHead {
  return Object.assign(new RequestHead(), { method, path, block });
}

describe('applyHeadRules', () => {
  it('puts the normal form of the path in its place', () => {
    const head = headOf('/public/%2e%2e/admin?x=/../');
    expect(applyHeadRules(head, defaultHttpSettings)).toBeNull();
    expect(head.path).toBe('/admin?x=/../');
  });

  it('refuses a path with a hidden slash where the mesh says so', () => {
    const pathNormalization = { normalizePath: true, mergeSlashes: true, escapedSlashes: 'reject' as const };
    expect(applyHeadRules(headOf('/a%2Fb'), { ...defaultHttpSettings, pathNormalization })).toBe('pathRefused');
  });

  it('leaves paths alone where the mesh says so, and what CONNECT names', () => {
    const head = headOf('/a/../b');
    applyHeadRules(head, { ...defaultHttpSettings, pathNormalization: null });
    expect(head.path).toBe('/a/../b');
    const connect = headOf('cart:80', '', 'CONNECT');
    applyHeadRules(connect, defaultHttpSettings);
    expect(connect.path).toBe('cart:80');
  });

  const block = 'host: cart\r\nx-a: under_score\r\nX_Forwarded_For: 1.2.3.4\r\nb_: \r\nc: d\r\n';

  it.each([
    ['allow', block, null],
    ['drop', 'host: cart\r\nx-a: under_score\r\nc: d\r\n', null],
    ['reject', block, 'underscoreRefused'],
  ] as const)('with underscores in names set to %s', (headersWithUnderscores, kept, refusal) => {
    const head = headOf('/', block);
    expect(applyHeadRules(head, { ...defaultHttpSettings, headersWithUnderscores })).toBe(refusal);
    expect(head.block).toBe(kept);
  });

  it('takes an underscore in a value for what it is', () => {
    const head = headOf('/', 'host: cart\r\ncookie: a_b=c\r\n');
    expect(applyHeadRules(head, { ...defaultHttpSettings, headersWithUnderscores: 'reject' })).toBeNull();
  });
});
