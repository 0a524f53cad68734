import { describe, expect, it } from 'vitest';
import { hostAndPort } from './host-and-port.ts';

describe('hostAndPort', () => {
  it.each([
    ['10.0.0.1', '10.0.0.1:80'],
    ['::1', '[::1]:80'],
    ['::ffff:10.0.0.1', '[::ffff:10.0.0.1]:80'],
    ['cart', 'cart:80'],
  ])('writes %s as %s', (host, text) => {
    expect(hostAndPort(host, 80)).toBe(text);
  });
});
