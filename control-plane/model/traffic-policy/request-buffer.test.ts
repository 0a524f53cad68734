import { describe, expect, it } from 'vitest';
import { quantityBytes } from './request-buffer.ts';

describe('quantityBytes', () => {
  it.each([
    ['1Mi', 1_048_576],
    ['500Ki', 512_000],
    ['2M', 2_000_000],
    ['1.5Ki', 1536],
    ['3k', 3000],
    ['1024', 1024],
    [1024, 1024],
    ['4294967295', 4_294_967_295],
  ])('reads %s', (written, bytes) => {
    expect(quantityBytes(written)).toBe(bytes);
  });

  it.each(['0', 0, '0.5', '1.3Ki', '4Gi', '4294967296', '1e3', '1 Mi', '1MB', '1mi', '-1', '', '1Ti', '100m'])(
    'takes %j for no number of bytes that there may be',
    (written) => {
      expect(quantityBytes(written)).toBeNull();
    },
  );
});
