import { Buffer } from 'node:buffer';
import type { Fields } from './wire.ts';
import {
  block,
  data,
  END_HEADERS,
  END_STREAM,
  frame,
  headers,
  lastData,
  open,
  post,
  priority,
  request,
  settings,
  windowUpdate,
} from './wire.ts';

/**
 * What must become of a request that no application may see: its stream is reset with this code, the request is answered
 * with this status, or the connection ends with GOAWAY and this code.
 */
export type HostileOutcome =
  | { readonly kind: 'reset'; readonly code: string }
  | { readonly kind: 'answered'; readonly status: number }
  | { readonly kind: 'connection'; readonly code: string };

export interface HostileRequest {
  readonly name: string;
  /** What follows the client's preface and its settings. */
  readonly bytes: Buffer;
  readonly outcome: HostileOutcome;
}

const malformed: HostileOutcome = { kind: 'reset', code: 'PROTOCOL_ERROR' };
const refused: HostileOutcome = { kind: 'answered', status: 400 };
const ends = (code: string): HostileOutcome => ({ kind: 'connection', code });

const withField = (name: string, value: string): Fields => [...request, [name, value]];
const without = (name: string): Fields => request.filter(([field]) => field !== name);
const replaced = (name: string, value: string): Fields =>
  request.map(([field, old]) => [field, field === name ? value : old]);
const row = (name: string, fields: Fields, outcome: HostileOutcome = malformed): HostileRequest => ({
  name,
  bytes: headers(1, fields),
  outcome,
});
const raw = (name: string, bytes: readonly Buffer[], outcome: HostileOutcome = malformed): HostileRequest => ({
  name,
  bytes: Buffer.concat(bytes),
  outcome,
});
const withLength = (...lengths: string[]): Fields => [
  ...post,
  ...lengths.map((length) => ['content-length', length] as const),
];

/** Names one field of 3972 bytes in a block so often that it unfolds to far more than was sent. */
function bomb(name: string, times: number): Buffer {
  // literal with incremental indexing; 0xbe is the newest entry of the dynamic table
  const literal = [0x40, name.length, ...Buffer.from(name), 0x7f, 0x81, 0x1e];
  return Buffer.concat([block(request), Buffer.from(literal), Buffer.alloc(3968, 0x62), Buffer.alloc(times, 0xbe)]);
}

/** RFC 9113 sections 6 and 8, RFC 7541 sections 4.2 and 6: requests that could mean two things, or cost too much. */
export const hostileRequests: readonly HostileRequest[] = [
  row('a blank in the path', replaced(':path', '/a b')),
  row('CR LF in the path', replaced(':path', '/a\r\nhost: evil')),
  row('an empty path', replaced(':path', '')),
  row('a path without a slash', replaced(':path', 'a')),
  row('a fragment in the path', replaced(':path', '/a#b'), refused),
  row('a byte above 0x7f in the path', replaced(':path', '/\xff'), refused),
  row('%00 in the path', replaced(':path', '/a%00b'), refused),
  row('a method with a blank', replaced(':method', 'GET /x')),
  row('a method in lower case', replaced(':method', 'get'), refused),
  row('a user in the authority', replaced(':authority', 'u@x'), refused),
  row('a blank in the authority', replaced(':authority', 'x y'), refused),
  row('a slash in the authority', replaced(':authority', 'a/b'), refused),
  row('a port beyond 65535 in the authority', replaced(':authority', 'a:99999'), refused),
  row('CR LF in the authority', replaced(':authority', 'a\r\nx: y')),
  row('CR LF in a value', withField('x-a', 'b\r\nx-evil: 1')),
  row('NUL in a value', withField('x-a', 'b\0')),
  row('a blank before a value', withField('x-a', ' b')),
  row('a colon in a name', withField('x:a', 'b')),
  row('a blank in a name', withField('x a', 'b')),
  row('CR LF in a name', withField('x\r\nhost', 'b')),
  row('an empty name', withField('', 'b')),
  row('a name in upper case', withField('X-A', 'b')),
  ...['transfer-encoding', 'connection', 'keep-alive', 'proxy-connection', 'upgrade'].map((name) =>
    row(name, withField(name, name === 'transfer-encoding' ? 'chunked' : 'close')),
  ),
  row('te: gzip', withField('te', 'gzip')),
  row('te: trailers, chunked', withField('te', 'trailers, chunked')),
  raw('a length and no body', [headers(1, withLength('5'))]),
  raw('a length and fewer bytes', [open(1, withLength('5')), lastData(1, 'xyz')]),
  raw('a length and more bytes', [open(1, withLength('2')), lastData(1, 'xyz')]),
  raw('two lengths', [open(1, withLength('3', '3')), lastData(1, 'xyz')]),
  raw('two different lengths', [open(1, withLength('3', '4')), lastData(1, 'xyz')]),
  raw('a list of lengths', [open(1, withLength('3, 3')), lastData(1, 'xyz')]),
  raw('a length with a plus', [open(1, withLength('+3')), lastData(1, 'xyz')]),
  raw('a length beyond 2^64', [open(1, withLength('18446744073709551619')), lastData(1, 'xyz')]),
  row('a host that is not the authority', withField('host', 'evil.example'), refused),
  row('two hosts', [...without(':authority'), ['host', 'a'], ['host', 'b']], refused),
  row('neither host nor authority', without(':authority'), refused),
  row('a scheme with a path', replaced(':scheme', 'http://e/?')),
  row('an unknown pseudo-header field', [[':evil', 'x'], ...request]),
  row('a pseudo-header field of answers', [[':status', '200'], ...request]),
  ...request.map(([name, value]) => row(`${name} twice`, [[name, value], ...request])),
  row('a pseudo-header field behind another field', [['x-a', 'b'], ...request]),
  row('no method', without(':method')),
  row('no scheme', without(':scheme')),
  row('no path', without(':path')),
  row('a protocol without CONNECT', [[':protocol', 'websocket'], ...request]),
  row('CONNECT with a path', replaced(':method', 'CONNECT')),
  row('an asterisk with GET', replaced(':path', '*')),
  raw('a pseudo-header field in trailers', [
    open(1),
    frame(1, END_STREAM | END_HEADERS, 1, block([[':path', '/evil']])),
  ]),
  raw('a stream that depends on itself', [priority(1, 1), headers(1)], ends('PROTOCOL_ERROR')),
  row(
    'more header fields than one sidecar takes from another',
    [...request, ...Array.from({ length: 120 }, (_, i): [string, string] => [`x-${i}`, 'b'])],
    {
      kind: 'answered',
      status: 431,
    },
  ),
  raw('DATA on stream 0', [data(0, 'x')], ends('PROTOCOL_ERROR')),
  raw('DATA on a stream that nobody opened', [data(1, 'x')], ends('PROTOCOL_ERROR')),
  raw('HEADERS on an even stream', [headers(2)], ends('PROTOCOL_ERROR')),
  raw('a frame of 2^24 - 1 bytes', [Buffer.from('ffffff000000000001', 'hex')], ends('FRAME_SIZE_ERROR')),
  raw('a window of 2^31', [settings([[4, 0x8000_0000]])], ends('FLOW_CONTROL_ERROR')),
  raw('an ENABLE_PUSH of 2', [settings([[2, 2]])], ends('PROTOCOL_ERROR')),
  raw('a window that grows beyond 2^31 - 1', [windowUpdate(0, 0x7fff_ffff)], ends('FLOW_CONTROL_ERROR')),
  raw('a table size beyond what we allow', [frame(1, 5, 1, Buffer.from('3fe2ff0f', 'hex'))], ends('COMPRESSION_ERROR')),
  raw('an entry that no table has', [frame(1, 5, 1, Buffer.from('ffff0f', 'hex'))], ends('COMPRESSION_ERROR')),
  raw(
    'a string that is longer than its block',
    [frame(1, 5, 1, Buffer.from('00057861', 'hex'))],
    ends('COMPRESSION_ERROR'),
  ),
  raw('a number without end', [frame(1, 5, 1, Buffer.alloc(40, 0xff))], ends('COMPRESSION_ERROR')),
  raw('a field of 4 KB named 20 times by its index', [frame(1, 5, 1, bomb('x-a', 20))], {
    kind: 'answered',
    status: 431,
  }),
  ...['cookie', 'host'].map((name) =>
    raw(
      `a ${name} of 4 KB named 10 000 times by its index`,
      [frame(1, 5, 1, bomb(name, 10_000))],
      ends('ENHANCE_YOUR_CALM'),
    ),
  ),
];
