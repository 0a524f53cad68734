import type { Socket } from 'node:net';

/** A connection that was accepted here and is to be served by a worker. */
export interface AcceptedConnection {
  /** Number of the listener that it came in at. */
  readonly listener: number;
  /** Paused, and never read here. */
  readonly socket: Socket;
}

/** A worker as far as connections are given to it. */
export interface ConnectionTaker {
  /** Given, and not yet known to have arrived. */
  readonly untaken: number;
  give(connection: AcceptedConnection): void;
}

/** So many may be on their way to one worker. One that is too busy to look at them gets no more meanwhile. */
const maxUntaken = 8;
/** Connections that wait for a worker; as many as the listening socket's own queue would hold. */
const maxWaiting = 4_096;

/**
 * Gives each new connection to the next worker in turn.
 *
 * In a mesh connections are few and live long, so it matters that every worker gets as many as the others: with two workers
 * and two connections of HTTP/2 the chance is one in two that one of them does all the work. With a shared listening socket
 * whoever wakes first accepts all that waits: of 64 connections that came at once two workers had 12 and 52, of 8 they had
 * 2 and 6; in turn they are 32 and 32, 4 and 4. Envoy's `exact_balance` exists for the same reason and is advised for the
 * same case.
 *
 * It has its price, for each connection and not for a request: some 75 µs in the main process and 90 µs in the worker, where a
 * shared socket costs nothing. That is a sixth of a TLS handshake, and as much again as a plaintext connection that carries one
 * request: clients that open one for each are served faster by a single process. The price is that of `process.send` with a
 * handle, which is acknowledged before the next one goes: Node's raw handles in place of sockets, and JSON on the channel, each
 * save about a fifth of it.
 *
 * What a worker had not yet taken when it ended goes to another one.
 */
export class HandOver {
  readonly #takers: ConnectionTaker[] = [];
  readonly #waiting: AcceptedConnection[] = [];
  readonly #onRefused: () => void;
  #next = 0;

  /** `onRefused`: a connection was closed because too many wait. */
  constructor(onRefused: () => void) {
    this.#onRefused = onRefused;
  }

  get waiting(): number {
    return this.#waiting.length;
  }

  add(taker: ConnectionTaker): void {
    this.#takers.push(taker);
    this.pump();
  }

  /** Gives it no more; `untaken` are those that it was given in vain. */
  remove(taker: ConnectionTaker, untaken: readonly AcceptedConnection[]): void {
    const index = this.#takers.indexOf(taker);
    if (index >= 0) this.#takers.splice(index, 1);
    this.#waiting.unshift(...untaken);
    this.pump();
  }

  offer(connection: AcceptedConnection): void {
    if (this.#waiting.length >= maxWaiting) {
      connection.socket.destroy();
      this.#onRefused();
      return;
    }
    this.#waiting.push(connection);
    this.pump();
  }

  /** A worker may have room again. */
  pump(): void {
    for (let first = this.#waiting[0]; first !== undefined; first = this.#waiting[0]) {
      const taker = this.#nextTaker();
      if (taker === null) return;
      this.#waiting.shift();
      taker.give(first);
    }
  }

  /** Closes what still waits. */
  close(): void {
    for (const { socket } of this.#waiting.splice(0)) socket.destroy();
  }

  #nextTaker(): ConnectionTaker | null {
    const { length } = this.#takers;
    for (let i = 0; i < length; i++) {
      const index = (this.#next + i) % length;
      const taker = this.#takers[index];
      if (taker === undefined || taker.untaken >= maxUntaken) continue;
      this.#next = index + 1;
      return taker;
    }
    return null;
  }
}
