import { Buffer } from 'node:buffer';
import { NEW_CONNECTION_MS } from '../transport/new-connection.ts';
import type { Transport, TransportHandler } from '../transport/transport.ts';
import type { ServedConnection, ServedConnections } from './accepted-connection.ts';
import type { ClientHello } from './client-hello.ts';
import { parseClientHello } from './client-hello.ts';
import type { DetectedProtocol } from './detect-protocol.ts';
import { detectProtocol } from './detect-protocol.ts';

export interface DetectionOptions {
  /** For TLS the whole ClientHello is waited for. */
  readonly readsClientHello: boolean;
  /** A client that is silent for so long may be waiting for the server; 0 where that is of no interest. */
  readonly silenceMs: number;
  /** The answer is given then, and no earlier for want of bytes; 0 is no bound. A timer: one second's precision is too coarse. */
  readonly timeoutMs: number;
  /** By the sweeper's clock. */
  readonly nowMs: number;
}

/** What was found out. */
export interface Detected {
  readonly protocol: Exclude<DetectedProtocol, 'more'>;
  /** Null for what is not TLS, and for TLS whose ClientHello is no good. */
  readonly hello: ClientHello | null;
  /** The time was over before it was clear. */
  readonly isTimeout: boolean;
  /** What was read; null for nothing. */
  readonly first: Buffer | null;
  /** The client has finished sending. */
  readonly hasEnded: boolean;
}

/** One of `onDetected` and `onGone` is called, once; `onSilence` at most once before. */
export interface DetectionOwner {
  /** The transport is the owner's: it reads, and half-open is allowed. */
  onDetected(detected: Detected): void;
  onSilence(): void;
  onGone(): void;
}

/**
 * Reads the first bytes of a connection until they tell its protocol. It keeps no more of them than that takes, 16 KiB and
 * one read.
 */
export class ProtocolDetection implements TransportHandler, ServedConnection {
  readonly #transport: Transport;
  readonly #served: ServedConnections;
  readonly #options: DetectionOptions;
  readonly #owner: DetectionOwner;
  #bytes: Buffer | null = null;
  #silence: NodeJS.Timeout | null = null;
  #timeout: NodeJS.Timeout | null = null;
  #isOver = false;
  #isDraining = false;

  /** The transport must be about to read, or reading. */
  constructor(transport: Transport, served: ServedConnections, options: DetectionOptions, owner: DetectionOwner) {
    this.#transport = transport;
    this.#served = served;
    this.#options = options;
    this.#owner = owner;
    served.add(this);
    transport.setHandler(this);
    transport.allowHalfOpen(true); // a client may have said all it has to say
    if (options.silenceMs > 0) this.#silence = setTimeout(() => owner.onSilence(), options.silenceMs);
    if (options.timeoutMs > 0) {
      this.#timeout = setTimeout(() => this.#settle('tcp', null, true, false), options.timeoutMs).unref();
    }
  }

  /** Ends the search from outside; answers what was read. */
  stop(): Buffer | null {
    this.#isOver = true;
    this.#served.delete(this);
    if (this.#silence !== null) clearTimeout(this.#silence);
    if (this.#timeout !== null) clearTimeout(this.#timeout);
    return this.#bytes;
  }

  onBytes(buffer: Buffer, length: number, owned: boolean): void {
    const piece = buffer.subarray(0, length);
    if (this.#bytes !== null) this.#bytes = Buffer.concat([this.#bytes, piece]);
    else this.#bytes = owned ? piece : Buffer.from(piece);
    this.#look();
  }

  #look(): void {
    const bytes = this.#bytes;
    if (bytes === null) return;
    const protocol = detectProtocol(bytes);
    if (protocol === 'more') return;
    if (protocol !== 'tls' || !this.#options.readsClientHello) {
      this.#settle(protocol, null, false, false);
      return;
    }
    const hello = parseClientHello(bytes);
    if (hello !== 'more') this.#settle('tls', hello === 'malformed' ? null : hello, false, false);
  }

  #settle(protocol: Detected['protocol'], hello: ClientHello | null, isTimeout: boolean, hasEnded: boolean): void {
    const first = this.stop();
    this.#owner.onDetected({ protocol, hello, isTimeout, first, hasEnded });
  }

  onEnd(): void {
    if (!this.#isOver) this.#settle('tcp', null, false, true);
  }

  onDrain(): void {}

  onClose(): void {
    if (this.#isOver) return;
    this.stop();
    this.#owner.onGone();
  }

  sweep(nowMs: number): void {
    if (!this.#isDraining || this.#bytes !== null || nowMs - this.#options.nowMs <= NEW_CONNECTION_MS) return;
    if (this.#timeout !== null) clearTimeout(this.#timeout);
    this.#transport.end();
  }

  /** A connection on which nothing is said loses nothing; on a new one the first bytes may be on their way. */
  drain(): void {
    this.#isDraining = true;
  }
}
