import type { ConformanceCase } from './conformance-case.ts';
import { answered, mistrusted, OK } from './conformance-case.ts';

const ok = (lines: string, body = '') => `HTTP/1.1 200 OK\r\n${lines}\r\n${body}`;
const chunked = (body: string) => ok('Transfer-Encoding: chunked\r\n', body);
const same = (source: string, name: string, bytes: string) => answered(source, name, bytes, bytes);
const head = (request = 'HEAD') => `${request} / HTTP/1.1\r\nHost: a\r\n\r\n`;
const status = '9112 4';
const length = '9112 6.3';
const chunks = '9112 7.1';

/** What an upstream may answer, and what it may not. */
export const responses: readonly ConformanceCase[] = [
  same(status, 'an ordinary answer', OK),
  same(status, 'a status without a reason', 'HTTP/1.1 200 \r\nContent-Length: 2\r\n\r\nok'),
  answered(
    status,
    'a status without a reason and without its blank',
    'HTTP/1.1 200\r\nContent-Length: 2\r\n\r\nok',
    'HTTP/1.1 200 \r\nContent-Length: 2\r\n\r\nok',
  ),
  same(status, 'a status that nobody knows', 'HTTP/1.1 299 Whatever You Say\r\nContent-Length: 0\r\n\r\n'),
  same(status, 'an error with a body', 'HTTP/1.1 500 No\r\nContent-Length: 3\r\n\r\nbad'),
  same(status, 'bytes above 0x7f in a reason', 'HTTP/1.1 200 \xe9\r\nContent-Length: 0\r\n\r\n'),
  mistrusted(status, 'a status of two digits', 'HTTP/1.1 99 No\r\n\r\n'),
  mistrusted(status, 'a status of four digits', 'HTTP/1.1 2000 No\r\n\r\n'),
  mistrusted(status, 'a status of 600', 'HTTP/1.1 600 No\r\n\r\n'),
  mistrusted(status, 'no status', 'HTTP/1.1 OK\r\n\r\n'),
  mistrusted(status, 'HTTP/2.0 in a status line', 'HTTP/2.0 200 OK\r\n\r\n'),
  mistrusted(status, 'another protocol', '220 mail.example ESMTP\r\n'),
  mistrusted(status, 'ICY for HTTP', 'ICY 200 OK\r\n\r\n'),
  mistrusted('9112 2.2', 'line ends of bare LF', 'HTTP/1.1 200 OK\nContent-Length: 2\n\nok'),
  mistrusted('9112 11.1', 'a bare LF in a value', ok('X-A: a\nX-B: b\r\n')),
  mistrusted('9112 11.1', 'a bare CR in a value', ok('X-A: a\rX-B: b\r\n')),
  mistrusted('9110 5.5', 'NUL in a value', ok('X-A: a\0b\r\n')),
  mistrusted('9110 5.5', 'NUL in the reason', 'HTTP/1.1 200 O\0K\r\n\r\n'),
  mistrusted('9112 5.2', 'obs-fold', ok('X-A: a\r\n b\r\nContent-Length: 0\r\n')),
  mistrusted('9112 5.1', 'a blank before a colon', ok('X-A : a\r\nContent-Length: 0\r\n')),
  mistrusted('9112 5', 'a line without a colon', ok('nonsense\r\nContent-Length: 0\r\n')),
  mistrusted('9110 5.4', '101 headers', ok('X-A: 1\r\n'.repeat(101))),
  mistrusted('9110 5.4', 'a header of 70 KB', ok(`X-A: ${'a'.repeat(70_000)}\r\n`)),

  mistrusted(length, 'two different lengths', ok('Content-Length: 1\r\nContent-Length: 2\r\n', 'x')),
  mistrusted(length, 'two equal lengths', ok('Content-Length: 1\r\nContent-Length: 1\r\n', 'x')),
  mistrusted(length, 'a list of lengths', ok('Content-Length: 1, 1\r\n', 'x')),
  mistrusted('9110 8.6', 'a negative length', ok('Content-Length: -1\r\n')),
  mistrusted('9110 8.6', 'a length that is no number', ok('Content-Length: two\r\n', 'ok')),
  mistrusted(
    length,
    'Content-Length and Transfer-Encoding',
    ok('Content-Length: 5\r\nTransfer-Encoding: chunked\r\n', '0\r\n\r\n'),
  ),
  mistrusted('9112 6.1', 'gzip, chunked', ok('Transfer-Encoding: gzip, chunked\r\n', '0\r\n\r\n')),
  mistrusted('9112 6.1', 'a coding on HTTP/1.0', 'HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n'),
  mistrusted(
    '9110 15.2.2',
    '101 where nobody asked for it',
    'HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n',
  ),

  same(length, 'a length of 0', ok('Content-Length: 0\r\n')),
  answered(
    length,
    'more than its length',
    ok('Content-Length: 2\r\n', 'okHTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil'),
    OK,
    'upstream not kept',
  ),
  answered(chunks, 'more than its last chunk', chunked('0\r\n\r\nevil'), chunked('0\r\n\r\n'), 'upstream not kept'),
  answered(
    '9112 9.6',
    'Connection: close',
    ok('Connection: close\r\nContent-Length: 2\r\n', 'ok'),
    OK,
    'upstream not kept',
  ),
  answered('9112 9.3', 'HTTP/1.0', 'HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nok', OK, 'upstream not kept'),
  answered(
    '9112 9.3',
    'HTTP/1.0 that is kept',
    'HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 2\r\n\r\nok',
    OK,
  ),

  same(chunks, 'a chunked body', chunked('5\r\nhello\r\n0\r\n\r\n')),
  same('9112 7.1.1', 'chunk extensions', chunked('5;a=b\r\nhello\r\n0\r\n\r\n')),
  same('9112 7.1.2', 'trailers', chunked('0\r\nX-Checksum: 1\r\n\r\n')),
  mistrusted(chunks, 'a malformed chunk', chunked('zz\r\nhello\r\n0\r\n\r\n')),
  mistrusted('9110 6.5.1', 'a length in a trailer', chunked('0\r\nContent-Length: 5\r\n\r\n')),
  mistrusted('9110 6.5.1', 'a cookie in a trailer', chunked('0\r\nSet-Cookie: a=b\r\n\r\n')),

  answered(
    length,
    'HEAD, with the length of what GET would get',
    ok('Content-Length: 5\r\n'),
    ok('Content-Length: 5\r\n'),
    'upstream kept',
    head(),
  ),
  answered(length, 'HEAD, with a coding', chunked(''), chunked(''), 'upstream kept', head()),
  answered(
    length,
    'HEAD, with a body',
    ok('Content-Length: 5\r\n', 'hello'),
    ok('Content-Length: 5\r\n'),
    'upstream not kept',
    head(),
  ),
  answered(length, 'HEAD, with neither', ok(''), ok(''), 'upstream kept', head()),
  same('9110 15.4.5', '304 with a length', 'HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\nETag: "a"\r\n\r\n'),
  answered(
    '9110 15.4.5',
    '304 with a body',
    'HTTP/1.1 304 No\r\nContent-Length: 5\r\n\r\nhello',
    'HTTP/1.1 304 No\r\nContent-Length: 5\r\n\r\n',
    'upstream not kept',
  ),
  same('9110 15.3.5', '204', 'HTTP/1.1 204 No Content\r\nX-A: 1\r\n\r\n'),
  answered(
    '9110 8.6',
    '204 with a length',
    'HTTP/1.1 204 No\r\nContent-Length: 5\r\n\r\n',
    'HTTP/1.1 204 No\r\n\r\n',
    'upstream not kept',
  ),
  answered(
    '9112 6.1',
    '204 with a coding and a body',
    'HTTP/1.1 204 No\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
    'HTTP/1.1 204 No\r\n\r\n',
    'upstream not kept',
  ),
  answered(
    '9110 15.3.5',
    '204 with a body',
    'HTTP/1.1 204 No\r\nX-A: 1\r\n\r\nevil',
    'HTTP/1.1 204 No\r\nX-A: 1\r\n\r\n',
    'upstream not kept',
  ),
];
