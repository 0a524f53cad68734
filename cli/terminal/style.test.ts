import { PassThrough } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { styleFor } from './style.ts';

describe('styleFor', () => {
  it('has no colours for what is no terminal', () => {
    expect(styleFor(new PassThrough()).paint('bad', 'down')).toBe('down');
  });

  it.each([
    [{ LANG: 'en_US.UTF-8' }, '√'],
    [{ LANG: 'de_DE.utf8' }, '√'],
    [{}, '√'],
    [{ LANG: 'C' }, '+'],
    [{ LC_ALL: 'POSIX', LANG: 'en_US.UTF-8' }, '+'],
  ])('chooses glyphs by the locale %j: %s', (environment, glyph) => {
    expect(styleFor(new PassThrough(), environment).good).toBe(glyph);
  });
});
