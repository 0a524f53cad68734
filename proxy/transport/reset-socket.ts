import type { Socket } from 'node:net';
import { TLSSocket } from 'node:tls';

/**
 * Closes a connection so that its peer sees a reset and nothing before it. `raw` is the socket beneath TLS, or the same.
 *
 * Node's `resetAndDestroy` says the end first, behind all that is still to be sent, and a peer that reads it takes what it
 * has for everything. The flag is what that method sets; a Node that does not know it closes without a reset.
 *
 * TLS is destroyed from above, and takes the socket beneath with it. Where that one goes first, Node 20 frees TLS at the next
 * tick after it is destroyed as well; when both happen in the callback of a handshake, that is before OpenSSL has come back
 * from it, and the process ends in native code.
 */
export function resetSocket(socket: Socket, raw: Socket): void {
  // libuv does not reset a connection whose end is just being said, and would leave it open
  const isSayingEnd = socket.writableEnded && !socket.writableFinished && socket.writableLength === 0;
  if (!isSayingEnd && !(raw instanceof TLSSocket))
    (raw as Socket & { resetAndClosing: boolean }).resetAndClosing = true;
  socket.destroy();
}
