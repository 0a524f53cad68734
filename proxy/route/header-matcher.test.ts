import { describe, expect, it } from 'vitest';
import { RequestHead } from '../message-head.ts';
import type { HeaderCondition } from './header-matcher.ts';
import { HeaderMatcher } from './header-matcher.ts';
import { StringMatcher } from './string-matcher.ts';

function headWith(block: string): RequestHead {
  return Object.assign(new RequestHead(), { method: 'POST', path: '/a?b=c', authority: 'cart:80', block });
}

const exactly = (value: string): HeaderCondition => ({ kind: 'string', matcher: new StringMatcher('exact', value) });
const present: HeaderCondition = { kind: 'present' };
const absent: HeaderCondition = { kind: 'absent' };
const twenties: HeaderCondition = { kind: 'range', start: 20, end: 30 };

describe('HeaderMatcher', () => {
  it.each<[string, HeaderCondition, string, boolean]>([
    ['version', exactly('two'), 'Version: two\r\n', true],
    ['Version', exactly('two'), 'vErSiOn:two\r\n', true],
    ['version', exactly('two'), 'version: Two\r\n', false],
    ['version', exactly('two'), 'x-version: two\r\n', false],
    ['version', exactly('two'), 'a: version: two\r\n', false],
    ['version', exactly(''), 'version:\r\n', true],
    ['version', exactly(''), '', false],
    ['version', exactly('one, two'), 'version: one\r\na: b\r\nVersion: two\r\n', true],
    ['version', exactly('one'), 'version: one\r\nversion: two\r\n', false],
    ['version', exactly('two'), 'version: one\r\nversion: two\r\n', false],
    ['version', present, 'version:\r\n', true],
    ['version', present, 'a: b\r\n', false],
    ['version', absent, 'a: b\r\n', true],
    ['version', absent, 'version:\r\n', false],
    ['version', twenties, 'version: 20\r\n', true],
    ['version', twenties, 'version: 30\r\n', false],
    ['version', twenties, 'version: 25x\r\n', false],
    ['version', twenties, 'version: 0x16\r\n', false],
    ['version', twenties, '', false],
    [':method', exactly('POST'), '', true],
    [':method', exactly('GET'), '', false],
    [':path', exactly('/a?b=c'), '', true],
    [':authority', exactly('cart:80'), '', true],
    ['host', exactly('cart:80'), 'Host: CART:80\r\n', true],
    [':scheme', exactly('http'), '', true],
  ])('on %s with %o, given %j, says %s', (name, condition, block, expected) => {
    expect(new HeaderMatcher(name, condition).matches(headWith(block))).toBe(expected);
  });

  it.each<[HeaderCondition, string, boolean]>([
    [exactly('two'), 'version: one\r\n', true],
    [exactly('two'), 'version: two\r\n', false],
    [present, 'version: one\r\n', false],
    [present, '', true],
    [absent, '', false],
    [absent, 'version: one\r\n', true],
    [twenties, 'version: 7\r\n', true],
    [exactly('two'), '', false],
    [twenties, '', false],
  ])('turned round, with %o, given %j, says %s', (condition, block, expected) => {
    expect(new HeaderMatcher('version', condition, true).matches(headWith(block))).toBe(expected);
  });

  it('takes a missing header for an empty one when asked to', () => {
    expect(new HeaderMatcher('version', exactly(''), false, true).matches(headWith(''))).toBe(true);
    expect(new HeaderMatcher('version', exactly('two'), true, true).matches(headWith(''))).toBe(true);
    expect(new HeaderMatcher('version', present, false, true).matches(headWith(''))).toBe(false);
  });
});
