import { describe, expect, it } from 'vitest';
import { parseStoreAddress } from './store-address.ts';

describe('parseStoreAddress', () => {
  it('reads all of an address', () => {
    expect(parseStoreAddress('memory')).toEqual({ kind: 'memory' });
    expect(parseStoreAddress('redis://cache')).toEqual({
      kind: 'redis',
      redis: { host: 'cache', port: 6379, user: '', password: '', database: 0 },
    });
    expect(parseStoreAddress('redis://me:a%40b@[::1]:7000/2')).toEqual({
      kind: 'redis',
      redis: { host: '::1', port: 7000, user: 'me', password: 'a@b', database: 2 },
    });
  });

  it.each([
    '',
    'disk',
    'redis:',
    'rediss://cache',
    'redis://cache/x',
    'redis://cache?tls=1',
    'redis://cache:70000',
    'redis://:%zz@cache',
  ])('takes %j for none', (text) => {
    expect(parseStoreAddress(text)).toBeNull();
  });
});
