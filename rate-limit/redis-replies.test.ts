import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { RedisReplies, redisCommand } from './redis-replies.ts';

describe('RedisReplies', () => {
  it('reads the same replies however the bytes are cut', () => {
    const bytes = Buffer.from('+OK\r\n:42\r\n-ERR no\r\n:-1\r\n');
    fc.assert(
      fc.property(fc.array(fc.nat(bytes.length)), (cuts) => {
        const replies = new RedisReplies();
        const places = [0, ...cuts.sort((a, b) => a - b), bytes.length];
        const read = places.slice(1).flatMap((to, index) => replies.read(bytes.subarray(places[index], to)));
        expect(read).toEqual([
          { kind: 'text', text: 'OK' },
          { kind: 'number', value: 42 },
          { kind: 'error', text: 'ERR no' },
          { kind: 'number', value: -1 },
        ]);
      }),
    );
  });

  it.each(['$3\r\nabc\r\n', '*1\r\n', ':x\r\n', ':99999999999999999999\r\n', '\r\n', 'HTTP/1.1 400 \r\n'])(
    'refuses %j',
    (text) => {
      expect(() => new RedisReplies().read(Buffer.from(text))).toThrow();
    },
  );

  it('has a bound for a reply without an end', () => {
    const replies = new RedisReplies();
    expect(() => replies.read(Buffer.from(`:${'1'.repeat(70_000)}`))).toThrow('without an end');
  });
});

describe('redisCommand', () => {
  it('counts bytes and not letters', () => {
    expect(redisCommand('INCRBY', 'ü\r\n', '1')).toBe('*3\r\n$6\r\nINCRBY\r\n$4\r\nü\r\n\r\n$1\r\n1\r\n');
  });
});
