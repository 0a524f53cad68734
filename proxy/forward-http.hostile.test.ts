import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Forwarder, ScriptedServer } from './testing/forwarder.ts';
import { startForwarder, startScriptedServer } from './testing/forwarder.ts';
import { sendRaw } from './testing/raw-client.ts';

let upstream: ScriptedServer;
let forwarder: Forwarder;

beforeAll(async () => {
  upstream = await startScriptedServer((socket, text) => {
    const isWhole = /chunked/i.test(text) ? text.endsWith('\r\n0\r\n\r\n') : text.includes('\r\n\r\n');
    if (isWhole) socket.write('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok');
  });
  forwarder = await startForwarder([upstream.port]);
});

afterAll(async () => {
  await forwarder.close();
  await upstream.close();
});

const headers = (count: number) => Array.from({ length: count }, (_, index) => `X-N-${index}: 1\r\n`).join('');
const post = (lines: string, body = '') => `POST /MARK HTTP/1.1\r\nHost: a\r\n${lines}\r\n${body}`;
const get = (lines: string) => `GET /MARK HTTP/1.1\r\n${lines}\r\n`;

/** Bytes in, status out; the connection is closed and no application sees the request. RFC 9110 and 9112. */
const refused: readonly [name: string, bytes: string, status: number][] = [
  [
    'Content-Length and Transfer-Encoding',
    post('Content-Length: 6\r\nTransfer-Encoding: chunked\r\n', '0\r\n\r\nX'),
    400,
  ],
  ['an unknown coding', post('Transfer-Encoding: xchunked\r\n'), 400],
  ['chunked, identity', post('Transfer-Encoding: chunked, identity\r\n'), 400],
  ['gzip, chunked', post('Transfer-Encoding: gzip, chunked\r\n'), 501],
  ['chunked twice', post('Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n'), 400],
  ['a control character before chunked', post('Transfer-Encoding: \x0bchunked\r\n'), 400],
  ['a coding on HTTP/1.0', 'POST /MARK HTTP/1.0\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n', 400],
  ['two different lengths', post('Content-Length: 1\r\nContent-Length: 2\r\n', 'x'), 400],
  ['two equal lengths', post('Content-Length: 1\r\nContent-Length: 1\r\n', 'x'), 400],
  ['a list of lengths', post('Content-Length: 1, 1\r\n', 'x'), 400],
  ['a length with a plus', post('Content-Length: +1\r\n', 'x'), 400],
  ['a negative length', post('Content-Length: -1\r\n'), 400],
  ['a hexadecimal length', post('Content-Length: 0x1\r\n', 'x'), 400],
  ['an empty length', post('Content-Length:\r\n'), 400],
  ['a length beyond 2^64', post('Content-Length: 18446744073709551617\r\n'), 400],
  ['a blank before the colon', post('Content-Length : 1\r\n', 'x'), 400],
  ['a length with a no-break space', post('Content-Length: 1\xa0\r\n', 'x'), 400],
  ['a chunk size with 0x', post('Transfer-Encoding: chunked\r\n', '0x1\r\na\r\n0\r\n\r\n'), 400],
  ['a chunk size of 2^68', post('Transfer-Encoding: chunked\r\n', '100000000000000000\r\na\r\n'), 400],
  ['a chunk line that ends in LF', post('Transfer-Encoding: chunked\r\n', '1\na\r\n0\r\n\r\n'), 400],
  ['a chunk extension that ends in LF', post('Transfer-Encoding: chunked\r\n', '1;a\nb\r\na\r\n0\r\n\r\n'), 400],
  ['chunk data without its CRLF', post('Transfer-Encoding: chunked\r\n', '1\r\nab\r\n0\r\n\r\n'), 400],
  ['an extension of 20 KB', post('Transfer-Encoding: chunked\r\n', `1;${'x'.repeat(20_000)}\r\na\r\n0\r\n\r\n`), 413],
  ['a length in a trailer', post('Transfer-Encoding: chunked\r\n', '0\r\nContent-Length: 5\r\n\r\n'), 400],
  ['bare line feeds', 'GET /MARK HTTP/1.1\nHost: a\n\n', 400],
  ['a bare CR in a value', get('Host: a\r\nX: a\rb\r\n'), 400],
  ['NUL in a value', get('Host: a\r\nX: a\0b\r\n'), 400],
  ['obs-fold', get('Host: a\r\nX: a\r\n b\r\n'), 400],
  ['a blank before the first header', get(' Host: a\r\n'), 400],
  ['a line without a colon', get('Host: a\r\nfoo\r\n'), 400],
  ['an empty header name', get('Host: a\r\n: x\r\n'), 400],
  ['a header name with parentheses', get('Host: a\r\nX(y): 1\r\n'), 400],
  ['no Host', get(''), 400],
  ['two Hosts', get('Host: a\r\nHost: b\r\n'), 400],
  ['two equal Hosts', get('Host: a\r\nHost: a\r\n'), 400],
  ['a slash in Host', get('Host: a/b\r\n'), 400],
  ['a blank in Host', get('Host: a b\r\n'), 400],
  ['a user in Host', get('Host: u@a\r\n'), 400],
  ['a port beyond 65535', get('Host: a:99999\r\n'), 400],
  ['port 0', get('Host: a:0\r\n'), 400],
  ['a fragment', 'GET /MARK#b HTTP/1.1\r\nHost: a\r\n\r\n', 400],
  ['a blank in the path', 'GET /MARK b HTTP/1.1\r\nHost: a\r\n\r\n', 400],
  ['%00 in the path', 'GET /MARK%00b HTTP/1.1\r\nHost: a\r\n\r\n', 400],
  ['a byte of 0xff in the path', 'GET /MARK\xff HTTP/1.1\r\nHost: a\r\n\r\n', 400],
  ['a target that is no path', 'GET MARK HTTP/1.1\r\nHost: a\r\n\r\n', 400],
  ['GET *', 'GET * HTTP/1.1\r\nHost: a\r\nX: MARK\r\n\r\n', 400],
  ['an absolute form with a user', 'GET http://u@a/MARK HTTP/1.1\r\nHost: a\r\n\r\n', 400],
  ['an absolute form of another scheme', 'GET ftp://a/MARK HTTP/1.1\r\nHost: a\r\n\r\n', 400],
  ['HTTP/1.2', 'GET /MARK HTTP/1.2\r\nHost: a\r\n\r\n', 505],
  ['HTTP/2.0 in a request line', 'GET /MARK HTTP/2.0\r\nHost: a\r\n\r\n', 505],
  ['the HTTP/2 preface', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', 505],
  ['HTTP/0.9', 'GET /MARK\r\n', 400],
  ['http in lower case', 'GET /MARK http/1.1\r\nHost: a\r\n\r\n', 400],
  ['a method that is no token', 'G=T@ /MARK HTTP/1.1\r\nHost: a\r\n\r\n', 400],
  ['a target of 70 KB', `GET /${'a'.repeat(70_000)} HTTP/1.1\r\nHost: a\r\nX: MARK\r\n\r\n`, 414],
  ['a header of 70 KB', get(`Host: a\r\nX: ${'a'.repeat(70_000)}\r\n`), 431],
  ['101 headers', get(`Host: a\r\n${headers(100)}`), 431],
  ['2101 headers', get(`Host: a\r\n${headers(2100)}`), 431],
  ['another expectation', get('Host: a\r\nExpect: 200-ok\r\n'), 417],
  ['a TLS hello', '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03', 400],
  ['a Content_Length that is no Content-Length, with a body', post('Content_Length: 4\r\n', '\x01BAD'), 200],
];

describe('HttpExchange, given what breaks the rules', () => {
  it.each(refused)('refuses %s', async (name, bytes, status) => {
    const before = upstream.received().length;
    const answer = await sendRaw(forwarder.port, bytes);
    expect({ name, status: answer.status, isClosed: answer.isClosed }).toEqual({ name, status, isClosed: true });
    if (status !== 200) {
      expect(upstream.received().slice(before)).not.toContain('MARK');
      expect(answer.text).toContain('x-heddle-reason: ');
      expect(answer.text.toLowerCase()).toContain('connection: close');
    }
  });

  it.each(refused)('refuses %s just the same when it arrives byte by byte', async (name, bytes, status) => {
    if (bytes.length > 300) return; // the long ones are about size, not about where they are cut
    const answer = await sendRaw(forwarder.port, [...bytes]);
    expect({ name, status: answer.status }).toEqual({ name, status });
  });

  it('judges a pipelined request by itself', async () => {
    const bytes = `${get('Host: a\r\n')}GET /MARK HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n`;
    const answer = await sendRaw(forwarder.port, bytes);
    expect(answer.text.match(/HTTP\/1\.1 \d{3}/g)).toEqual(['HTTP/1.1 200', 'HTTP/1.1 400']);
    expect(answer.isClosed).toBe(true);
  });
});
