import type { HashKey } from './hash-key.ts';

/**
 * XXH64 of a text of bytes (each character stands for one byte, as header values do here), written into `into`.
 *
 * In 32-bit halves and without an allocation: a WebAssembly module would give a BigInt for every request, and must be waited
 * for before the first one. `seed` is below 2^32.
 *
 * Source: "xxHash fast digest algorithm", XXH64 (github.com/Cyan4973/xxHash, doc/xxhash_spec.md). Envoy `HashUtil::xxHash64`.
 * Hot path: bench/balance/pick.ts.
 */
export function xxh64(text: string, into: HashKey, seed = 0): void {
  const { length } = text;
  let at = 0;
  if (length >= 32) {
    at = stripes(text, seed);
  } else {
    high = prime5High;
    low = prime5Low;
    add(0, seed);
  }
  add(0, length);
  for (; at + 8 <= length; at += 8) lane(text, at);
  if (at + 4 <= length) {
    multiplyValue(0, word(text, at), prime1High, prime1Low);
    xorIntoHash();
    rotateLeft(23);
    multiply(prime2High, prime2Low);
    add(prime3High, prime3Low);
    at += 4;
  }
  for (; at < length; at++) {
    multiplyValue(0, text.charCodeAt(at) & 0xff, prime5High, prime5Low);
    xorIntoHash();
    rotateLeft(11);
    multiply(prime1High, prime1Low);
  }
  avalanche();
  into.high = high >>> 0;
  into.low = low >>> 0;
}

/** All numbers here are signed 32-bit ones, which V8 keeps without a box. */
const prime1High = 0x9e3779b1 | 0;
const prime1Low = 0x85ebca87 | 0;
const prime2High = 0xc2b2ae3d | 0;
const prime2Low = 0x27d4eb4f | 0;
const prime3High = 0x165667b1 | 0;
const prime3Low = 0x9e3779f9 | 0;
const prime4High = 0x85ebca77 | 0;
const prime4Low = 0xc2b2ae63 | 0;
const prime5High = 0x27d4eb2f | 0;
const prime5Low = 0x165667c5 | 0;

/** The hash as it grows, and the last product: registers of the functions below, which never call out of this file. */
let high = 0;
let low = 0;
let productHigh = 0;
let productLow = 0;

const accumulatorHigh = new Int32Array(4);
const accumulatorLow = new Int32Array(4);

/** Whole stripes of 32 bytes through four accumulators, which are then merged; says where the rest begins. */
function stripes(text: string, seed: number): number {
  start(0, prime1High, prime1Low, seed, prime2High, prime2Low);
  start(1, prime2High, prime2Low, seed, 0, 0);
  start(2, 0, 0, seed, 0, 0);
  high = 0;
  low = seed | 0;
  // minus prime 1, as two's complement
  add(~prime1High, ~prime1Low);
  add(0, 1);
  keep(3);
  let at = 0;
  for (; at + 32 <= text.length; at += 32) {
    for (let i = 0; i < 4; i++) {
      load(i);
      round(word(text, at + 8 * i + 4), word(text, at + 8 * i));
      keep(i);
    }
  }
  let mergedHigh = 0;
  let mergedLow = 0;
  for (let i = 0; i < 4; i++) {
    load(i);
    rotateLeft(rotations[i] as number); // as long as the accumulators
    add(mergedHigh, mergedLow);
    mergedHigh = high;
    mergedLow = low;
  }
  for (let i = 0; i < 4; i++) {
    high = 0;
    low = 0;
    round(accumulatorHigh[i] as number, accumulatorLow[i] as number);
    high ^= mergedHigh;
    low ^= mergedLow;
    multiply(prime1High, prime1Low);
    add(prime4High, prime4Low);
    mergedHigh = high;
    mergedLow = low;
  }
  return at;
}

const rotations = [1, 7, 12, 18] as const;

function start(index: number, aHigh: number, aLow: number, seed: number, bHigh: number, bLow: number): void {
  high = aHigh;
  low = aLow;
  add(0, seed);
  add(bHigh, bLow);
  keep(index);
}

function load(index: number): void {
  high = accumulatorHigh[index] as number;
  low = accumulatorLow[index] as number;
}

function keep(index: number): void {
  accumulatorHigh[index] = high;
  accumulatorLow[index] = low;
}

/** `hash = rotl(hash + lane * prime2, 31) * prime1`. */
function round(laneHigh: number, laneLow: number): void {
  multiplyValue(laneHigh, laneLow, prime2High, prime2Low);
  add(productHigh, productLow);
  rotateLeft(31);
  multiply(prime1High, prime1Low);
}

function lane(text: string, at: number): void {
  const savedHigh = high;
  const savedLow = low;
  high = 0;
  low = 0;
  round(word(text, at + 4), word(text, at));
  high ^= savedHigh;
  low ^= savedLow;
  rotateLeft(27);
  multiply(prime1High, prime1Low);
  add(prime4High, prime4Low);
}

function avalanche(): void {
  low ^= high >>> 1; // 33 bits to the right
  multiply(prime2High, prime2Low);
  low ^= (high << 3) | (low >>> 29);
  high ^= high >>> 29;
  multiply(prime3High, prime3Low);
  low ^= high; // 32 bits to the right
}

/** Four bytes, little endian. */
function word(text: string, at: number): number {
  return (
    (text.charCodeAt(at) & 0xff) |
    ((text.charCodeAt(at + 1) & 0xff) << 8) |
    ((text.charCodeAt(at + 2) & 0xff) << 16) |
    (text.charCodeAt(at + 3) << 24)
  );
}

function add(addHigh: number, addLow: number): void {
  const sum = (low >>> 0) + (addLow >>> 0);
  high = (high + addHigh + (sum > 0xffffffff ? 1 : 0)) | 0;
  low = sum | 0;
}

function xorIntoHash(): void {
  high ^= productHigh;
  low ^= productLow;
}

/** By 1 to 31 bits. */
function rotateLeft(bits: number): void {
  const oldHigh = high;
  high = (oldHigh << bits) | (low >>> (32 - bits));
  low = (low << bits) | (oldHigh >>> (32 - bits));
}

function multiply(byHigh: number, byLow: number): void {
  multiplyValue(high, low, byHigh, byLow);
  high = productHigh;
  low = productLow;
}

/** The lower 64 bits of a product. */
function multiplyValue(aHigh: number, aLow: number, bHigh: number, bLow: number): void {
  const a0 = aLow & 0xffff;
  const a1 = aLow >>> 16;
  const b0 = bLow & 0xffff;
  const b1 = bLow >>> 16;
  const low0 = a0 * b0;
  const middle = a1 * b0 + (low0 >>> 16);
  const other = a0 * b1 + (middle & 0xffff);
  const carry = a1 * b1 + Math.floor(middle / 65_536) + Math.floor(other / 65_536);
  productHigh = (carry + Math.imul(aHigh, bLow) + Math.imul(aLow, bHigh)) | 0;
  productLow = Math.imul(aLow, bLow);
}
