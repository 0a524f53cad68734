import type { ConformanceCase } from './conformance-case.ts';
import { forwarded, refused } from './conformance-case.ts';

const head = (line: string) => `${line}\r\nHost: a\r\n\r\n`;
const line = '9112 3';
const method = '9110 9.1';
const version = '9110 6.2';
const target = '9112 3.2';

/** Request line: method, target and version (RFC 9112 section 3). */
export const requestLines: readonly ConformanceCase[] = [
  forwarded(line, 'an ordinary request', head('GET /a?b=c HTTP/1.1'), head('GET /a?b=c HTTP/1.1')),
  forwarded('9112 2.2', 'an empty line before a request', `\r\n${head('GET / HTTP/1.1')}`, head('GET / HTTP/1.1')),
  forwarded('9112 2.2', 'empty lines before a request', `\r\n\r\n${head('GET / HTTP/1.1')}`, head('GET / HTTP/1.1')),
  refused('9112 2.2', 'a bare LF before a request', `\n${head('GET / HTTP/1.1')}`, 400),
  refused('9112 2.2', 'a bare CR before a request', `\r${head('GET / HTTP/1.1')}`, 400),
  refused('9112 2.2', 'line ends of bare LF', 'GET / HTTP/1.1\nHost: a\n\n', 400),
  refused('9112 2.2', 'a request line that ends in LF', 'GET / HTTP/1.1\nHost: a\r\n\r\n', 400),
  refused(line, 'a blank before the method', head(' GET / HTTP/1.1'), 400),
  refused(line, 'two blanks after the method', head('GET  / HTTP/1.1'), 400),
  refused(line, 'two blanks before the version', head('GET /  HTTP/1.1'), 400),
  refused(line, 'a blank after the version', head('GET / HTTP/1.1 '), 400),
  refused(line, 'tabs for blanks', head('GET\t/\tHTTP/1.1'), 400),
  refused(line, 'no target', head('GET HTTP/1.1'), 400),
  refused(line, 'a TLS hello', '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03', 400),
  refused(line, 'a banner of SSH', 'SSH-2.0-OpenSSH_9.2p1\r\n', 400),

  refused(method, 'a method in lower case', head('get / HTTP/1.1'), 400),
  refused(method, 'a method in mixed case', head('Post / HTTP/1.1'), 400),
  refused(method, 'a method that is no token', head('G=T / HTTP/1.1'), 400),
  refused(method, 'a method with a colon', head('GET: / HTTP/1.1'), 400),
  refused(method, 'a method with a control character', head('GE\x01T / HTTP/1.1'), 400),
  refused(method, 'a method with a byte above 0x7f', head('G\xc9T / HTTP/1.1'), 400),
  forwarded(method, 'a method that nobody knows', head('BREW /pot HTTP/1.1'), head('BREW /pot HTTP/1.1')),
  forwarded(method, 'a method with a hyphen', head('M-SEARCH / HTTP/1.1'), head('M-SEARCH / HTTP/1.1')),
  forwarded('9110 9.3.5', 'DELETE without a body', head('DELETE /1 HTTP/1.1'), head('DELETE /1 HTTP/1.1')),
  forwarded('9110 9.3.7', 'OPTIONS *', head('OPTIONS * HTTP/1.1'), head('OPTIONS * HTTP/1.1')),
  refused('9112 3.2.4', 'GET *', head('GET * HTTP/1.1'), 400),

  refused(version, 'HTTP/1.2', head('GET / HTTP/1.2'), 505),
  refused(version, 'HTTP/2.0 in a request line', head('GET / HTTP/2.0'), 505),
  refused(version, 'HTTP/0.9 in a request line', head('GET / HTTP/0.9'), 505),
  refused(version, 'the simple request of HTTP/0.9', 'GET /\r\n', 400),
  refused('9112 2.3', 'the version in lower case', head('GET / http/1.1'), 400),
  refused('9112 2.3', 'a version of two digits', head('GET / HTTP/1.10'), 400),
  refused('9112 2.3', 'a version without a point', head('GET / HTTP/11'), 400),
  refused('9112 2.3', 'another protocol', head('GET / RTSP/1.0'), 400),

  refused(target, 'a fragment', head('GET /a#b HTTP/1.1'), 400),
  refused(target, 'a blank in the path', head('GET /a b HTTP/1.1'), 400),
  refused(target, '%00 in the path', head('GET /a%00b HTTP/1.1'), 400),
  refused(target, '%00 in the query', head('GET /a?b=%00 HTTP/1.1'), 400),
  refused(target, 'a byte of 0xff in the path', head('GET /\xff HTTP/1.1'), 400),
  refused(target, 'a control character in the path', head('GET /a\x7fb HTTP/1.1'), 400),
  refused(target, 'NUL in the path', head('GET /a\0b HTTP/1.1'), 400),
  refused(target, 'a bare CR in the path', head('GET /a\rb HTTP/1.1'), 400),
  refused('9112 3.2.1', 'a target that is no path', head('GET abc HTTP/1.1'), 400),
  refused('9112 3.2.1', 'a query without a path', head('GET ?a=b HTTP/1.1'), 400),
  forwarded(
    '9112 3.2.1',
    'a path that begins with two slashes',
    head('GET //b/c HTTP/1.1'),
    head('GET //b/c HTTP/1.1'),
  ),
  refused('9110 4.1', 'a target of 70 KB', head(`GET /${'a'.repeat(70_000)} HTTP/1.1`), 414),
  forwarded(
    '9112 3',
    'a target of 8000 bytes',
    head(`GET /${'a'.repeat(8000)} HTTP/1.1`),
    head(`GET /${'a'.repeat(8000)} HTTP/1.1`),
  ),

  forwarded(
    '9112 3.2.2',
    'the absolute form, whose authority wins over Host',
    'GET http://b:81/c?d HTTP/1.1\r\nX-A: 1\r\nHost: a\r\n\r\n',
    'GET /c?d HTTP/1.1\r\nhost: b:81\r\nX-A: 1\r\n\r\n',
  ),
  forwarded(
    '9112 3.2.2',
    'the absolute form in upper case',
    'GET HTTP://B/C HTTP/1.1\r\nHost: a\r\n\r\n',
    'GET /C HTTP/1.1\r\nhost: b\r\n\r\n',
  ),
  forwarded(
    '9110 4.2.3',
    'the absolute form without a path',
    head('GET http://b HTTP/1.1'),
    'GET / HTTP/1.1\r\nhost: b\r\n\r\n',
  ),
  forwarded(
    '9110 4.2.3',
    'the absolute form with a query and no path',
    head('GET http://b?c HTTP/1.1'),
    'GET /?c HTTP/1.1\r\nhost: b\r\n\r\n',
  ),
  forwarded(
    '9112 3.2.4',
    'OPTIONS of a whole server in absolute form',
    head('OPTIONS http://b HTTP/1.1'),
    'OPTIONS * HTTP/1.1\r\nhost: b\r\n\r\n',
  ),
  refused('9110 4.2.4', 'an absolute form with a user', head('GET http://u@a/ HTTP/1.1'), 400),
  refused('9110 4.2.1', 'an absolute form without a host', head('GET http:///b HTTP/1.1'), 400),
  refused('9110 4.2', 'an absolute form of another scheme', head('GET ftp://a/ HTTP/1.1'), 400),
  refused('9112 3.2.2', 'an absolute form without Host', 'GET http://b/ HTTP/1.1\r\n\r\n', 400),
  refused('9112 3.2.3', 'CONNECT to a path', head('CONNECT /a HTTP/1.1'), 400),
  refused('9112 3.2.3', 'CONNECT without a port', head('CONNECT a HTTP/1.1'), 400),
  refused('9112 3.2.3', 'the authority form with GET', head('GET a:80 HTTP/1.1'), 400),
];
