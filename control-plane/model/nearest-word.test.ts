import { describe, expect, it } from 'vitest';
import { nearestWord } from './nearest-word.ts';

describe('nearestWord', () => {
  const fields = ['weight', 'name', 'port', 'namespace', 'kind', 'group', 'matches', 'retry'];

  it.each([
    ['wieght', 'weight'],
    ['Weight', 'weight'],
    ['weigth', 'weight'],
    ['nam', 'name'],
    ['match', 'matches'],
    ['weights', 'weight'],
    ['retries', 'retry'],
    ['namespaec', 'namespace'],
  ])('finds what %s was meant to be', (word, meant) => {
    expect(nearestWord(word, fields)).toBe(meant);
  });

  it.each(['timeout', 'x', 'zzzz', ''])('keeps silent about %j, which is like none of them', (word) => {
    expect(nearestWord(word, fields)).toBeNull();
  });

  it('prefers the first of two that are equally near', () => {
    expect(nearestWord('cart-v3', ['cart-v1', 'cart-v2'])).toBe('cart-v1');
  });

  it('does not compare words that no field can be', () => {
    expect(nearestWord('a'.repeat(65), ['a'.repeat(64)])).toBeNull();
  });
});
