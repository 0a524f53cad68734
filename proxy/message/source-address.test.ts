import { describe, expect, it } from 'vitest';
import { ipOf, sourceOf } from './source-address.ts';

describe('ipOf', () => {
  it.each([
    ['10.0.0.1:4711', '10.0.0.1'],
    ['2001:db8::1:4711', '2001:db8::1'],
    ['::1:4711', '::1'],
    ['::ffff:10.0.0.1:4711', '10.0.0.1'],
    ['::ffff:a00:1:4711', '::ffff:a00:1'],
    [':0', ''],
    ['', ''],
  ])('of %s is %s', (address, ip) => {
    expect(ipOf(address)).toBe(ip);
  });
});

describe('sourceOf', () => {
  it.each([
    ['10.0.0.1:4711', '10.0.0.1'],
    ['127.0.0.1:4711', 'web-1'],
    ['::ffff:127.0.0.1:4711', 'web-1'],
    ['127.8.8.8:1', 'web-1'],
    ['::1:4711', 'web-1'],
    ['2001:db8::1:4711', '2001:db8::1'],
  ])('of %s is %s', (address, source) => {
    expect(sourceOf(address, 'web-1')).toBe(source);
  });
});
