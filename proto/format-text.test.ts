import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { formatOf, textOf } from './format-text.ts';

describe('formats without commands', () => {
  it('stand for the text that they were made of', () => {
    const text = fc.string({ unit: fc.constantFrom('%', 'A', '(', ')', '\u0000', ' ') });
    fc.assert(fc.property(text, (written) => textOf(formatOf(written)) === written));
  });

  it.each([
    ['', ''],
    ['100%%', '100%'],
    ['%%START_TIME%%', '%START_TIME%'],
    ['%%%%', '%%'],
  ])('%j stands for %j', (format, text) => expect(textOf(format)).toBe(text));

  it.each(['%START_TIME%', '%REQ(x)%', '100%', '%%%', '%AB%20', '%%REQ(x)%'])(
    '%j stands for no text of its own',
    (format) => expect(textOf(format)).toBeNull(),
  );
});
