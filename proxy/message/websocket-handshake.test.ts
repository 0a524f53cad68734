import { Buffer } from 'node:buffer';
import { describe, expect, it } from 'vitest';
import { missingAcceptLine, newWebSocketKey, webSocketAccept, withoutAccept } from './websocket-handshake.ts';

const key = 'dGhlIHNhbXBsZSBub25jZQ==';
const accept = 's3pPLMBiTxaQ9kYGzzhZRbK+xOo=';

describe('the opening handshake of WebSocket', () => {
  it('answers the key of RFC 6455 section 1.3 as written there', () => {
    expect(webSocketAccept(key)).toBe(accept);
  });

  it('makes keys of 16 bytes, and never the same twice', () => {
    const keys = Array.from({ length: 20 }, newWebSocketKey);
    expect(new Set(keys).size).toBe(20);
    for (const made of keys) expect(Buffer.from(made, 'base64')).toHaveLength(16);
  });

  it('adds the proof only where a key was sent and the upstream has not answered it', () => {
    const request = `Host: a\r\nSec-WebSocket-Key: ${key}\r\n`;
    expect(missingAcceptLine(request, 'X: 1\r\n')).toBe(`sec-websocket-accept: ${accept}\r\n`);
    expect(missingAcceptLine(request, `Sec-WebSocket-Accept: ${accept}\r\n`)).toBe('');
    expect(missingAcceptLine('Host: a\r\n', 'X: 1\r\n')).toBe('');
  });

  it('takes the proof out of a block and nothing else', () => {
    expect(withoutAccept(`A: 1\r\nSec-WebSocket-Accept: ${accept}\r\nB: 2\r\n`)).toBe('A: 1\r\nB: 2\r\n');
    expect(withoutAccept('A: 1\r\n')).toBe('A: 1\r\n');
  });
});
