/** What somebody may say to a port that takes TLS and nothing else; latin1 text. */

const record = (type: number, version: string, payload: string) =>
  `${String.fromCharCode(type)}${version}${String.fromCharCode(payload.length >> 8, payload.length & 255)}${payload}`;

/** The beginning of a handshake. */
export const halfHello = '\x16\x03\x01\x02\x00\x01';

/** What is answered with an alert at most. */
export const wrongBytes: [what: string, bytes: string][] = [
  ['a hello of SSLv2', '\x80\x2e\x01\x00\x02\x00\x15\x00\x00\x00\x10\x01\x00\x80'.padEnd(48, '\0')],
  ['a hello of SSLv3', record(22, '\x03\x00', '\x01\x00\x00\x25\x03\x00'.padEnd(41, '\0'))],
  ['a record of more than 16 KiB', `\x16\x03\x01\xff\xff${'\x01'.repeat(70_000)}`],
  ['empty records', record(22, '\x03\x01', '').repeat(100)],
  ['change-cipher-spec again and again', record(20, '\x03\x03', '\x01').repeat(1000)],
  ['alerts again and again', record(21, '\x03\x03', '\x01\x00').repeat(1000)],
  ['a hello of 16 MB that never comes', record(22, '\x03\x01', '\x01\xff\xff\xff').padEnd(20_000, 'x')],
  ['application data before any handshake', record(23, '\x03\x03', 'GET / HTTP/1.1\r\nHost: a\r\n\r\n')],
  ['HTTP/1 in plaintext', 'GET / HTTP/1.1\r\nHost: a\r\n\r\n'],
  ['HTTP/2 in plaintext', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'],
];

/** Type, version, length, and one alert that is fatal (RFC 8446 section 6). */
export const isAlert = (answer: string): boolean =>
  answer.length === 7 && answer.startsWith('\x15\x03') && answer.slice(3, 6) === '\x00\x02\x02';
