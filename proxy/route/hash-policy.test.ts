import { describe, expect, it } from 'vitest';
import { HashKey } from '../balance/hash-key.ts';
import { xxh64 } from '../balance/xxh64.ts';
import { RequestHead } from '../message-head.ts';
import type { HashRule } from './hash-policy.ts';
import { HashPolicies, RequestAffinity } from './hash-policy.ts';

function hashOf(...texts: string[]): HashKey {
  const joined = new HashKey();
  for (const text of texts) {
    const part = new HashKey();
    xxh64(text, part);
    joined.join(part);
  }
  return joined;
}

function ask(rules: HashRule[], request: Partial<RequestHead>, random = () => 0.5) {
  const affinity = new RequestAffinity();
  const key = new HashPolicies(rules, random).keyOf(Object.assign(new RequestHead(), request), '10.0.0.9', affinity);
  return { key, answerLines: affinity.answerLines };
}

const header: HashRule = { kind: 'header', name: 'x-user', terminal: false };
const query: HashRule = { kind: 'query', name: 'user', terminal: false };
const cookie: HashRule = { kind: 'cookie', name: 'user', made: null, terminal: false };

describe('HashPolicies', () => {
  it.each<[string, HashRule, Partial<RequestHead>, string | null]>([
    ['a header', header, { block: 'X-User: ada\r\n' }, 'ada'],
    ['a header that came twice', header, { block: 'x-user: a\r\nx-user: b\r\n' }, 'a, b'],
    ['no header', header, { block: 'x-users: ada\r\n' }, null],
    ['the path', { kind: 'header', name: ':path', terminal: false }, { path: '/a?b' }, '/a?b'],
    ['a parameter', query, { path: '/a?x=1&user=ada' }, 'ada'],
    ['no query', query, { path: '/user=ada' }, null],
    ['a cookie', cookie, { block: 'cookie: a=b; user=ada\r\n' }, 'ada'],
    ['no cookie', cookie, { block: 'cookie: a=b\r\n' }, null],
    ['an empty cookie', cookie, { block: 'cookie: user=\r\n' }, null],
    ['the address', { kind: 'source-ip', terminal: false }, {}, '10.0.0.9'],
  ])('goes by %s', (_what, rule, request, text) => {
    expect(ask([rule], request).key).toEqual(text === null ? null : hashOf(text));
  });

  it('joins what it finds, in order', () => {
    const request = { path: '/?user=eve', block: 'x-user: ada\r\n' };
    expect(ask([header, query], request).key).toEqual(hashOf('ada', 'eve'));
    expect(ask([query, header], request).key).toEqual(hashOf('eve', 'ada'));
  });

  it('stops behind a rule that is terminal once it has found something', () => {
    const terminal = { ...header, terminal: true };
    expect(ask([terminal, query], { path: '/?user=eve', block: 'x-user: ada\r\n' }).key).toEqual(hashOf('ada'));
    expect(ask([terminal, query], { path: '/?user=eve' }).key).toEqual(hashOf('eve'));
  });

  it('gives a client without the cookie one, and balances this request by it already', () => {
    const made = { name: 'user', maxAgeSeconds: 3600, path: '/', attributes: [] };
    const { key, answerLines } = ask([{ ...cookie, made }], {});
    expect(key).toEqual(hashOf('8000000080000000'));
    expect(answerLines).toBe('set-cookie: user=8000000080000000; Max-Age=3600; Path=/; HttpOnly\r\n');
    expect(ask([{ ...cookie, made }], { block: 'cookie: user=8000000080000000\r\n' })).toEqual({
      key: hashOf('8000000080000000'),
      answerLines: '',
    });
  });
});
