import { describe, expect, it } from 'vitest';
import { cookieValue, setCookieLine } from './cookie.ts';

describe('cookieValue', () => {
  it.each<[block: string, value: string | null]>([
    ['host: a\r\ncookie: user=7\r\n', '7'],
    ['Cookie: a=1; user=7; b=2\r\n', '7'],
    ['cookie: a=1\r\ncookie: user=7\r\n', '7'],
    ['cookie: user="7"\r\n', '7'],
    ['cookie: user=a=b\r\n', 'a=b'],
    ['cookie: user=\r\n', ''],
    ['cookie: user=1; user=2\r\n', '1'],
    ['cookie: xuser=7; users=7; user\r\n', null],
    ['x-cookie: user=7\r\n', null],
    ['cookie: \r\n', null],
    ['', null],
  ])('of %j is %j', (block, value) => {
    expect(cookieValue(block, 'user')).toBe(value);
  });
});

describe('setCookieLine', () => {
  it('says how long it lasts, where, and what else there is', () => {
    const attributes = [
      ['SameSite', 'Lax'],
      ['Secure', ''],
    ] as const;
    expect(setCookieLine({ name: 'user', maxAgeSeconds: 60, path: '/a', attributes }, 'x')).toBe(
      'set-cookie: user=x; Max-Age=60; Path=/a; SameSite=Lax; Secure; HttpOnly\r\n',
    );
    expect(setCookieLine({ name: 'user', maxAgeSeconds: 0, path: '', attributes: [] }, 'x')).toBe(
      'set-cookie: user=x; HttpOnly\r\n',
    );
  });
});
