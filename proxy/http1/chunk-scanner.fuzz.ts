import { Buffer } from 'node:buffer';
import { ChunkStripper } from '../message/chunk-stripper.ts';
import type { FuzzTarget } from '../testing/fuzz/fuzz-target.ts';
import { ChunkScanner } from './chunk-scanner.ts';

/** The same verdict wherever the bytes are cut, and one that a second, simple-minded reader agrees with. */
export const chunkScannerTarget: FuzzTarget = {
  name: 'http1-chunk-scanner',
  seeds: [
    '0\r\n\r\n',
    '5\r\nhello\r\n0\r\n\r\n',
    'a;x=y\r\n0123456789\r\n1\r\n-\r\n0\r\nX-Checksum: 1\r\n\r\nGET / HTTP/1.1\r\n',
    '00000001;q="a b"\r\na\r\n000\r\n\r\n',
    `10;${'x'.repeat(1000)}\r\n0123456789abcdef\r\n0\r\n\r\n`,
  ],
  tokens: [
    '0\r\n\r\n',
    '1\r\na\r\n',
    '0x',
    '\r\n',
    '\n',
    '\r',
    ';',
    ';a=b',
    'ffffffff\r\n',
    'Host: a\r\n',
    'X-A: 1\r\n',
  ],
  run(bytes) {
    const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    const whole = scan(buffer, buffer.length);
    for (const size of [1, 2, 3, 7, 1000]) {
      const inPieces = scan(buffer, size);
      if (inPieces !== whole) throw new Error(`${whole} at once, ${inPieces} in pieces of ${size}`);
    }
    if (typeof whole === 'string') return whole;
    const data = readSimply(buffer.toString('latin1', 0, whole));
    if (data === null) throw new Error('another reader refuses it');
    const stripper = new ChunkStripper();
    const stripped = stripper.strip(buffer.subarray(0, whole)).toString('latin1');
    if (stripped !== data) throw new Error(`data ${JSON.stringify(data)}, stripped ${JSON.stringify(stripped)}`);
    return `complete ${Math.min(4, data.length)}`;
  },
};

/** Offset behind the body, or why there is none. */
function scan(buffer: Buffer, size: number): number | string {
  const scanner = new ChunkScanner();
  for (let from = 0; from < buffer.length; from += size) {
    const end = scanner.scan(buffer, from, Math.min(buffer.length, from + size));
    if (scanner.fault !== null) return scanner.fault;
    if (end >= 0) return end;
  }
  return 'unfinished';
}

/** RFC 9112 section 7.1 with string operations, on a body that is said to be whole. */
function readSimply(text: string): string | null {
  let rest = text;
  let data = '';
  for (;;) {
    const [line = '', digits = ''] = /^([0-9a-fA-F]+)(?:;[^\r\n]*)?\r\n/.exec(rest) ?? [];
    if (line === '') return null;
    const size = Number.parseInt(digits, 16);
    rest = rest.slice(line.length);
    if (size === 0) return /^(?:[^:\r\n]+:[^\r\n]*\r\n)*\r\n$/.test(rest) ? data : null;
    data += rest.slice(0, size);
    if (rest.slice(size, size + 2) !== '\r\n') return null;
    rest = rest.slice(size + 2);
  }
}
