import { describe, expect, it } from 'vitest';
import { isAuthority } from './authority.ts';

describe('isAuthority', () => {
  it.each([
    ['a', true],
    ['a.b:80', true],
    ['[2001:db8::1]:8080', true],
    ['a_b', true],
    ['a:', false],
    ['a:0', false],
    ['a:65536', false],
    ['a,b', false],
    ['%61', false],
    ['[::1', false],
    ['[ad.beef]', false],
    ['[10.0.0.1]', false],
    ['[1:2]', false],
  ])('says of %s: %s', (text, isOne) => {
    expect(isAuthority(text)).toBe(isOne);
  });
});
