import type { FuzzTarget } from '../testing/fuzz/fuzz-target.ts';
import { MAX_CLIENT_HELLO_BYTES, parseClientHello } from './client-hello.ts';
import { detectProtocol } from './detect-protocol.ts';

/** Whatever a client sends first: nothing throws, what a prefix decided stays, and a name is one that a host can have. */
export const clientHelloTarget: FuzzTarget = {
  name: 'client-hello',
  seeds: [
    hello(''),
    hello('\x00\x00\x00\x0e\x00\x0c\x00\x00\x09a.example'),
    hello('\x00\x10\x00\x05\x00\x03\x02h2'),
    'GET / HTTP/1.1\r\n',
    'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n',
  ],
  tokens: ['\x16\x03\x01', '\x01\x00\x00', '\x00\x00', '\x00\x10', 'a.example', 'GET ', 'PRI * ', ' HTTP/1.1\r'],
  run(bytes) {
    const whole = parseClientHello(bytes);
    if (typeof whole === 'object' && !/^[a-z0-9._-]{0,255}$/.test(whole.serverName)) {
      throw new Error(`a name that no host can have: ${JSON.stringify(whole.serverName)}`);
    }
    if (whole === 'more' && bytes.length >= MAX_CLIENT_HELLO_BYTES) throw new Error('more than the bound is asked for');
    const half = bytes.subarray(0, bytes.length >> 1);
    const early = parseClientHello(half);
    if (early !== 'more' && JSON.stringify(early) !== JSON.stringify(whole)) throw new Error('what follows changes it');
    const protocol = detectProtocol(bytes);
    const guess = detectProtocol(half);
    if (guess !== 'more' && guess !== protocol) throw new Error('what follows changes the protocol');
    return `${protocol} ${typeof whole === 'object' ? `${whole.serverName !== ''} ${whole.alpnProtocols.length}` : whole}`;
  },
};

/** One record with a ClientHello that has these extensions. */
function hello(extensions: string): string {
  const body = `\x03\x03${'r'.repeat(32)}\x00\x00\x02\x13\x01\x01\x00${sized(extensions)}`;
  return `\x16\x03\x01${sized(`\x01\x00${sized(body)}`)}`;
}

function sized(text: string): string {
  return String.fromCharCode(text.length >> 8, text.length & 255) + text;
}
