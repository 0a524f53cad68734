import { Buffer } from 'node:buffer';
import type { Readable, Writable } from 'node:stream';

const lineFeed = 10;
/** A line that is longer than this is passed on in pieces. */
const maxPieceBytes = 1_048_576;

/**
 * Passes whole lines on, so that lines of several sources do not mix on one target. A target that takes no more holds up
 * its sources, each of which has a bounded buffer of its own.
 */
export function relayLines(from: Readable, to: Writable): void {
  let rest: Buffer[] = [];
  let restBytes = 0;
  const write = (bytes: Buffer) => {
    if (bytes.length === 0 || to.write(bytes)) return;
    from.pause();
    to.once('drain', () => from.resume());
  };
  const flush = (last: Buffer) => {
    const whole = rest.length === 0 ? last : Buffer.concat([...rest, last]);
    rest = [];
    restBytes = 0;
    write(whole);
  };
  from.on('data', (chunk: Buffer) => {
    const end = chunk.lastIndexOf(lineFeed) + 1;
    if (end > 0) flush(chunk.subarray(0, end));
    if (end === chunk.length) return;
    rest.push(chunk.subarray(end));
    restBytes += chunk.length - end;
    if (restBytes > maxPieceBytes) flush(Buffer.alloc(0));
  });
  from.on('end', () => flush(Buffer.alloc(0)));
  from.on('error', () => {}); // the worker is gone; what it wrote has been read
}
