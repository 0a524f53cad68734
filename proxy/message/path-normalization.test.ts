import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { PathNormalization } from './path-normalization.ts';
import { basePathNormalization, normalizePath } from './path-normalization.ts';

const none: PathNormalization = { normalizePath: false, mergeSlashes: false, escapedSlashes: 'keep' };
const base = basePathNormalization;
const merge: PathNormalization = { ...base, mergeSlashes: true };
const decode: PathNormalization = { ...merge, escapedSlashes: 'unescape' };
const reject: PathNormalization = { ...base, escapedSlashes: 'reject' };

const part = fc.constantFrom(
  ...[
    '/',
    '.',
    '..',
    '%2e',
    '%2E',
    '%2f',
    '%5c',
    '\\',
    'a',
    'admin',
    '%41',
    ';x=y',
    '%',
    '2',
    'e',
    'F',
    '%32',
    '%65',
    '%46',
  ],
);
const options = fc.constantFrom(base, merge, decode);

describe('normalizePath', () => {
  it.each([
    ['/a/b?c=/../d', base, '/a/b?c=/../d'],
    ['/a/../admin', base, '/admin'],
    ['/a/./b', base, '/a/b'],
    ['/a/b/..', base, '/a/'],
    ['/a/b/.', base, '/a/b/'],
    ['/../../x', base, '/x'],
    ['/..', base, '/'],
    ['/a/..x/...', base, '/a/..x/...'],
    ['/a/%2e%2E/admin', base, '/admin'],
    ['/%61dmin', base, '/admin'],
    ['/a%7Eb%2Dc', base, '/a~b-c'],
    ['/a%20b%3Bc', base, '/a%20b%3Bc'],
    ['/a%252e%252e/b', base, '/a%252e%252e/b'],
    ['/a\\..\\admin', base, '/admin'],
    ['//admin', base, '//admin'],
    ['/a//../b', base, '/a/b'],
    ['/a%2fb', base, '/a%2fb'],
    ['/a%2', base, '/a%2'],
    ['/x/%%32%65%%32%65/admin', base, '/x/%%32e%%32e/admin'],
    ['/x/%2%65%2%65/admin', base, '/x/%2%65%2%65/admin'],
    ['/%%%36%31%41%42', base, '/%%%361AB'],
    ['*', base, '*'],
    ['//admin', merge, '/admin'],
    ['/a///b//?x=//', merge, '/a/b/?x=//'],
    ['/a%2fb', merge, '/a%2fb'],
    ['/a%2fb%5Cc%5c%2F', decode, '/a/b/c/'],
    ['/a%2f..%2fadmin', decode, '/admin'],
    ['/x?a=%2f', decode, '/x?a=%2f'],
    ['/a/../b', none, '/a/../b'],
    ['/x?a=%2f', reject, '/x?a=%2f'],
    ['/a%2fb', reject, null],
    ['/a%5Cb', reject, null],
  ] as const)('reads %s as it is meant', (path, options, expected) => {
    expect(normalizePath(path, options)).toBe(expected);
  });

  it('leaves no dot segment and, where they are merged, no repeated slash', () => {
    fc.assert(
      fc.property(fc.array(part, { maxLength: 12 }), options, (parts, chosen) => {
        const once = normalizePath(`/${parts.join('')}`, chosen) as string;
        expect(once).not.toMatch(/\/\.\.?(?:\/|$)/);
        expect(once.startsWith('/')).toBe(true);
        if (chosen !== base) expect(once).not.toContain('//');
      }),
    );
  });

  it('has nothing to do a second time: sidecars in a row see the same path', () => {
    fc.assert(
      fc.property(fc.array(part, { maxLength: 12 }), options, (parts, chosen) => {
        const once = normalizePath(`/${parts.join('')}`, chosen) as string;
        expect(normalizePath(once, chosen)).toBe(once);
      }),
      { numRuns: 2000 },
    );
  });
});
