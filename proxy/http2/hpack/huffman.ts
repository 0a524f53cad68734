/**
 * The Huffman code of HPACK (RFC 7541 section 5.2 and appendix B).
 *
 * The code is canonical: codes of one length are consecutive in the order of their symbols, and a longer length goes on
 * where the shorter one ended. So the lengths below are the whole code, 256 octets and EOS.
 */
const codeLengths: readonly number[] = [
  13, 23, 28, 28, 28, 28, 28, 28, 28, 24, 30, 28, 28, 30, 28, 28, 28, 28, 28, 28, 28, 28, 30, 28, 28, 28, 28, 28, 28,
  28, 28, 28, 6, 10, 10, 12, 13, 6, 8, 11, 10, 10, 8, 11, 8, 6, 6, 6, 5, 5, 5, 6, 6, 6, 6, 6, 6, 6, 7, 8, 15, 6, 12, 10,
  13, 6, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 8, 7, 8, 13, 19, 13, 14, 6, 15, 5, 6, 5, 6,
  5, 6, 6, 6, 5, 7, 7, 6, 6, 6, 5, 6, 7, 6, 5, 5, 6, 7, 7, 7, 7, 7, 15, 11, 14, 13, 28, 20, 22, 20, 20, 22, 22, 22, 23,
  22, 23, 23, 23, 23, 23, 24, 23, 24, 24, 22, 23, 24, 23, 23, 23, 23, 21, 22, 23, 22, 23, 23, 24, 22, 21, 20, 22, 22,
  23, 23, 21, 23, 22, 22, 24, 21, 22, 23, 23, 21, 21, 22, 21, 23, 22, 23, 23, 20, 22, 22, 22, 23, 22, 22, 23, 26, 26,
  20, 19, 22, 23, 22, 25, 26, 26, 26, 27, 27, 26, 24, 25, 19, 21, 26, 27, 27, 26, 27, 24, 21, 21, 26, 26, 28, 27, 27,
  27, 20, 24, 20, 21, 22, 21, 21, 23, 22, 22, 25, 25, 24, 24, 26, 23, 26, 27, 26, 26, 27, 27, 27, 27, 27, 28, 27, 27,
  27, 27, 27, 26, 30,
];

const EOS = 256;
/** An entry of `steps`: next state in the low byte, the symbol above it, then these two. */
const EMITS = 1 << 16;
const FAILS = 1 << 17;

/** Sixteen steps, one per half octet, for each of the 256 inner nodes of the code's tree; node 0 is the root. */
const steps = new Int32Array(256 * 16);
/** 1 for nodes at which a string may end: at most seven bits from the root, all of them ones. */
const canEnd = new Uint8Array(256);
buildTables();

/**
 * Decodes `source[start, end)` to `target` from `at` on, and returns the offset behind the last octet written; -1 when
 * the string holds EOS, or its padding is longer than seven bits or not all ones.
 *
 * An octet takes at least five bits, so `target` needs room for 8/5 of the source.
 */
export function decodeHuffman(source: Uint8Array, start: number, end: number, target: Uint8Array, at: number): number {
  let state = 0;
  let to = at;
  for (let from = start; from < end; from++) {
    const octet = source[from] as number;
    let step = steps[(state << 4) | (octet >> 4)] as number;
    if (step >= EMITS) {
      if (step >= FAILS) return -1;
      target[to++] = step >> 8;
    }
    step = steps[((step & 255) << 4) | (octet & 15)] as number;
    if (step >= EMITS) {
      if (step >= FAILS) return -1;
      target[to++] = step >> 8;
    }
    state = step & 255;
  }
  return canEnd[state] === 1 ? to : -1;
}

function buildTables(): void {
  // children of inner nodes: a number from 0 is an inner node, below it the symbol `-1 - child`
  const children: [number, number][] = [[0, 0]];
  for (let symbol = 0, codes = canonicalCodes(); symbol <= EOS; symbol++) {
    const length = codeLengths[symbol] as number;
    let node = 0;
    for (let bit = length - 1; bit > 0; bit--) {
      const pair = children[node] as [number, number];
      const side = ((codes[symbol] as number) >>> bit) & 1;
      if (pair[side] === 0) pair[side] = children.push([0, 0]) - 1;
      node = pair[side] as number;
    }
    (children[node] as [number, number])[(codes[symbol] as number) & 1] = -1 - symbol;
  }
  for (let node = 0; node < children.length; node++) {
    for (let half = 0; half < 16; half++) steps[(node << 4) | half] = walk(children, node, half);
  }
  for (let node = 0, depth = 0; depth < 8; depth++) {
    canEnd[node] = 1;
    node = (children[node] as [number, number])[1];
  }
}

/** Where four bits lead: no code is shorter than five, so they emit one symbol at most. */
function walk(children: readonly [number, number][], from: number, half: number): number {
  let node = from;
  let emitted = 0;
  for (let bit = 3; bit >= 0; bit--) {
    const child = (children[node] as [number, number])[(half >> bit) & 1] as number;
    if (child === -1 - EOS) return FAILS;
    if (child < 0) emitted = EMITS | ((-1 - child) << 8);
    node = Math.max(child, 0);
  }
  return emitted | node;
}

function canonicalCodes(): number[] {
  const codes = new Array<number>(EOS + 1).fill(0);
  let code = 0;
  for (let length = 5; length <= 30; length++) {
    for (let symbol = 0; symbol <= EOS; symbol++) {
      if (codeLengths[symbol] === length) codes[symbol] = code++;
    }
    code *= 2;
  }
  return codes;
}
