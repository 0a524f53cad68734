import type { OpenedTransport } from '../transport/open-transport.ts';

/** The other end of an accepted connection. Without mTLS there is an address and nothing else. */
export interface AcceptedPeer {
  /** SPIFFE id that was verified in the handshake, or empty. */
  readonly principal: string;
  readonly address: string;
  /** `x-forwarded-client-cert: …\r\n` for the application, or empty. */
  readonly clientCertLine: string;
  metadata: string;
}

/** A connection that was accepted, and that is given to whoever can make something of it. */
export interface AcceptedConnection {
  readonly peer: AcceptedPeer;
  /** What the handshake agreed on; empty without TLS. */
  readonly alpnProtocol: string;
  /** Where whoever has the connection is to be found as long as he has it. */
  readonly served: ServedConnections;
}

/** A connection that has just come: nothing is read before `startReading`. */
export interface NewConnection extends AcceptedConnection {
  readonly transport: OpenedTransport;
}

/** Somebody who has a connection: a codec, a splice, or the search for which of them it is to be. */
export interface ServedConnection {
  /** Ends as soon as that breaks nothing off. */
  drain(): void;
  /** Looks for what takes too long; called about once a second. */
  sweep(nowMs: number): void;
}

/** All that have a connection of one listener. */
export class ServedConnections {
  readonly #all = new Set<ServedConnection>();
  #isDraining = false;

  get size(): number {
    return this.#all.size;
  }

  add(connection: ServedConnection): void {
    this.#all.add(connection);
    if (this.#isDraining) connection.drain();
  }

  delete(connection: ServedConnection): void {
    this.#all.delete(connection);
  }

  sweep(nowMs: number): void {
    for (const connection of this.#all) connection.sweep(nowMs);
  }

  /** Drains those of now. */
  shed(): void {
    for (const connection of this.#all) connection.drain();
  }

  /** Drains those of now, and those that come later as soon as they come. */
  drain(): void {
    this.#isDraining = true;
    this.shed();
  }
}
