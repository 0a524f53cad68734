import { Buffer } from 'node:buffer';
import { randomFillSync } from 'node:crypto';

/** Ids that are made at once: a few microseconds, and 9 kB of text that they are cut from. */
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
  let to = 0;
  for (let byte = 0; byte < random.length; byte++) {
    const place = byte % idBytes;
    let value = random[byte] ?? 0;
    if (place === 6) value = (value & 0x0f) | 0x40;
    else if (place === 8) value = (value & 0x3f) | 0x80;
    if (place === 4 || place === 6 || place === 8 || place === 10) written[to++] = 0x2d;
    written[to++] = digits[value >> 4] ?? 0;
    written[to++] = digits[value & 15] ?? 0;
  }
  text = written.toString('latin1');
}

const digits = Buffer.from('0123456789abcdef', 'latin1');
