import type { Socket } from 'node:net';
import { HandleTransport } from './handle-transport.ts';
import { SocketTransport } from './socket-transport.ts';
import type { Transport } from './transport.ts';

/** A transport that delivers nothing until it is told to: a handler must be set first. */
export interface OpenedTransport extends Transport {
  startReading(): void;
}

export type TransportKind = 'handle' | 'socket';

let kind: TransportKind = 'socket';

/** Which transport new connections get: `socket` until the process has found that `handle` works here. */
export function transportKind(): TransportKind {
  return kind;
}

export function setTransportKind(chosen: TransportKind): void {
  kind = chosen;
}

/**
 * A transport over a connected socket; over TLS, once the handshake is over. `raw` is the socket that TLS is spoken on: only
 * that one can be reset.
 */
export function openTransport(socket: Socket, raw: Socket = socket): OpenedTransport {
  return kind === 'handle' ? new HandleTransport(socket, raw) : new SocketTransport(socket, raw);
}
