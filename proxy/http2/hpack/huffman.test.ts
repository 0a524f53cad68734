import { Buffer } from 'node:buffer';
import { connect } from 'node:http2';
import { Duplex } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { HpackDecoder } from './hpack-decoder.ts';
import { decodeHuffman } from './huffman.ts';

/** Payload of the first HEADERS frame that Node's HTTP/2 client sends for these headers (RFC 9113 section 4.1). */
function encodedByNode(headers: Record<string, string>): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    let received = Buffer.alloc(0);
    const wire = new Duplex({
      read() {},
      write(chunk: Buffer, _encoding, done) {
        received = Buffer.concat([received, chunk]);
        for (let at = 24; at + 9 <= received.length; ) {
          const end = at + 9 + received.readUIntBE(at, 3);
          if (received[at + 3] === 1 && end <= received.length) {
            resolve(received.subarray(at + 9 + (((received[at + 4] as number) & 0x20) === 0 ? 0 : 5), end));
            client.destroy();
          }
          at = end;
        }
        done();
      },
    });
    const client = connect('http://a', { createConnection: () => wire });
    client.on('error', reject);
    client.request(headers).on('error', () => {}); // cut off on purpose
  });
}

describe('decodeHuffman', () => {
  it('reads what nghttp2 writes, every octet that a value can hold', async () => {
    const octets = Array.from({ length: 256 }, (_, code) => code).filter((code) => code > 32 && code !== 127);
    // among short codes, so that the whole is shorter than the plain text, and is sent in Huffman code
    const values = octets.map((code) => `${'a'.repeat(40)}${String.fromCharCode(code)} e`);
    const headers = Object.fromEntries(values.map((value, index) => [`x-${index}`, value]));
    const bytes = await encodedByNode({ ':path': '/', ...headers });
    expect(bytes.length).toBeLessThan(values.join('').length);
    const list = new HpackDecoder().decode(bytes, 0, bytes.length, { maxHeadBytes: 1 << 20, maxHeaders: 300 });
    if (typeof list === 'string') throw new Error(list);
    const received = list.fields.slice(0, list.count).filter((field) => field.name.startsWith('x-'));
    expect(received.map((field) => field.value)).toEqual(values);
  });

  it('ends only where padding is all ones and shorter than eight bits (RFC 7541 section 5.2)', () => {
    const target = Buffer.alloc(8);
    const decode = (hex: string): number => decodeHuffman(Buffer.from(hex, 'hex'), 0, hex.length / 2, target, 0);
    expect(decode('')).toBe(0);
    expect(decode('1f')).toBe(1); // a, and three ones
    expect(decode('1e')).toBe(-1);
    expect(decode('f8')).toBe(1); // &, no padding
    expect(decode('f8ff')).toBe(-1);
    expect(decode('ffffffff')).toBe(-1); // EOS
    expect(decode('fffffffc')).toBe(-1);
  });
});
