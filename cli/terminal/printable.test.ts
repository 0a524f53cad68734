import { expect, it } from 'vitest';
import { printable } from './printable.ts';

it.each([
  ['señor 猫', 'señor 猫'],
  ['a\nReady   True', 'a Ready   True'],
  ['\x1b[2J\x1b]0;x\x07', ' [2J ]0;x '],
  ['\x9b31m\u202etxt', ' 31m txt'],
])('of %j leaves %j', (text, left) => {
  expect(printable(text)).toBe(left);
});
