import { MAX_CLIENT_HELLO_BYTES, parseClientHello } from './client-hello.ts';
import { detectProtocol } from './detect-protocol.ts';

/** Whatever a client sends first: nothing throws, and what a prefix decided stays. */
export const clientHelloFuzz = {
  name: 'client-hello',
  run(bytes: Uint8Array): void {
    const whole = parseClientHello(bytes);
    if (typeof whole === 'object' && !/^[a-z0-9._-]{0,255}$/.test(whole.serverName)) {
      throw new Error(`a name that no host can have: ${JSON.stringify(whole.serverName)}`);
    }
    if (whole === 'more' && bytes.length >= MAX_CLIENT_HELLO_BYTES) throw new Error('more than the bound is asked for');
    const half = bytes.subarray(0, bytes.length >> 1);
    const early = parseClientHello(half);
    if (early !== 'more' && JSON.stringify(early) !== JSON.stringify(whole)) throw new Error('what follows changes it');
    const protocol = detectProtocol(half);
    if (protocol !== 'more' && protocol !== detectProtocol(bytes)) throw new Error('what follows changes the protocol');
  },
};
