import { Buffer } from 'node:buffer';
import { randomFillSync } from 'node:crypto';

/** Ids that are made at once: some ten microseconds, and 9 kB of text that they are cut from. */
const batchSize = 256;
const idBytes = 16;
const idLength = 36;

const random = Buffer.allocUnsafeSlow(batchSize * idBytes);
const written = Buffer.allocUnsafeSlow(batchSize * idLength);
let text = '';
let at = 0;

/**
 * A random UUID, version 4 (RFC 9562 section 5.4), for `x-request-id`. The same as `crypto.randomUUID` at a quarter of its
 * price: a request pays for it, and for the garbage that it leaves.
 *
 * Hot loop: bench/message/request-id.ts.
 */
export function newRequestId(): string {
  if (at === text.length) {
    writeBatch();
    at = 0;
  }
  const id = text.substring(at, at + idLength);
  at += idLength;
  return id;
}

function writeBatch(): void {
  randomFillSync(random);
  for (let id = 0; id < batchSize; id++) writeId(id * idBytes, id * idLength);
  text = written.toString('latin1');
}

/**
 * A function of its own although it has one caller: a loop over all bytes of a batch is long enough for V8 to optimise it
 * while it runs for the first time, knowing nothing of what comes after it, and to throw that away at the end of every batch.
 */
function writeId(from: number, place: number): void {
  random[from + 6] = ((random[from + 6] ?? 0) & 0x0f) | 0x40;
  random[from + 8] = ((random[from + 8] ?? 0) & 0x3f) | 0x80;
  let to = place;
  for (let byte = 0; byte < idBytes; byte++) {
    const value = random[from + byte] ?? 0;
    if (byte === 4 || byte === 6 || byte === 8 || byte === 10) written[to++] = 0x2d;
    written[to++] = digits[value >> 4] ?? 0;
    written[to++] = digits[value & 15] ?? 0;
  }
}

const digits = Buffer.from('0123456789abcdef', 'latin1');
