import { Buffer } from 'node:buffer';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { HeaderTrust } from '../message/header-trust.ts';
import { OutgoingRequest, RequestHead } from '../message-head.ts';
import { FieldList } from './hpack/field-list.ts';
import { HeaderField } from './hpack/header-field.ts';
import { HpackDecoder } from './hpack/hpack-decoder.ts';
import { HpackEncoder } from './hpack/hpack-encoder.ts';
import { maxRequestSize, readRequestFields, writeRequestFields } from './request-fields.ts';

type Fields = readonly (readonly [string, string])[];

function listOf(fields: Fields): FieldList {
  const list = new FieldList();
  for (const [name, value] of fields) list.fields[list.count++] = HeaderField.of(name, value);
  return list;
}

function read(fields: Fields, endStream = true, trust: HeaderTrust = 'application'): RequestHead | string {
  const head = new RequestHead();
  return readRequestFields(listOf(fields), endStream, trust, head) ?? head;
}

const get: Fields = [
  [':method', 'GET'],
  [':scheme', 'http'],
  [':path', '/a?b=c'],
  [':authority', 'Cart:80'],
];
const withMethod = (method: string): Fields => [[':method', method], ...get.slice(1)];
const withPath = (path: string): Fields => [
  get[0] as [string, string],
  [':scheme', 'http'],
  [':path', path],
  [':authority', 'a'],
];
const without = (name: string): Fields => get.filter((field) => field[0] !== name);
const plus = (name: string, value: string): Fields => [...get, [name, value]];
const connect: Fields = [
  [':method', 'CONNECT'],
  [':authority', 'db:5432'],
];
const extendedConnect: Fields = [[':method', 'CONNECT'], [':protocol', 'WebSocket'], ...get.slice(1)];

describe('readRequestFields', () => {
  it('makes of a field list what an HTTP/1 request would have brought', () => {
    const head = read([...get, ['accept', '*/*'], ['x-request-id', 'id-1'], ['user-agent', 'curl']]);
    expect(head).toMatchObject({
      protocol: 'HTTP/2',
      method: 'GET',
      scheme: 'http',
      path: '/a?b=c',
      authority: 'cart:80',
      block: 'host: cart:80\r\naccept: */*\r\nx-request-id: id-1\r\nuser-agent: curl\r\n',
      framing: 'none',
      isComplete: true,
      requestId: 'id-1',
      upgrade: '',
      isGrpc: false,
    });
  });

  it('reads gRPC, lengths and expectations', () => {
    expect(read([...get, ['content-type', 'application/grpc+proto'], ['te', 'trailers']], false)).toMatchObject({
      isGrpc: true,
      framing: 'stream',
      contentLength: 0,
      block: 'host: cart:80\r\ncontent-type: application/grpc+proto\r\n',
    });
    expect(read(plus('content-type', 'application/grpc-web'))).toMatchObject({ isGrpc: false });
    expect(read(plus('content-length', '12'), false)).toMatchObject({ framing: 'length', contentLength: 12 });
    expect(read(plus('content-length', '0'), false)).toMatchObject({ framing: 'none', isComplete: false });
    expect(read(plus('content-length', '0'))).toMatchObject({ framing: 'none', isComplete: true });
    expect(read(plus('expect', '100-Continue'), false)).toMatchObject({ expectsContinue: true });
  });

  it('joins cookie crumbs (RFC 9113 section 8.2.3)', () => {
    const head = read([...get, ['cookie', 'a=1'], ['accept', '*/*'], ['cookie', 'b=2; c=3']]);
    expect(head).toMatchObject({ block: 'host: cart:80\r\naccept: */*\r\ncookie: a=1; b=2; c=3\r\n' });
  });

  it('takes the one host field where there is no authority, and an equal one beside it', () => {
    expect(read([...without(':authority'), ['host', 'Cart']])).toMatchObject({
      authority: 'cart',
      block: 'host: cart\r\n',
    });
    expect(read(plus('host', 'CART:80'))).toMatchObject({ block: 'host: cart:80\r\n' });
  });

  it('leaves nothing of a request in the next one’s head', () => {
    const head = new RequestHead();
    const all: Fields = [
      ...extendedConnect,
      ['x-request-id', 'a'],
      ['x-heddle-peer', 'b'],
      ['x-heddle-hops', '3'],
      ['content-type', 'application/grpc'],
      ['expect', '100-continue'],
    ];
    expect(readRequestFields(listOf(all), false, 'sidecar', head)).toBeNull();
    expect(readRequestFields(listOf(get), true, 'sidecar', head)).toBeNull();
    expect(head).toEqual(read(get));
  });

  it('reads CONNECT and extended CONNECT (RFC 9113 section 8.5, RFC 8441 section 4)', () => {
    expect(read(connect, false)).toMatchObject({
      method: 'CONNECT',
      path: 'db:5432',
      authority: 'db:5432',
      upgrade: '',
    });
    expect(read(extendedConnect, false)).toMatchObject({
      method: 'GET',
      path: '/a?b=c',
      authority: 'cart:80',
      upgrade: 'websocket',
      framing: 'none',
      isComplete: false,
    });
  });

  it.each<[string, Fields]>([
    ['8.2.1: an upper-case name', plus('X-A', '1')],
    ['8.2.1: an empty name', plus('', '1')],
    ['8.2.1: a name with a blank', plus('a b', '1')],
    ['8.2.1: a name with a colon', plus('a:b', '1')],
    ['8.2.1: a name with a byte above 0x7e', plus('a\xff', '1')],
    ['8.2.1: a NUL in a value', plus('a', 'b\0')],
    ['8.2.1: CR in a value', plus('a', 'b\rc')],
    ['8.2.1: LF in a value', plus('a', 'b\nc: d')],
    ['8.2.1: another control character', plus('a', 'b\x7fc')],
    ['8.2.1: a blank before a value', plus('a', ' b')],
    ['8.2.1: a tab behind a value', plus('a', 'b\t')],
    ['8.2.2: connection', plus('connection', 'close')],
    ['8.2.2: keep-alive', plus('keep-alive', '1')],
    ['8.2.2: proxy-connection', plus('proxy-connection', 'x')],
    ['8.2.2: transfer-encoding', plus('transfer-encoding', 'chunked')],
    ['8.2.2: upgrade', plus('upgrade', 'h2c')],
    ['8.2.2: te other than trailers', plus('te', 'gzip')],
    ['8.2.2: te with trailers and more', plus('te', 'trailers, gzip')],
    ['8.3: an unknown pseudo-header field', [...get, [':x', '1']]],
    ['8.3: a pseudo-header field of responses', [...get, [':status', '200']]],
    ['8.3: a pseudo-header field behind a regular one', [['a', 'b'], ...get]],
    ['8.3: the same behind one that has a meaning', [['cookie', 'b'], ...get]],
    ...(get.map((field) => [`8.3: ${field[0]} twice`, [...get, field]]) as [string, Fields][]),
    ['8.3: :protocol twice', [[':protocol', 'a'], ...extendedConnect]],
    ['8.3.1: no :method', without(':method')],
    ['8.3.1: no :scheme', without(':scheme')],
    ['8.3.1: no :path', without(':path')],
    ['8.3.1: a method that is no token', withMethod('GET /x')],
    ['8.3.1: an empty method', withMethod('')],
    ['8.3.1: an empty path', withPath('')],
    ['8.3.1: a path without a slash', withPath('a')],
    ['8.3.1: a path with a blank', withPath('/a b')],
    ['8.3.1: a path with CRLF', withPath('/a\r\nb')],
    ['8.3.1: asterisk without OPTIONS', withPath('*')],
    ['8.3.1: a scheme that is none', [[':method', 'GET'], [':scheme', 'http://e/?'], ...get.slice(2)]],
    ['8.1.1: two lengths', [...get, ['content-length', '1'], ['content-length', '1']]],
    ['8.1.1: a length that is no number', plus('content-length', '+1')],
    ['8.1.1: an empty length', plus('content-length', '')],
    ['8.1.1: a length and no body', plus('content-length', '5')],
    ['8.5: CONNECT with :scheme', [...connect, [':scheme', 'http']]],
    ['8.5: CONNECT with :path', [...connect, [':path', '/']]],
    ['8.5: CONNECT without :authority', [[':method', 'CONNECT']]],
    ['RFC 8441 4: :protocol without CONNECT', [[':protocol', 'websocket'], ...get]],
    ['RFC 8441 4: extended CONNECT without :path', extendedConnect.filter((field) => field[0] !== ':path')],
  ])('calls malformed, RFC 9113 section %s', (_, fields) => {
    expect(read(fields)).toBe('malformed');
  });

  it.each<[string, string, Fields]>([
    ['a lower-case method', 'badRequest', withMethod('get')],
    ['a fragment', 'badRequest', withPath('/a#b')],
    ['bytes above 0x7e in the path', 'badRequest', withPath('/\xe9')],
    ['a NUL in disguise', 'badRequest', withPath('/a%00')],
    ['a user in the authority', 'badRequest', [...without(':authority'), [':authority', 'u@x']]],
    ['a blank in the authority', 'badRequest', [...without(':authority'), [':authority', 'x y']]],
    ['an empty authority', 'badRequest', [...without(':authority'), [':authority', '']]],
    ['no authority and no host', 'badRequest', without(':authority')],
    ['a host that differs', 'badRequest', plus('host', 'other')],
    ['a host that is none', 'badRequest', plus('host', 'a,b')],
    ['two hosts', 'badRequest', [...get, ['host', 'cart:80'], ['host', 'cart:80']]],
    ['another scheme', 'badRequest', [[':method', 'GET'], [':scheme', 'ftp'], ...get.slice(2)]],
    [
      'CONNECT without a port',
      'badRequest',
      [
        [':method', 'CONNECT'],
        [':authority', 'db'],
      ],
    ],
    ['CONNECT with a length', 'badRequest', [...connect, ['content-length', '0']]],
    ['a long path', 'targetTooLong', withPath(`/${'x'.repeat(32_768)}`)],
    ['an expectation we do not know', 'expectationFailed', plus('expect', 'cake')],
  ])('answers %s: %s', (_, fault, fields) => {
    expect(read(fields)).toBe(fault);
  });

  it('takes OPTIONS *', () => {
    expect(
      read([
        [':method', 'OPTIONS'],
        [':scheme', 'http'],
        [':path', '*'],
        [':authority', 'a'],
      ]),
    ).toMatchObject({
      path: '*',
    });
  });

  it('refuses a list that is not whole', () => {
    const list = listOf(get);
    list.tooLarge = true;
    expect(readRequestFields(list, true, 'application', new RequestHead())).toBe('headersTooLarge');
  });

  it.each([
    ['x-heddle-peer', false, false],
    ['x-heddle-reason', false, false],
    ['x-heddle-hops', false, false],
    ['x-forwarded-client-cert', false, false],
    ['x_forwarded_client_cert', false, false],
    ['x_heddle_peer', false, false],
    ['x.forwarded.for', false, false],
    ['x-real~ip', false, false],
    ['content.length', false, false],
    ['user.agent', true, true],
    ['content_length', false, false],
    ['http2-settings', false, false],
    ['x-envoy-attempt-count', false, true],
    ['x-forwarded-for', true, true],
    ['x-forwarded-proto', true, true],
    ['user_agent', true, true],
  ])('forwards %s from an application: %s, from a sidecar: %s', (name, fromApplication, fromSidecar) => {
    const forwarded = (trust: HeaderTrust): boolean => {
      const head = read(plus(name, '7'), true, trust);
      if (typeof head === 'string') throw new Error(head);
      expect(head.peerMetadata).toBe(trust === 'sidecar' && name === 'x-heddle-peer' ? '7' : '');
      expect(head.hops).toBe(name === 'x-heddle-hops' ? 7 : 0);
      return head.block.includes(`${name}: 7\r\n`);
    };
    expect([forwarded('application'), forwarded('sidecar')]).toEqual([fromApplication, fromSidecar]);
  });

  it('never lets through a line that an HTTP/1 server would read in another way', () => {
    const text = fc.string({
      unit: fc.integer({ min: 0, max: 255 }).map((code) => String.fromCharCode(code)),
      maxLength: 12,
    });
    const name = fc.oneof(text, fc.constantFrom('cookie', 'host', 'x-a', ':path', ':method', 'content-length', 'te'));
    fc.assert(
      fc.property(fc.array(fc.tuple(name, text), { maxLength: 6 }), fc.boolean(), (extra, endStream) => {
        const head = read([...get, ...extra], endStream);
        if (typeof head === 'string') return;
        expect(head.block).toMatch(/^(?:[!#$%&'*+\-.^_`|~0-9a-z]+: [\t\x20-\x7e\x80-\xff]*\r\n)+$/);
      }),
    );
  });
});

describe('writeRequestFields', () => {
  const decoder = new HpackDecoder();
  const encoder = new HpackEncoder();

  function sent(request: Partial<OutgoingRequest>): string[] {
    const outgoing = Object.assign(new OutgoingRequest(), request);
    const out = Buffer.alloc(maxRequestSize(outgoing));
    const end = writeRequestFields(encoder, out, 0, outgoing);
    expect(end).toBeLessThanOrEqual(out.length);
    const list = decoder.decode(out, 0, end, { maxHeadBytes: 61_440, maxHeaders: 100 });
    if (typeof list === 'string') throw new Error(list);
    return list.fields.slice(0, list.count).map((field) => `${field.name}: ${field.value}`);
  }

  it('makes pseudo-header fields of what HTTP/1 has in its request line', () => {
    const request: Partial<OutgoingRequest> = {
      method: 'GET',
      scheme: 'http',
      path: '/a',
      block: 'Accept: */*\r\nHost: cart\r\nConnection: x\r\n',
      attemptBlock: 'x-envoy-attempt-count: 2\r\n',
    };
    for (let i = 0; i < 3; i++) {
      expect(sent(request)).toEqual([
        ':method: GET',
        ':scheme: http',
        ':path: /a',
        ':authority: cart',
        'accept: */*',
        'x-envoy-attempt-count: 2',
      ]);
    }
  });

  it('writes CONNECT and extended CONNECT', () => {
    expect(sent({ method: 'CONNECT', path: 'db:1', block: 'host: db:1\r\n' })).toEqual([
      ':method: CONNECT',
      ':authority: db:1',
    ]);
    const upgrade = { method: 'GET', path: '/chat', block: 'host: a\r\n', upgrade: 'websocket' };
    expect(sent(upgrade)).toEqual([
      ':method: CONNECT',
      ':scheme: http',
      ':path: /chat',
      ':authority: a',
      ':protocol: websocket',
    ]);
  });
});
