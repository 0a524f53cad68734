import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { DetectedProtocol } from './detect-protocol.ts';
import { detectProtocol, MAX_DETECTED_LINE_BYTES } from './detect-protocol.ts';

const detect = (text: string) => detectProtocol(Buffer.from(text, 'latin1'));

describe('detectProtocol', () => {
  it.each<[bytes: string, protocol: DetectedProtocol]>([
    ['', 'more'],
    ['G', 'more'],
    ['GET', 'more'],
    ['GET ', 'http1'],
    ['\r', 'more'],
    ['\r\n', 'more'],
    ['\r\nGET / HTTP/1.1\r\n', 'http1'],
    ['\r\n\r\n', 'more'],
    ['\n', 'more'],
    // no request to the RFC, and one to some application
    ['\r\n\r\nGET / HTTP/1.1\r\n', 'http1'],
    ['\nGET / HTTP/1.1\r\n', 'http1'],
    ['\r\r\n \tGET / HTTP/1.1\r\n', 'http1'],
    ['GET\t/ HTTP/1.1\r\n', 'http1'],
    ['PURGE /a HTTP/1.1\n', 'http1'],
    ['PURGE\t/\xe9\tHTTP/1.0\r', 'http1'],
    ['\r\n*1\r\n', 'tcp'],
    ['\n\x00', 'tcp'],
    ['POST /a', 'http1'],
    ['CONNECT a:80', 'http1'],
    ['PURGE /a', 'more'],
    ['PURGE /a HTTP/1.1\r', 'http1'],
    ['PURGE /a HTTP/2\r', 'tcp'],
    ['P', 'more'],
    ['PRI ', 'more'],
    ['PRI * HTTP/', 'more'],
    ['PRI * HTTP/2', 'http2'],
    ['PRI * HTTP/1.1\r\n', 'http1'],
    ['PRI / HTTP/1.1\r\n', 'http1'],
    ['PRI *\r\n', 'tcp'],
    // Redis
    ['*', 'more'],
    ['*1\r\n$4\r\nPING\r\n', 'tcp'],
    ['PING\r\n', 'tcp'],
    ['SET key 1\r\n', 'tcp'],
    // memcached, SMTP, IRC
    ['get a\r\n', 'tcp'],
    ['EHLO example.com\r\n', 'tcp'],
    ['NICK someone\n', 'tcp'],
    // PostgreSQL: length, then the SSLRequest code; MySQL and MongoDB begin with lengths too
    ['\x00\x00\x00\x08\x04\xd2\x16\x2f', 'tcp'],
    ['\xffSMB', 'tcp'],
    // TLS
    ['\x16', 'more'],
    ['\x16\x03', 'more'],
    ['\x16\x03\x01\x02\x00', 'more'],
    ['\x16\x03\x01\x02\x00\x01', 'tls'],
    ['\x16\x03\x01\x02\x00\x02', 'tcp'],
    ['\x16\x02', 'tcp'],
    ['\x16\x03\x05', 'tcp'],
    ['\x16\x03\x01\x00\x00', 'tcp'],
    ['\x16\x03\x01\x41', 'tcp'],
    ['\x15\x03\x01\x00\x02\x01', 'tcp'],
    // SSL 2
    ['\x80\x2e\x01', 'tcp'],
  ])('calls %j %s', (bytes, protocol) => {
    expect(detect(bytes)).toBe(protocol);
  });

  it('leaves nothing but empty lines to the parser', () => {
    expect(detect('\r\n'.repeat(MAX_DETECTED_LINE_BYTES / 2))).toBe('more');
    expect(detect(`${'\r\n'.repeat(MAX_DETECTED_LINE_BYTES / 2)}\n`)).toBe('http1');
  });

  it('looks for the end of a line, and for the end of a word, up to a bound', () => {
    expect(detect('A'.repeat(32))).toBe('more');
    expect(detect('A'.repeat(33))).toBe('tcp');
    expect(detect(`SET ${'a'.repeat(MAX_DETECTED_LINE_BYTES - 4)}`)).toBe('more');
    expect(detect(`SET ${'a'.repeat(MAX_DETECTED_LINE_BYTES - 3)}`)).toBe('tcp');
  });

  it('does not change its mind, in whatever pieces the bytes come', () => {
    const pieces = fc.constantFrom(
      'GET',
      ' ',
      '/',
      'PRI',
      '*',
      'HTTP/',
      '1.1',
      '2',
      '2.0',
      '\r',
      '\n',
      'x',
      '\x16\x03\x01',
    );
    fc.assert(
      fc.property(fc.array(fc.oneof(pieces, fc.string({ maxLength: 3 })), { maxLength: 8 }), (parts) => {
        const bytes = Buffer.from(parts.join(''), 'latin1');
        const whole = detectProtocol(bytes);
        for (let end = 0; end <= bytes.length; end++) {
          const early = detectProtocol(bytes.subarray(0, end));
          if (early !== 'more') expect(early).toBe(whole);
        }
      }),
      { numRuns: 2000 },
    );
  });
});
