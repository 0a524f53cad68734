import type { Socket } from 'node:net';

/** `delayed_close_timeout` of Envoy: how long the peer may take to close once the last answer is on its way. */
const LINGER_MS = 1000;

/** A peer that reads nothing of its last answer for so many lingers is given up. */
const MAX_STALLED_LINGERS = 60;

/**
 * Cuts a socket that was ended: one second after the last byte was taken by the kernel, or after a minute in which none
 * was. `unsentBytes` tells how many are left.
 */
export function cutAfterLinger(socket: Socket, unsentBytes: () => number): void {
  let unsent = unsentBytes();
  let stalled = 0;
  const linger = setInterval(() => {
    const left = unsentBytes();
    stalled = left < unsent ? 0 : stalled + 1;
    if (unsent === 0 || stalled >= MAX_STALLED_LINGERS) socket.destroy();
    unsent = left;
  }, LINGER_MS).unref();
  socket.once('close', () => clearInterval(linger));
}
