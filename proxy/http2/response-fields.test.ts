import { Buffer } from 'node:buffer';
import { describe, expect, it } from 'vitest';
import { ResponseHead } from '../message-head.ts';
import { FieldList } from './hpack/field-list.ts';
import { HeaderField } from './hpack/header-field.ts';
import { HpackDecoder } from './hpack/hpack-decoder.ts';
import { HpackEncoder } from './hpack/hpack-encoder.ts';
import { readResponseFields, writeResponseFields } from './response-fields.ts';

type Fields = readonly (readonly [string, string])[];

function read(fields: Fields, endStream = false, method = 'GET', isSidecar = false): ResponseHead | string {
  const list = new FieldList();
  for (const [name, value] of fields) list.fields[list.count++] = HeaderField.of(name, value);
  const head = new ResponseHead();
  return readResponseFields(list, endStream, method, head, isSidecar) ?? head;
}

const length: readonly [string, string] = ['content-length', '5'];

describe('readResponseFields', () => {
  it('makes of a field list what an HTTP/1 response would have brought', () => {
    expect(
      read([
        [':status', '200'],
        ['server', 'x'],
        ['set-cookie', 'a=b'],
        ['set-cookie', 'c=d'],
      ]),
    ).toMatchObject({
      status: 200,
      reason: '',
      block: 'server: x\r\nset-cookie: a=b\r\nset-cookie: c=d\r\n',
      framing: 'stream',
      isComplete: false,
      keepAlive: true,
    });
  });

  it.each<[string, string, boolean, string, ResponseHead['framing'], number, string]>([
    ['a length', '200', false, 'GET', 'length', 5, 'content-length: 5\r\n'],
    ['a length in answer to HEAD', '200', true, 'HEAD', 'none', 0, 'content-length: 5\r\n'],
    ['a length of 304', '304', true, 'GET', 'none', 0, 'content-length: 5\r\n'],
    ['a length of 204', '204', true, 'GET', 'none', 0, ''],
    ['a length of an interim answer', '103', false, 'GET', 'none', 0, ''],
    ['a length of an open tunnel', '200', false, 'CONNECT', 'tunnel', 0, ''],
    ['a length of a refused tunnel', '403', false, 'CONNECT', 'length', 5, 'content-length: 5\r\n'],
  ])('reads %s', (_, status, endStream, method, framing, contentLength, block) => {
    expect(read([[':status', status], length], endStream, method)).toMatchObject({ framing, contentLength, block });
  });

  it('keeps why a sidecar has answered itself, and nothing else of what sidecars say to each other', () => {
    const fields: Fields = [
      [':status', '503'],
      ['x-heddle-reason', 'UO'],
      ['x-heddle-peer', 'a'],
      ['x-heddle-reasons', 'UO'],
    ];
    expect(read(fields)).toMatchObject({ block: '' });
    expect(read(fields, false, 'GET', true)).toMatchObject({ block: 'x-heddle-reason: UO\r\n' });
  });

  it('takes an end without a length, and a length of nothing', () => {
    expect(read([[':status', '200']], true)).toMatchObject({ framing: 'stream', isComplete: true });
    expect(
      read([
        [':status', '200'],
        ['content-length', '0'],
      ]),
    ).toMatchObject({ framing: 'none', isComplete: false });
  });

  it('cuts what only sidecars say to each other', () => {
    const fields: Fields = [
      [':status', '200'],
      ['x-heddle-reason', 'a'],
      ['x-heddle-peer', 'a'],
      ['x-heddle-hops', '1'],
      ['x-envoy-attempt-count', '1'],
      ['x-forwarded-client-cert', 'a'],
      ['expect', 'b'],
      ['host', 'c d'],
    ];
    expect(read(fields)).toMatchObject({ block: 'expect: b\r\nhost: c d\r\n' });
  });

  it.each<[string, Fields, boolean?]>([
    ['8.3.2: no status', [['a', 'b']]],
    ['8.3.2: nothing at all', []],
    [
      '8.3.2: two statuses',
      [
        [':status', '200'],
        [':status', '200'],
      ],
    ],
    [
      '8.3: a status behind a regular field',
      [
        ['a', 'b'],
        [':status', '200'],
      ],
    ],
    [
      '8.3: a pseudo-header field of requests',
      [
        [':status', '200'],
        [':path', '/'],
      ],
    ],
    [
      '8.3: one whose value is refused',
      [
        [':status', '200'],
        [':path', '/#'],
      ],
    ],
    ['8.3.2: a status of two digits', [[':status', '20']]],
    ['8.3.2: a status of four digits', [[':status', '2000']]],
    ['8.3.2: a status that is no number', [[':status', '2xx']]],
    ['8.3.2: a status beyond 599', [[':status', '600']]],
    ['8.6: 101', [[':status', '101']]],
    ['8.1: an interim answer that ends the stream', [[':status', '100']], true],
    [
      '8.2.1: an upper-case name',
      [
        [':status', '200'],
        ['A', 'b'],
      ],
    ],
    [
      '8.2.1: CRLF in a value',
      [
        [':status', '200'],
        ['a', 'b\r\nc: d'],
      ],
    ],
    [
      '8.2.2: connection',
      [
        [':status', '200'],
        ['connection', 'close'],
      ],
    ],
    [
      '8.2.2: transfer-encoding',
      [
        [':status', '200'],
        ['transfer-encoding', 'chunked'],
      ],
    ],
    ['8.1.1: two lengths', [[':status', '200'], length, length]],
    ['8.1.1: a length and no body', [[':status', '200'], length], true],
  ])('calls malformed, RFC 9113 section %s', (_, fields, endStream) => {
    expect(read(fields, endStream)).toBe('malformed');
  });

  it('refuses a list that is not whole', () => {
    const list = new FieldList();
    list.tooLarge = true;
    expect(readResponseFields(list, true, 'GET', new ResponseHead())).toBe('headersTooLarge');
  });
});

describe('writeResponseFields', () => {
  it('writes status and lines', () => {
    const encoder = new HpackEncoder();
    const decoder = new HpackDecoder();
    const out = Buffer.alloc(200);
    for (const status of [200, 404, 503, 503, 503, 103]) {
      const end = writeResponseFields(encoder, out, 3, status, 'Content-Type: text/plain\r\nConnection: close\r\n');
      const list = decoder.decode(out, 3, end, { maxHeadBytes: 1000, maxHeaders: 10 });
      if (typeof list === 'string') throw new Error(list);
      expect(list.fields.slice(0, list.count).map((field) => `${field.name}: ${field.value}`)).toEqual([
        `:status: ${status}`,
        'content-type: text/plain',
      ]);
    }
  });
});
