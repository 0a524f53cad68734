import { Buffer } from 'node:buffer';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { defaultFieldLimits } from './field-list.ts';
import { HpackDecoder } from './hpack-decoder.ts';
import { HpackEncoder, maxEncodedSize } from './hpack-encoder.ts';

const out = Buffer.alloc(1 << 17);

/** An encoder and the decoder at the other end of its wire. */
class Wire {
  readonly encoder = new HpackEncoder();
  readonly decoder = new HpackDecoder();

  /** Sends a block of lines; returns the wire's bytes in hex. */
  bytes(block: string, before?: (encoder: HpackEncoder) => void): string {
    this.encoder.begin(out, 7);
    before?.(this.encoder);
    this.encoder.block(block);
    const end = this.encoder.end();
    const list = this.decoder.decode(out, 7, end, { maxHeadBytes: 1 << 20, maxHeaders: 1000 });
    if (typeof list === 'string') throw new Error(list);
    this.#received = list.fields.slice(0, list.count).map((field) => `${field.name}: ${field.value}`);
    return out.toString('hex', 7, end);
  }

  /** Sends a block and returns what arrives. */
  send(block: string, before?: (encoder: HpackEncoder) => void): string[] {
    this.bytes(block, before);
    return this.#received;
  }

  #received: string[] = [];
}

describe('HpackEncoder', () => {
  it('lowers names, trims values, and leaves out what belongs to an HTTP/1 connection (RFC 9113 section 8.2.2)', () => {
    const block =
      'Host: a\r\nConnection: close, X-A\r\nKEEP-ALIVE: 1\r\nProxy-Connection: x\r\nTransfer-Encoding: chunked\r\n' +
      'Upgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAAP__\r\nTE: gzip\r\nX-A:\t 1 \r\nAccept:*/*\r\nEmpty:\r\n';
    const wire = new Wire();
    for (let i = 0; i < 3; i++) expect(wire.send(block)).toEqual(['x-a: 1', 'accept: */*', 'empty: ']);
  });

  it('indexes a line that comes a second time', () => {
    const wire = new Wire();
    const sizes = [1, 2, 3, 4].map(() => wire.bytes('user-agent: curl/8.0\r\nx-version: v2\r\n').length / 2);
    expect(sizes).toEqual([25, 24, 2, 2]);
  });

  it.each([
    ['authorization', 'Basic YTpi', 0x1f],
    ['proxy-authorization', 'Basic YTpi', 0x1f],
    ['set-cookie', 'a=b; Secure', 0x1f],
    ['cookie', 'pin=1234', 0x1f],
    ['date', 'Mon, 21 Oct 2013 20:13:21 GMT', 0x0f],
    ['content-length', '12', 0x0f],
  ])('never indexes %s: %s', (name, value, first) => {
    const wire = new Wire();
    for (let i = 0; i < 3; i++) expect(parseInt(wire.bytes(`${name}: ${value}\r\n`).slice(0, 2), 16)).toBe(first);
  });

  it('never indexes what some peer has sent as never to be indexed (RFC 7541 section 6.2.3)', () => {
    const wire = new Wire();
    const line = 'x-api-key: 12345678\r\n';
    for (let i = 0; i < 3; i++) wire.bytes(line);
    expect(wire.bytes(line)).toBe('be');
    const sensitive = Buffer.from('1009782d6170692d6b65790161', 'hex');
    new HpackDecoder().decode(sensitive, 0, sensitive.length, defaultFieldLimits);
    for (let i = 0; i < 3; i++) expect(wire.bytes(line)).toBe('1f2f083132333435363738');
    for (let i = 0; i < 3; i++) expect(new Wire().bytes('X-API-Key: a\r\n')).toBe('1009782d6170692d6b65790161');
  });

  it('indexes the name alone of what is another value each time', () => {
    const wire = new Wire();
    expect(wire.bytes('x-request-id: aaaa\r\n')).toMatch(/^400c/);
    expect(wire.bytes('x-request-id: bbbb\r\n')).toBe('0f2f0462626262');
    expect(wire.bytes('X-Request-Id: bbbb\r\n')).toBe('0f2f0462626262');
  });

  it('indexes a cookie that is too long to be guessed', () => {
    const wire = new Wire();
    const line = `cookie: session=${'x'.repeat(40)}\r\n`;
    wire.bytes(line);
    wire.bytes(line);
    expect(wire.bytes(line)).toBe('be');
  });

  it('uses the static table for pseudo-header fields', () => {
    const pseudo = (encoder: HpackEncoder): void => {
      encoder.requestPseudo('GET', 'https', '/', '', 'host: a\r\n');
    };
    expect(new Wire().bytes('', pseudo)).toBe('828784010161');
    expect(new Wire().bytes('accept-encoding: gzip, deflate\r\n', (encoder) => encoder.status(404))).toBe('8d90');
  });

  it('repeats a request as indexes alone', () => {
    const wire = new Wire();
    const pseudo = (encoder: HpackEncoder): void => {
      encoder.requestPseudo('PUT', 'http', '/cart.Cart/Get', '', 'host: cart\r\n');
    };
    const fields = [':method: PUT', ':scheme: http', ':path: /cart.Cart/Get', ':authority: cart', 'a: b'];
    expect(wire.send('a: b\r\n', pseudo)).toEqual(fields);
    expect(wire.send('a: b\r\n', pseudo)).toEqual(fields);
    expect(wire.bytes('a: b\r\n', pseudo)).toBe('c186c0bfbe');
  });

  it('says te: trailers where the content is gRPC', () => {
    const wire = new Wire();
    for (let i = 0; i < 3; i++) {
      expect(
        wire.send('', (encoder) => encoder.requestBlock('Content-Type: application/grpc+proto\r\nte: x\r\n')),
      ).toEqual(['content-type: application/grpc+proto', 'te: trailers']);
      expect(wire.send('', (encoder) => encoder.requestBlock('content-type: application/grpc-web\r\n'))).toEqual([
        'content-type: application/grpc-web',
      ]);
    }
  });

  it('announces a smaller table, and the smallest it has been (RFC 7541 section 4.2)', () => {
    const wire = new Wire();
    wire.bytes('a: b\r\n');
    wire.bytes('a: b\r\n');
    wire.encoder.setMaxTableSize(65_536);
    expect(wire.bytes('a: b\r\n')).toBe('be');
    wire.encoder.setMaxTableSize(0);
    wire.encoder.setMaxTableSize(100);
    expect(wire.bytes('a: b\r\n')).toMatch(/^203f45/);
    expect(wire.decoder.tableSize).toBe(34);
    wire.encoder.setMaxTableSize(0);
    expect(wire.bytes('a: b\r\n')).toBe('200001610162');
    expect(wire.send('a: b\r\n')).toEqual(['a: b']);
  });

  it('encodes a block like the one before it from a template, whatever its volatile values are', () => {
    const wire = new Wire();
    const block = (id: string, length: string): string =>
      `accept: */*\r\nX-Request-Id: ${id}\r\nauthorization: Basic YTpi\r\ncontent-length: ${length}\r\nuser-agent: a\r\n`;
    for (let i = 0; i < 4; i++) wire.bytes(block('one', '1'));
    for (const [id, length] of [
      ['two', '22'],
      ['x'.repeat(300), '3'],
      ['', '4'],
      [' spaced ', '5'],
    ] as const) {
      const lines = ['accept: */*', `x-request-id: ${id.trim()}`, 'authorization: Basic YTpi'];
      expect(wire.send(block(id, length))).toEqual([...lines, `content-length: ${length}`, 'user-agent: a']);
    }
    expect(wire.send(`${block('two', '22')}b: c\r\n`)).toHaveLength(6);
    expect(wire.send(block('two', '22').slice(0, -15))).toHaveLength(4);
  });

  it('does not let more fields than have room evict each other in turns', () => {
    const wire = new Wire();
    const lines = Array.from({ length: 60 }, (_, index) => `x-${index}: ${'v'.repeat(80)}\r\n`);
    for (let i = 0; i < 3; i++) wire.bytes(lines.join(''));
    expect(wire.bytes(lines.join(''))).toBe(wire.bytes(lines.join('')));
  });

  it('delivers what it was given, in order, in a table of any size, within the bound that it names', () => {
    const name = fc.stringMatching(/^[a-z0-9-]{1,12}$/).map((text) => `n-${text}`);
    const value = fc.stringMatching(/^(?:[!-~\x80-\xff][ -~\x80-\xff]{0,30}[!-~])?$/);
    const volatileLine = fc.constantFrom(
      'x-request-id: 1',
      'date: x',
      'authorization: b',
      'cookie: a=b',
      'accept: */*',
    );
    const line = fc.oneof(
      fc.tuple(name, value).map(([n, v]) => `${n}: ${v}`),
      fc.constantFrom('a: b', 'c: d', 'e: f', 'accept-encoding: gzip, deflate'),
      fc.tuple(name, fc.integer({ min: 100, max: 3000 })).map(([n, length]) => `${n}: ${'y'.repeat(length)}`),
      volatileLine,
    );
    const step = fc.record({
      lines: fc.array(line, { maxLength: 8 }),
      tableSize: fc.option(fc.integer({ min: 0, max: 5000 }), { freq: 5 }),
      path: fc.constantFrom('/', '/a', '/b', '/c?d=e'),
    });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 12 }), (steps) => {
        const wire = new Wire();
        const pseudo = [':method: GET', ':scheme: http'];
        for (const { lines, tableSize, path } of steps) {
          if (tableSize !== null) wire.encoder.setMaxTableSize(tableSize);
          const block = lines.map((text) => `${text}\r\n`).join('');
          const size =
            wire.bytes(block, (encoder) => encoder.requestPseudo('GET', 'http', path, '', 'host: a\r\n')).length / 2;
          expect(size).toBeLessThanOrEqual(maxEncodedSize(block.length + path.length + 1));
          expect(wire.send(block, (encoder) => encoder.requestPseudo('GET', 'http', path, '', 'host: a\r\n'))).toEqual([
            ...pseudo,
            `:path: ${path}`,
            ':authority: a',
            ...lines,
          ]);
        }
      }),
    );
  });

  it('stays within the limits of a decoder', () => {
    const wire = new Wire();
    for (let i = 0; i < 300; i++) wire.send(`x-${i}: ${i}\r\n`.repeat(2));
    expect(wire.decoder.tableSize).toBeLessThanOrEqual(4096);
    expect(defaultFieldLimits.maxHeaders).toBe(100);
  });
});
