import type { Socket } from 'node:net';

/**
 * Connections on which nothing is being answered, the one that has waited longest first. When there are too many, that one
 * makes room: clients that open connections and say nothing, or half a request, cannot keep out one that asks.
 */
export class WaitingConnections {
  readonly #sockets = new Set<Socket>();
  readonly #max: number;

  constructor(max: number) {
    this.#max = max;
  }

  add(socket: Socket): void {
    this.#sockets.add(socket);
    if (this.#sockets.size <= this.#max) return;
    for (const oldest of this.#sockets) {
      this.#sockets.delete(oldest);
      oldest.destroy();
      return;
    }
  }

  delete(socket: Socket): void {
    this.#sockets.delete(socket);
  }
}
