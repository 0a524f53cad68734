import { createHash, randomBytes } from 'node:crypto';
import { headerValue } from '../message-head.ts';

/**
 * The part of WebSocket's opening handshake that HTTP/1 has and HTTP/2 has not (RFC 8441 section 5): a key and the proof
 * that it was understood. Where both sides speak HTTP/1 it is theirs alone and passes through unread.
 */

/** RFC 6455 section 1.3. */
const ACCEPT_GUID = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11';

/** A fresh `sec-websocket-key`, for a request that came over HTTP/2. */
export function newWebSocketKey(): string {
  return randomBytes(16).toString('base64');
}

/** The `sec-websocket-accept` that answers a key (RFC 6455 section 4.2.2). */
export function webSocketAccept(key: string): string {
  return createHash('sha1').update(`${key}${ACCEPT_GUID}`).digest('base64');
}

/**
 * The line that proves to an HTTP/1 client that its key was understood; empty where the upstream has written one, where
 * the client sent no key, and for protocols other than WebSocket.
 */
export function missingAcceptLine(requestBlock: string, responseBlock: string): string {
  const key = headerValue(requestBlock, 'sec-websocket-key');
  if (key === null || headerValue(responseBlock, 'sec-websocket-accept') !== null) return '';
  return `sec-websocket-accept: ${webSocketAccept(key)}\r\n`;
}

/** A block without its line `sec-websocket-accept`: to a client that sent no key it would say nothing. */
export function withoutAccept(block: string): string {
  return block.replace(/(^|\r\n)sec-websocket-accept:[^\r]*\r\n/i, '$1');
}
