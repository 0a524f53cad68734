import { Buffer } from 'node:buffer';
import type { SeededRandom } from './seeded-random.ts';

/** Longest input that is made: enough to get past every limit of a message head. */
const MAX_INPUT_BYTES = 131_072;

/** Bytes that parsers decide by. */
const edges = [0, 9, 10, 13, 32, 34, 44, 45, 47, 48, 58, 59, 61, 95, 127, 128, 160, 255];

type Mutation = (input: Buffer, random: SeededRandom, other: Buffer, tokens: readonly Buffer[]) => Buffer;

const mutations: readonly Mutation[] = [
  function flipBit(input, random) {
    const output = Buffer.from(input);
    if (output.length > 0) {
      const at = random.below(output.length);
      output[at] = (output[at] ?? 0) ^ (1 << random.below(8));
    }
    return output;
  },
  function setByte(input, random) {
    const output = Buffer.from(input);
    if (output.length > 0) output[random.below(output.length)] = random.pick(edges);
    return output;
  },
  function insertByte(input, random) {
    return insert(input, random.below(input.length + 1), Buffer.of(random.pick(edges)));
  },
  function insertToken(input, random, _other, tokens) {
    return tokens.length === 0 ? input : insert(input, random.below(input.length + 1), random.pick(tokens));
  },
  function insertTokenAtLine(input, random, _other, tokens) {
    return tokens.length === 0 ? input : insert(input, lineStart(input, random), random.pick(tokens));
  },
  function cut(input, random) {
    const [from, to] = range(input, random);
    return Buffer.concat([input.subarray(0, from), input.subarray(to)]);
  },
  function duplicate(input, random) {
    const [from, to] = range(input, random);
    return insert(input, to, input.subarray(from, to));
  },
  function repeatOften(input, random) {
    const [from, to] = range(input, random);
    const piece = input.subarray(from, Math.min(to, from + 64));
    return insert(input, from, Buffer.concat(Array.from({ length: 1 + random.below(200) }, () => piece)));
  },
  function duplicateLine(input, random) {
    const from = lineStart(input, random);
    const end = input.indexOf(10, from);
    return insert(input, from, input.subarray(from, end < 0 ? input.length : end + 1));
  },
  function splice(input, random, other) {
    return Buffer.concat([
      input.subarray(0, random.below(input.length + 1)),
      other.subarray(random.below(other.length + 1)),
    ]);
  },
  function truncate(input, random) {
    return input.subarray(0, random.below(input.length + 1));
  },
  function changeNumber(input, random) {
    const digits = [...input.toString('latin1').matchAll(/[0-9]+/g)];
    if (digits.length === 0) return input;
    const { 0: old, index } = random.pick(digits);
    const number = random.pick(['0', '1', '00', '-1', '+1', '0x1', `${old}0`, '4294967296', '18446744073709551617']);
    return Buffer.concat([input.subarray(0, index), Buffer.from(number), input.subarray(index + old.length)]);
  },
];

/** One to four changes to `input`; `other` is another input of the corpus, to splice with. */
export function mutate(input: Buffer, random: SeededRandom, other: Buffer, tokens: readonly Buffer[]): Buffer {
  let output = input;
  for (let rounds = 1 + random.below(4); rounds > 0; rounds--) {
    output = random.pick(mutations)(output, random, other, tokens);
  }
  return output.subarray(0, MAX_INPUT_BYTES);
}

function insert(input: Buffer, at: number, piece: Buffer): Buffer {
  return Buffer.concat([input.subarray(0, at), piece, input.subarray(at)]);
}

/** A short range, anywhere. */
function range(input: Buffer, random: SeededRandom): [from: number, to: number] {
  const from = random.below(input.length + 1);
  return [from, Math.min(input.length, from + 1 + random.below(32))];
}

function lineStart(input: Buffer, random: SeededRandom): number {
  return input.lastIndexOf(10, random.below(input.length + 1)) + 1;
}
