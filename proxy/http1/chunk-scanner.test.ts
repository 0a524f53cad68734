import { Buffer } from 'node:buffer';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ChunkStripper } from '../message/chunk-stripper.ts';
import { ChunkScanner } from './chunk-scanner.ts';

/** Offset behind the body, or the fault, whatever the pieces that the bytes arrive in. */
function scan(bytes: Buffer, cuts: readonly number[]): number | string {
  const scanner = new ChunkScanner();
  const ends = [...new Set(cuts.map((cut) => cut % (bytes.length + 1)))].sort((a, b) => a - b);
  let from = 0;
  for (const to of [...ends, bytes.length]) {
    const found = scanner.scan(bytes, from, to);
    if (scanner.fault !== null) return scanner.fault;
    if (found >= 0) return found;
    from = to;
  }
  return 'incomplete';
}

/** What is sent on of a body whose pieces arrive one by one, up to its end or its fault. */
function sentOn(bytes: Buffer, cuts: readonly number[]): string {
  const scanner = new ChunkScanner();
  const ends = [...new Set(cuts.map((cut) => cut % (bytes.length + 1)))].sort((a, b) => a - b);
  let from = 0;
  let sent = '';
  for (const to of [...ends, bytes.length]) {
    const end = scanner.scan(bytes, from, to);
    if (scanner.fault !== null) return sent;
    if (end < 0) sent += bytes.toString('latin1', from, scanner.sendableEnd);
    else return sent + (scanner.keptBack || bytes.toString('latin1', from, end));
    from = to;
  }
  return sent;
}

const chunk = fc
  .tuple(
    fc.uint8Array({ minLength: 1, maxLength: 40 }),
    fc.constantFrom('', ';a', ';a=b', ';q="x y"', ';a;b="";c="\\"\t;=\xe9"'),
    fc.boolean(),
  )
  .map(([data, extension, isUpper]) => {
    const size = data.length.toString(16);
    return Buffer.concat([
      Buffer.from(`${isUpper ? size.toUpperCase() : size}${extension}\r\n`),
      Buffer.from(data),
      Buffer.from('\r\n'),
    ]);
  });
const trailers = fc.constantFrom('', 'x-checksum: 1\r\n', 'a: b\r\nc:\r\n');
const body = fc
  .tuple(fc.array(chunk, { maxLength: 6 }), trailers)
  .map(([chunks, lines]) => Buffer.concat([...chunks, Buffer.from(`0\r\n${lines}\r\n`)]));

describe('ChunkScanner', () => {
  it('finds the end of every well-formed body, however it is cut and whatever follows', () => {
    fc.assert(
      fc.property(body, fc.uint8Array({ maxLength: 20 }), fc.array(fc.nat(), { maxLength: 8 }), (whole, rest, cuts) => {
        expect(scan(Buffer.concat([whole, rest]), cuts)).toBe(whole.length);
      }),
    );
  });

  it('has sent on the same bytes in the end, however they were cut', () => {
    fc.assert(
      fc.property(body, fc.array(fc.nat(), { maxLength: 8 }), (whole, cuts) => {
        expect(sentOn(whole, cuts)).toBe(whole.toString('latin1'));
      }),
    );
  });

  it('sends nothing on of a trailer section that turns out to be malformed', () => {
    const refused = Buffer.from('1\r\na\r\n0\r\nX-Sum: 1\r\nContent-Length: 5\r\n\r\n');
    for (let first = 0; first <= refused.length; first++) {
      for (let second = first; second <= refused.length; second++) {
        expect('1\r\na\r\n0\r\n').toContain(sentOn(refused, [first, second]));
      }
    }
  });

  it.each([
    'X-Heddle-Peer',
    'x_heddle_peer',
    'X-Forwarded-Client-Cert',
    'x_forwarded_client_cert',
    'X-Forwarded-For',
    'x-envoy-original-path',
    'Host',
    'Authorization',
    'Set-Cookie',
    'content_length',
  ])('refuses %s in a trailer', (name) => {
    expect(scan(Buffer.from(`0\r\n${name}: 1\r\n\r\n`), [])).toBe('malformed');
  });

  it('comes to the same verdict on any bytes, however they are cut', () => {
    const bytes = fc.string({ unit: fc.constantFrom('0', '1', 'a', 'F', '\r', '\n', ';', ':', ' ', '\t', '\0', 'g') });
    fc.assert(
      fc.property(bytes, fc.array(fc.nat(), { maxLength: 8 }), (text, cuts) => {
        const buffer = Buffer.from(text, 'latin1');
        expect(scan(buffer, cuts)).toBe(scan(buffer, []));
      }),
    );
  });

  it.each([
    ['an empty size', '\r\n'],
    ['nine digits', '000000001\r\na\r\n'],
    ['a sign', '+1\r\na\r\n'],
    ['a blank before the size', ' 1\r\na\r\n'],
    ['a blank after the size', '1 \r\na\r\n'],
    ['NUL in an extension', '1;\0\r\na\r\n'],
    ['LF in an extension', '1;a\nb\r\na\r\n'],
    ['an extension without a name', '1;\r\na\r\n'],
    ['an extension of a value alone', '1;=b\r\na\r\n'],
    ['an extension with an empty value', '1;a=\r\na\r\n'],
    ['a name that is not a token', '1;a(b\r\na\r\n'],
    ['a byte above ASCII in a name', '1;\xe9\r\na\r\n'],
    ['a blank before a name', '1; a\r\na\r\n'],
    ['a blank behind a name', '1;a \r\na\r\n'],
    ['a blank before a value', '1;a= b\r\na\r\n'],
    ['a quotation that does not end', '1;a="b\r\na\r\n'],
    ['a control character in a quotation', '1;a="\x01"\r\na\r\n'],
    ['a line end that a backslash hides', '1;a="\\\r\n"\r\na\r\n'],
    ['something behind a quotation', '1;a="b"c\r\na\r\n'],
    ['data that is too long', '1\r\nab\r\n'],
    ['a trailer without a colon', '0\r\nabc\r\n\r\n'],
    ['a folded trailer', '0\r\na: b\r\n c\r\n\r\n'],
    ['Transfer-Encoding in a trailer', '0\r\ntransfer-Encoding: chunked\r\n\r\n'],
    ['Host in a trailer', '0\r\nHost: b\r\n\r\n'],
  ])('refuses %s', (_name, text) => {
    expect(scan(Buffer.from(text, 'latin1'), [])).toBe('malformed');
  });

  it('bounds extensions and trailers together at 16 KiB more than the data', () => {
    expect(scan(Buffer.from(`1;${'x'.repeat(17_000)}`), [])).toBe('too-large');
    expect(scan(Buffer.from(`0\r\n${`a: ${'x'.repeat(900)}\r\n`.repeat(20)}`), [])).toBe('too-large');
    expect(scan(Buffer.from(`1;${'x'.repeat(90)}\r\na\r\n`.repeat(200)), [])).toBe('too-large');
  });

  it('takes an extension in each of many chunks', () => {
    const signed = Buffer.from(`64;signature=${'5'.repeat(64)}\r\n${'x'.repeat(100)}\r\n`.repeat(1000));
    expect(scan(Buffer.concat([signed, Buffer.from('0\r\n\r\n')]), [])).toBe(signed.length + 5);
  });
});

describe('ChunkStripper', () => {
  it('leaves exactly the data, however the body is cut', () => {
    fc.assert(
      fc.property(
        fc.array(fc.uint8Array({ minLength: 1, maxLength: 30 }), { maxLength: 5 }),
        fc.nat(),
        (parts, cut) => {
          const chunks = parts.map((part) =>
            Buffer.concat([Buffer.from(`${part.length.toString(16)}\r\n`), part, Buffer.from('\r\n')]),
          );
          const whole = Buffer.concat([...chunks, Buffer.from('0\r\nx: y\r\n\r\n')]);
          const stripper = new ChunkStripper();
          const at = cut % (whole.length + 1);
          const stripped = Buffer.concat([stripper.strip(whole.subarray(0, at)), stripper.strip(whole.subarray(at))]);
          expect(stripped).toEqual(Buffer.concat(parts));
        },
      ),
    );
  });
});
