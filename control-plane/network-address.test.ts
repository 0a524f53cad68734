import { isIP } from 'node:net';
import { describe, expect, it } from 'vitest';
import { advertisedHost, localHost } from './network-address.ts';

describe('localHost', () => {
  it.each([
    ['0.0.0.0', '127.0.0.1'],
    ['::', '::1'],
    ['10.0.0.5', '10.0.0.5'],
    ['mesh.example', 'mesh.example'],
  ])('reaches a listener on %s at %s', (host, expected) => {
    expect(localHost(host)).toBe(expected);
  });
});

describe('advertisedHost', () => {
  it('is what we are bound to, or one address of this host when that is all of them', () => {
    expect(advertisedHost('10.0.0.5')).toBe('10.0.0.5');
    expect(isIP(advertisedHost('0.0.0.0'))).toBe(4);
    expect(isIP(advertisedHost('::'))).toBe(6);
  });
});
