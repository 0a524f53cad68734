import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { headerValue, headerValues, RequestHead } from '../message-head.ts';
import { RequestParser } from './request-parser.ts';

function parse(text: string, trust: 'application' | 'sidecar' = 'application'): RequestHead | string {
  const head = new RequestHead();
  return new RequestParser(trust).parse(text, text.indexOf('\r\n\r\n') + 4, head) ?? head;
}

const token = fc.string({ unit: fc.constantFrom(...'abcXYZ019-_!~'), minLength: 1, maxLength: 12 });
const value = fc.string({ unit: fc.constantFrom(...'ab 1;,="\t\x80\xff'), maxLength: 20 });

describe('RequestParser', () => {
  it('forwards every line that is nobody’s business but the two ends’', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(token, value), { maxLength: 20 }), (pairs) => {
        const lines = pairs.map(([name, text]) => `A-${name}:${text}\r\n`).join('');
        const head = parse(`GET / HTTP/1.1\r\nHost: h\r\n${lines}\r\n`) as RequestHead;
        expect(head.block).toBe(`Host: h\r\n${lines}`);
      }),
    );
  });

  it('never throws, and never accepts what it would not itself produce', () => {
    const bytes = fc.string({ unit: fc.constantFrom(...'GET /:aH1. \r\n\t\0\xff#%0ostTEchunked,-'), maxLength: 60 });
    fc.assert(
      fc.property(bytes, (noise) => {
        const head = parse(`GET / HTTP/1.1\r\nHost: h\r\n${noise}\r\n\r\n`);
        if (typeof head === 'string') return;
        expect(head.block).toMatch(/^(?:[!#$%&'*+\-.^_`|~0-9A-Za-z]+:[\t\x20-\x7e\x80-\xff]*\r\n)*$/);
        expect(head.authority).toBe('h');
      }),
    );
  });

  it('takes a length of one to fifteen digits, blanks around it, and nothing else', () => {
    const said = fc.string({ unit: fc.constantFrom(...'0123456789 \t+-.,xe\x80'), maxLength: 18 });
    fc.assert(
      fc.property(said, (text) => {
        const head = parse(`POST / HTTP/1.1\r\nHost: h\r\nContent-Length:${text}\r\n\r\n`);
        const digits = /^[ \t]*([0-9]{1,15})[ \t]*$/.exec(text)?.[1];
        if (digits === undefined) expect(head).toBe('badRequest');
        else expect(head).toMatchObject({ contentLength: Number(digits) });
      }),
    );
  });

  it('believes the metadata of a sidecar and nobody else’s, and forwards neither', () => {
    const text = 'GET / HTTP/1.1\r\nHost: h\r\nX-Heddle-Peer: web-1;default;web;v1;c\r\nX_Heddle_Other: 1\r\n\r\n';
    expect(parse(text, 'sidecar')).toMatchObject({ peerMetadata: 'web-1;default;web;v1;c', block: 'Host: h\r\n' });
    expect(parse(text)).toMatchObject({ peerMetadata: '', block: 'Host: h\r\n' });
  });

  it('reads how far a request has come from whoever says it, for that request alone, and forwards it not', () => {
    for (const trust of ['sidecar', 'application'] as const) {
      const text = 'GET / HTTP/1.1\r\nHost: h\r\nX-Heddle-Hops: 3\r\nConnection: x-heddle-hops\r\n\r\n';
      expect(parse(text, trust)).toMatchObject({ hops: 3, block: 'Host: h\r\n' });
      expect(parse('GET / HTTP/1.1\r\nHost: h\r\n\r\n', trust)).toMatchObject({ hops: 0 });
    }
  });

  it('cuts what Connection names, but never what decides where a message goes or who vouches for it', () => {
    const lines = 'X-Secret: 1\r\nAuthorization: Bearer t\r\nTraceparent: 00\r\n';
    const named = 'Connection: x-secret, authorization, traceparent, host, close\r\n';
    const head = parse(`GET / HTTP/1.1\r\nHost: h\r\n${named}${lines}\r\n`) as RequestHead;
    expect(head.block).toBe('Host: h\r\nAuthorization: Bearer t\r\nTraceparent: 00\r\n');
    expect(head.keepAlive).toBe(false);
  });

  it.each([
    ['GET http://a HTTP/1.1\r\nHost: b\r\n\r\n', 'a', '/'],
    ['GET http://a?x=1 HTTP/1.1\r\nHost: b\r\n\r\n', 'a', '/?x=1'],
    ['OPTIONS http://a:81 HTTP/1.1\r\nHost: b\r\n\r\n', 'a:81', '*'],
    ['OPTIONS * HTTP/1.1\r\nHost: b\r\n\r\n', 'b', '*'],
    ['CONNECT a:443 HTTP/1.1\r\nHost: b\r\n\r\n', 'a:443', 'a:443'],
    ['GET //a/b HTTP/1.1\r\nHost: b\r\n\r\n', 'b', '//a/b'],
    ['GET http://[::1]:80/ HTTP/1.1\r\nHost: b\r\n\r\n', '[::1]:80', '/'],
  ])('reads the target of %j', (text, authority, path) => {
    expect(parse(text)).toMatchObject({ authority, path });
  });

  it.each(['CONNECT a HTTP/1.1\r\nHost: a\r\n\r\n', 'CONNECT /a HTTP/1.1\r\nHost: a\r\n\r\n'])('refuses %j', (text) => {
    expect(parse(text)).toBe('badRequest');
  });
});

describe('headerValue', () => {
  const block = 'Host: a\r\nX-A:  1 \r\nx-a:2\r\nX-AB: 3\r\nEmpty:\r\n';

  it('finds a header without case, trimmed', () => {
    expect(headerValue(block, 'x-a')).toBe('1');
    expect(headerValue(block, 'x-ab')).toBe('3');
    expect(headerValue(block, 'empty')).toBe('');
    expect(headerValue(block, 'x')).toBeNull();
    expect(headerValue('', 'x')).toBeNull();
  });

  it('joins repeated headers', () => {
    expect(headerValues(block, 'x-a')).toBe('1, 2');
    expect(headerValues(block, 'nothing')).toBeNull();
  });
});
