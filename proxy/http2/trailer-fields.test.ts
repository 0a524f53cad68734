import { Buffer } from 'node:buffer';
import { describe, expect, it } from 'vitest';
import { FieldList } from './hpack/field-list.ts';
import { HeaderField } from './hpack/header-field.ts';
import { HpackDecoder } from './hpack/hpack-decoder.ts';
import { HpackEncoder } from './hpack/hpack-encoder.ts';
import { readTrailerFields, writeTrailerFields } from './trailer-fields.ts';

function read(...fields: readonly (readonly [string, string])[]): string | null {
  const list = new FieldList();
  for (const [name, value] of fields) list.fields[list.count++] = HeaderField.of(name, value);
  return readTrailerFields(list);
}

describe('readTrailerFields', () => {
  it('reads the trailers of gRPC', () => {
    expect(read(['grpc-status', '0'], ['grpc-message', ''], ['x-checksum', '1'])).toBe(
      'grpc-status: 0\r\ngrpc-message: \r\nx-checksum: 1\r\n',
    );
    expect(read()).toBe('');
  });

  it.each([
    'host',
    'content-length',
    'content_length',
    'te',
    'expect',
    'trailer',
    'x-forwarded-for',
    'x-forwarded-client-cert',
    'x-heddle-peer',
    'x-heddle-hops',
    'x-heddle-reason',
    'x-envoy-attempt-count',
    'x-request-id',
    'x_real_ip',
    'authorization',
    'cookie',
    'set-cookie',
    'content-type',
    'content-encoding',
    'proxy-authorization',
  ])('cuts %s', (name) => {
    expect(read(['a', 'b'], [name, name === 'te' ? 'trailers' : '1'])).toBe('a: b\r\n');
  });

  it.each([
    ['8.1: a pseudo-header field', ':status', '200'],
    ['8.1: one whose value is refused', ':path', '/#'],
    ['8.2.1: an upper-case name', 'A', 'b'],
    ['8.2.1: a bad value', 'a', 'b\n'],
    ['8.2.2: connection', 'connection', 'close'],
    ['8.2.2: transfer-encoding', 'transfer-encoding', 'chunked'],
  ])('refuses, RFC 9113 section %s', (_, name, value) => {
    expect(read(['a', 'b'], [name, value])).toBeNull();
  });

  it('refuses a list that is not whole', () => {
    const list = new FieldList();
    list.tooLarge = true;
    expect(readTrailerFields(list)).toBeNull();
  });
});

describe('writeTrailerFields', () => {
  it('writes lines', () => {
    const out = Buffer.alloc(100);
    const end = writeTrailerFields(new HpackEncoder(), out, 0, 'Grpc-Status: 0\r\n');
    const list = new HpackDecoder().decode(out, 0, end, { maxHeadBytes: 1000, maxHeaders: 10 });
    if (typeof list === 'string') throw new Error(list);
    expect(readTrailerFields(list)).toBe('grpc-status: 0\r\n');
  });
});
