import { describe, expect, it } from 'vitest';
import { hopsLine, hopsOf } from './hops.ts';

describe('hopsOf', () => {
  it.each([
    ['3', 3],
    ['999', 999],
    ['', 0],
    ['-1', 0],
    ['1e9', 0],
    ['1000', 0],
  ])('reads %o', (value, hops) => {
    expect(hopsOf(value)).toBe(hops);
  });
});

describe('hopsLine', () => {
  const here = { address: '127.0.0.1', isMeshed: false };
  const begun = { hops: 0, requestId: 'a' };

  it('begins where a request that has an id may come to a port of another sidecar', () => {
    expect(hopsLine(begun, here, true)).toBe('x-heddle-hops: 1\r\n');
    expect(hopsLine(begun, { address: '::1', isMeshed: false }, true)).toBe('x-heddle-hops: 1\r\n');
  });

  it.each<[string, string]>([
    ['of a request that comes from an application', hopsLine({ hops: 0, requestId: '' }, here, true)],
    ['to the application of this sidecar', hopsLine(begun, here, false)],
    ['to another host', hopsLine(begun, { address: '192.0.2.1', isMeshed: false }, true)],
    ['to an inbound port of another sidecar', hopsLine(begun, { address: '127.0.0.1', isMeshed: true }, true)],
  ])('says nothing %s', (_name, line) => {
    expect(line).toBe('');
  });

  it('counts on wherever the request goes', () => {
    for (const isMeshed of [true, false]) {
      expect(hopsLine({ hops: 2, requestId: 'a' }, { address: '192.0.2.1', isMeshed }, isMeshed)).toBe(
        'x-heddle-hops: 3\r\n',
      );
    }
  });
});
