import type { Socket } from 'node:net';
import { TLSSocket } from 'node:tls';

/**
 * Closes a connection so that its peer sees a reset and nothing before it. `raw` is the socket beneath TLS, or the same.
 *
 * Node's `resetAndDestroy` says the end first, behind all that is still to be sent, and a peer that reads it takes what it
 * has for everything. The flag is what that method sets; a Node that does not know it closes without a reset.
 */
export function resetSocket(socket: Socket, raw: Socket): void {
  // libuv does not reset a connection whose end is just being said, and would leave it open
  const isSayingEnd = socket.writableEnded && !socket.writableFinished && socket.writableLength === 0;
  if (isSayingEnd || raw instanceof TLSSocket) {
    socket.destroy();
    return;
  }
  (raw as Socket & { resetAndClosing: boolean }).resetAndClosing = true;
  raw.destroy();
}
