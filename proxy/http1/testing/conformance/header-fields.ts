import type { ConformanceCase } from './conformance-case.ts';
import { forwarded, refused } from './conformance-case.ts';

const get = (lines: string) => `GET / HTTP/1.1\r\n${lines}\r\n`;
const many = (count: number) => Array.from({ length: count }, (_, index) => `X-N-${index}: 1\r\n`).join('');
const syntax = '9112 5';
const host = '9112 3.2';
const values = '9110 5.5';

/** Header lines as such, Host, and the limits on both. */
export const headerFields: readonly ConformanceCase[] = [
  forwarded(
    syntax,
    'names and values as they were written',
    get('hOsT: a\r\nX-MiXeD:no blank\r\nX-Blanks: \t a b \t\r\nX-Empty:\r\n'),
    get('hOsT: a\r\nX-MiXeD:no blank\r\nX-Blanks: \t a b \t\r\nX-Empty:\r\n'),
  ),
  forwarded(
    '9110 5.3',
    'repeated headers in their order',
    get('Host: a\r\nX-A: 2\r\nX-B: 1\r\nX-A: 1\r\n'),
    get('Host: a\r\nX-A: 2\r\nX-B: 1\r\nX-A: 1\r\n'),
  ),
  forwarded(
    values,
    'bytes above 0x7f',
    get('Host: a\r\nX-A: \xe9\xff\xa0\r\n'),
    get('Host: a\r\nX-A: \xe9\xff\xa0\r\n'),
  ),
  forwarded('9110 5.1', 'a header __proto__', get('Host: a\r\n__proto__: 1\r\n'), get('Host: a\r\n__proto__: 1\r\n')),
  forwarded(
    '9110 5.6.2',
    'every character of a token in a name',
    get("Host: a\r\n!#$%&'*+-.^_`|~09azAZ: 1\r\n"),
    get("Host: a\r\n!#$%&'*+-.^_`|~09azAZ: 1\r\n"),
  ),
  refused('9112 5.1', 'a blank before the colon', get('Host: a\r\nX-A : 1\r\n'), 400),
  refused('9112 5.1', 'a tab before the colon', get('Host: a\r\nX-A\t: 1\r\n'), 400),
  refused('9112 2.2', 'a blank before the first header', get(' Host: a\r\n'), 400),
  refused('9112 5.2', 'obs-fold with a blank', get('Host: a\r\nX-A: a\r\n b\r\n'), 400),
  refused('9112 5.2', 'obs-fold with a tab', get('Host: a\r\nX-A: a\r\n\tb\r\n'), 400),
  refused(syntax, 'a line without a colon', get('Host: a\r\nfoo\r\n'), 400),
  refused(syntax, 'an empty name', get('Host: a\r\n: x\r\n'), 400),
  refused('9110 5.1', 'a name with parentheses', get('Host: a\r\nX(y): 1\r\n'), 400),
  refused('9110 5.1', 'a name with a slash', get('Host: a\r\nX/y: 1\r\n'), 400),
  refused('9110 5.1', 'a name with NUL', get('Host: a\r\nX\0y: 1\r\n'), 400),
  refused('9110 5.1', 'a name with a byte above 0x7f', get('Host: a\r\nX\xe9: 1\r\n'), 400),
  refused('9112 2.2', 'a bare CR in a value', get('Host: a\r\nX-A: a\rb\r\n'), 400),
  refused('9112 2.2', 'a bare LF in a value', get('Host: a\r\nX-A: a\nX-B: b\r\n'), 400),
  refused('9112 2.2', 'CR CR LF at the end of a line', get('Host: a\r\nX-A: a\r\r\n'), 400),
  refused(values, 'NUL in a value', get('Host: a\r\nX-A: a\0b\r\n'), 400),
  refused(values, 'DEL in a value', get('Host: a\r\nX-A: a\x7fb\r\n'), 400),
  refused(values, 'a vertical tab in a value', get('Host: a\r\nX-A: a\x0bb\r\n'), 400),
  refused('9110 5.4', 'a header of 70 KB', get(`Host: a\r\nX-A: ${'a'.repeat(70_000)}\r\n`), 431),
  refused('9110 5.4', '101 headers', get(`Host: a\r\n${many(100)}`), 431),
  refused('9110 5.4', '2101 headers', get(`Host: a\r\n${many(2100)}`), 431),
  forwarded('9110 5.4', '100 headers', get(`Host: a\r\n${many(99)}`), get(`Host: a\r\n${many(99)}`)),
  forwarded(
    '9110 5.4',
    'a header of 50 KB',
    get(`Host: a\r\nX-A: ${'a'.repeat(50_000)}\r\n`),
    get(`Host: a\r\nX-A: ${'a'.repeat(50_000)}\r\n`),
  ),

  refused(host, 'no Host', get(''), 400),
  refused(host, 'two Hosts', get('Host: a\r\nHost: b\r\n'), 400),
  refused(host, 'two equal Hosts', get('Host: a\r\nHost: a\r\n'), 400),
  refused('9110 7.2', 'a slash in Host', get('Host: a/b\r\n'), 400),
  refused('9110 7.2', 'a blank in Host', get('Host: a b\r\n'), 400),
  refused('9110 7.2', 'a user in Host', get('Host: u@a\r\n'), 400),
  refused('9110 7.2', 'a list in Host', get('Host: a, b\r\n'), 400),
  refused('9110 7.2', 'a percent-encoded Host', get('Host: %61\r\n'), 400),
  refused('9110 7.2', 'a port beyond 65535', get('Host: a:99999\r\n'), 400),
  refused('9110 7.2', 'port 0', get('Host: a:0\r\n'), 400),
  refused('9110 7.2', 'an empty port', get('Host: a:\r\n'), 400),
  refused('9110 7.2', 'a port that is no number', get('Host: a:http\r\n'), 400),
  refused('9110 7.2', 'an IPv6 address without its bracket', get('Host: [::1\r\n'), 400),
  forwarded('9110 7.2', 'an IPv6 address with a port', get('Host: [::1]:80\r\n'), get('Host: [::1]:80\r\n')),
  forwarded(
    '9110 7.2',
    'an empty Host',
    get('Host:\r\n'),
    'GET / HTTP/1.1\r\nhost: test.default.svc.cluster.local\r\n\r\n',
  ),

  refused('9110 10.1.1', 'another expectation', get('Host: a\r\nExpect: 200-ok\r\n'), 417),
  refused('9110 10.1.1', 'a list of expectations', get('Host: a\r\nExpect: 100-continue, other\r\n'), 417),
  forwarded(
    '9110 10.1.1',
    'an expectation without a body',
    get('Host: a\r\nExpect: 100-Continue\r\n'),
    get('Host: a\r\nExpect: 100-Continue\r\n'),
  ),
];
