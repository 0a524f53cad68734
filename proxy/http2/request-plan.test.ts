import { Buffer } from 'node:buffer';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { HeaderTrust } from '../message/header-trust.ts';
import { RequestHead } from '../message-head.ts';
import type { FieldList } from './hpack/field-list.ts';
import { defaultFieldLimits } from './hpack/field-list.ts';
import { HpackDecoder } from './hpack/hpack-decoder.ts';
import { readRequestFields } from './request-fields.ts';

type Fields = readonly (readonly [string, string])[];

/** A section that spells out every field, so that it leaves the table alone and every value may be another. */
function section(fields: Fields): Buffer {
  const string = (text: string): Buffer => Buffer.concat([Buffer.from([text.length]), Buffer.from(text, 'latin1')]);
  return Buffer.concat(fields.map(([name, value]) => Buffer.concat([Buffer.from([0]), string(name), string(value)])));
}

function decode(decoder: HpackDecoder, fields: Fields): FieldList {
  const bytes = section(fields);
  const list = decoder.decode(bytes, 0, bytes.length, defaultFieldLimits);
  if (typeof list === 'string') throw new Error(list);
  return list;
}

function read(list: FieldList, endStream = false, trust: HeaderTrust = 'sidecar'): RequestHead | string {
  const head = new RequestHead();
  return readRequestFields(list, endStream, trust, head) ?? head;
}

/** Sends requests whose pseudo-header fields are indexes, but for `:path`, so that a plan is possible. */
class Client {
  readonly #decoder = new HpackDecoder();

  constructor() {
    this.#decode(Buffer.from('410463617274', 'hex')); // :authority: cart, with indexing
  }

  list(path: string, fields: Fields): FieldList {
    const pathField = Buffer.concat([Buffer.from([0x04, path.length]), Buffer.from(path, 'latin1')]);
    return this.#decode(Buffer.concat([Buffer.from('8286be', 'hex'), pathField, section(fields)]));
  }

  #decode(bytes: Buffer): FieldList {
    const list = this.#decoder.decode(bytes, 0, bytes.length, defaultFieldLimits);
    if (typeof list === 'string') throw new Error(list);
    return list;
  }
}

describe('RequestPlan', () => {
  it('puts other values into a head that is otherwise the same', () => {
    const client = new Client();
    const list = (path: string, id: string, length: string): FieldList =>
      client.list(path, [
        ['x-request-id', id],
        ['content-length', length],
        ['x-heddle-peer', `peer ${id}`],
        ['accept', '*/*'],
      ]);
    read(list('/a', 'one', '1'));
    const again = list('/a', 'one', '1');
    read(again);
    expect(again.plan).not.toBeNull();
    const varied = list('/b?c', 'two', '22');
    expect(varied.plan).toBe(again.plan);
    expect(read(varied)).toMatchObject({
      path: '/b?c',
      requestId: 'two',
      peerMetadata: 'peer two',
      contentLength: 22,
      framing: 'length',
      block: 'host: cart\r\nx-request-id: two\r\ncontent-length: 22\r\naccept: */*\r\n',
    });
  });

  it.each<[string, string, Fields, string]>([
    ['a path that is refused', '/a#b', [['a', 'b']], 'badRequest'],
    ['a path that is malformed', 'a', [['a', 'b']], 'malformed'],
    ['a value that is malformed', '/', [['a', 'b\n']], 'malformed'],
  ])('does not cover %s', (_, path, fields, fault) => {
    const client = new Client();
    for (let i = 0; i < 3; i++) expect(read(client.list('/', [['a', 'b']]))).toBeTypeOf('object');
    expect(read(client.list(path, fields))).toBe(fault);
    expect(read(client.list('/', [['a', 'b']]))).toMatchObject({ block: 'host: cart\r\na: b\r\n' });
  });

  it('does not cover another trust, or a request without a body', () => {
    const client = new Client();
    const list = (): FieldList =>
      client.list('/', [
        ['x-envoy-attempt-count', '2'],
        ['content-length', '5'],
      ]);
    for (let i = 0; i < 3; i++) expect(read(list())).toMatchObject({ block: expect.stringContaining('attempt') });
    expect(read(list(), false, 'application')).toMatchObject({ block: 'host: cart\r\ncontent-length: 5\r\n' });
    expect(read(list(), true)).toBe('malformed');
  });

  it('does not cover a length of nothing beside one of something', () => {
    const client = new Client();
    const framings = ['7', '7', '0', '0', '8'].map((length) => {
      const head = read(client.list('/', [['content-length', length]]));
      return typeof head === 'string' ? head : `${head.framing} ${head.contentLength}`;
    });
    expect(framings).toEqual(['length 7', 'length 7', 'none 0', 'none 0', 'length 8']);
  });

  it('reads every list as if it were the first of its kind', () => {
    const known: Fields = [
      ['x-request-id', '1'],
      ['x-request-id', '22'],
      ['content-length', '0'],
      ['content-length', '7'],
      ['content-length', 'x'],
      ['cookie', 'a=1'],
      ['cookie', 'b=2'],
      ['te', 'trailers'],
      ['te', 'gzip'],
      ['x-heddle-peer', 'p'],
      ['x-heddle-hops', '1'],
      ['x-heddle-hops', '2'],
      ['x-envoy-attempt-count', '1'],
      ['x-forwarded-for', '::1'],
      ['content-type', 'application/grpc'],
      ['content-type', 'text/html'],
      ['expect', '100-continue'],
      ['host', 'cart'],
      ['host', 'other'],
      ['a', 'b'],
      ['a', ''],
      ['a', ' '],
    ];
    const field = fc.constantFrom(...known);
    const path = fc.constantFrom('/', '/a', '*', '/#', '/%00');
    const step = fc.tuple(
      path,
      fc.array(field, { maxLength: 4 }),
      fc.boolean(),
      fc.constantFrom('application' as const, 'sidecar' as const),
    );
    fc.assert(
      fc.property(fc.array(step, { minLength: 4, maxLength: 10 }), (steps) => {
        const client = new Client();
        for (const [one, fields, endStream, trust] of [...steps, ...steps, ...steps]) {
          expect(read(client.list(one, fields), endStream, trust)).toEqual(
            read(new Client().list(one, fields), endStream, trust),
          );
        }
      }),
      { numRuns: 200 },
    );
  });
});

describe('a plan that is not possible', () => {
  it('leaves the list to be read field by field', () => {
    const decoder = new HpackDecoder();
    const fields: Fields = [
      [':method', 'GET'],
      [':scheme', 'http'],
      [':path', '/'],
      [':authority', 'a'],
    ];
    for (let i = 0; i < 3; i++) expect(read(decode(decoder, fields))).toMatchObject({ block: 'host: a\r\n' });
    expect(decode(decoder, fields).plan).toBeNull();
  });
});
