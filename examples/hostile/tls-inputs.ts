import { Buffer } from 'node:buffer';
import type { ConnectionOptions } from 'node:tls';
import { createTestMesh } from '../../certs/testing/test-identity.ts';
import { wrongLeaves } from '../../certs/testing/wrong-leaves.ts';

/** Handshakes that must fail, as options of node:tls. */
export function refusedHandshakes(): readonly { readonly name: string; readonly options: ConnectionOptions }[] {
  const foreign = createTestMesh('cluster.local');
  const identity = foreign.identity('web');
  return [
    { name: 'no certificate', options: {} },
    { name: 'a certificate of another authority', options: { key: identity.key, cert: identity.cert } },
    ...wrongLeaves.slice(0, 8).map(({ what, wrong }) => {
      const { key, cert } = foreign.misissued(wrong);
      return { name: `a foreign certificate with ${what}`, options: { key, cert } };
    }),
    { name: 'TLS 1.2', options: { minVersion: 'TLSv1.2', maxVersion: 'TLSv1.2' } },
    { name: 'TLS 1.1', options: { minVersion: 'TLSv1.1', maxVersion: 'TLSv1.1', ciphers: 'ALL@SECLEVEL=0' } },
    { name: 'TLS 1.0', options: { minVersion: 'TLSv1', maxVersion: 'TLSv1', ciphers: 'ALL@SECLEVEL=0' } },
    { name: 'a server name of 255 characters', options: { servername: `${'a'.repeat(251)}.com` } },
  ];
}

const sized = (text: string) => String.fromCharCode(text.length >> 8, text.length & 255) + text;
const record = (type: number, text: string) => `${String.fromCharCode(type)}\x03\x01${sized(text)}`;

/** One record with a ClientHello of TLS 1.3 that has these extensions. */
function clientHello(extensions: string): string {
  const body = `\x03\x03${'r'.repeat(32)}\x00${sized('\x13\x01')}\x01\x00${sized(extensions)}`;
  return record(22, `\x01\x00${sized(body)}`);
}

const serverName = (name: string) => `\x00\x00${sized(sized(`\x00${sized(name)}`))}`;
const versions = '\x00\x2b\x00\x03\x02\x03\x04';
const alpn = (name: string) => `\x00\x10${sized(sized(String.fromCharCode(name.length) + name))}`;

/** Bytes that are no handshake, or one that goes wrong early. */
export const tlsBytes: readonly { readonly name: string; readonly bytes: Buffer }[] = (
  [
    ['a hello of SSLv2', '\x80\x2e\x01\x00\x02\x00\x15\x00\x00\x00\x10\x01\x00\x80\x02\x00\x80'.padEnd(48, '\x07')],
    ['a hello of SSLv3', '\x16\x03\x00\x00\x2f\x01\x00\x00\x2b\x03\x00'.padEnd(52, '\x01')],
    ['a server name with NUL', clientHello(versions + serverName('cart\0.evil'))],
    ['a server name of 300 bytes', clientHello(versions + serverName('a'.repeat(300)))],
    ['an empty server name', clientHello(versions + serverName(''))],
    ['two server names', clientHello(versions + serverName('a') + serverName('b'))],
    ['a protocol that nobody knows', clientHello(versions + alpn('evil'))],
    ['an empty protocol', clientHello(versions + alpn(''))],
    ['extensions that are longer than the hello', clientHello('\x00\x00\xff\xff')],
    ['half a hello', clientHello(versions).slice(0, 30)],
    ['a record of 2^14 + 2048 bytes', record(22, 'x'.repeat(18_432))],
    ['an empty record', record(22, '')],
    ['many empty records', record(22, '').repeat(1000)],
    ['an alert', record(21, '\x02\x28')],
    ['application data', record(23, 'x'.repeat(100))],
    ['a change of cipher', record(20, '\x01').repeat(100)],
    ['a heartbeat', record(24, '\x01\x40\x00')],
    ['HTTP in plaintext', 'GET / HTTP/1.1\r\nHost: a\r\n\r\n'],
    ['HTTP/2 in plaintext', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'],
    ['nothing', ''],
    ['zeros', '\0'.repeat(5000)],
  ] as const
).map(([name, text]) => ({ name, bytes: Buffer.from(text, 'latin1') }));
