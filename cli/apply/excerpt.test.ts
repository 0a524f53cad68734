import { describe, expect, it } from 'vitest';
import { excerpt } from './excerpt.ts';

describe('excerpt', () => {
  it('shows the line and points at the place', () => {
    expect(excerpt('rules:\n  - wieght: 10\n', 2, 5)).toEqual(['   2 |   - wieght: 10', '     |     ^']);
  });

  it('keeps the caret in its place after tabs, and takes control characters out', () => {
    expect(excerpt('\ta\u001b[31m: 1', 1, 2)).toEqual(['   1 |  a [31m: 1', '     |  ^']);
  });

  it('cuts a long line around the place', () => {
    const [line = '', caret = ''] = excerpt(`${'x'.repeat(500)}!${'y'.repeat(500)}`, 1, 501);
    expect(line.length).toBeLessThan(130);
    expect(line[caret.indexOf('^')]).toBe('!');
  });

  it('shows nothing for a place that the text does not have', () => {
    expect(excerpt('one line', 7, 1)).toEqual([]);
  });
});
