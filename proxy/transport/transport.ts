import type { Buffer } from 'node:buffer';

/**
 * Bytes in, bytes out over one connection, plain or TLS. Codecs know this and nothing beneath it.
 *
 * Writes are accepted at any time until `finish`, `end` or `destroy`; a write that returns false asks the caller to hold
 * back until `onDrain`. Nothing throws: a broken connection is reported once, by `onClose`.
 */
export interface Transport {
  readonly remoteAddress: string;
  readonly remotePort: number;
  /** Bytes accepted for writing and not yet taken by the kernel. */
  readonly bufferedBytes: number;
  /** Who is told what happens from now on. */
  setHandler(handler: TransportHandler): void;
  /** Writes text whose characters are all below U+0100, one byte each. */
  writeText(text: string): boolean;
  /** Writes `buffer[start, end)`; when not `owned` the bytes are copied before this returns. */
  writeBytes(buffer: Buffer, start: number, end: number, owned: boolean): boolean;
  pause(): void;
  resume(): void;
  /**
   * Whether the peer's end leaves our side open, as tunnels and TCP need it; by default it ends us too. To be said before
   * `onEnd`, at the latest within it.
   */
  allowHalfOpen(isAllowed: boolean): void;
  /**
   * Flushes, then says that we send no more (FIN; over TLS close_notify and FIN) and goes on reading. The connection
   * closes when the peer has ended too: whoever finishes must allow for a peer that never does.
   */
  finish(): void;
  /**
   * Flushes, then closes; what still arrives is dropped. The connection is cut one second after the last byte was
   * taken, or after a minute in which none was.
   */
  end(): void;
  /** Closes now; unsent bytes are lost and the peer may see a reset. */
  destroy(): void;
  /** As `destroy`, and the peer sees a reset, not an end. */
  reset(): void;
}

/** What happens on a connection. After `onClose` nothing more is called. */
export interface TransportHandler {
  /**
   * `buffer[0, length)` has arrived. When not `owned` the buffer is read into again as soon as this returns:
   * copy what must stay.
   */
  onBytes(buffer: Buffer, length: number, owned: boolean): void;
  /**
   * The peer has finished sending. Unless half-open was allowed, what was written is still flushed, and then the
   * connection ends from our side too.
   */
  onEnd(): void;
  onDrain(): void;
  /** The connection is gone; `error` says why when it did not end in the ordinary way. */
  onClose(error: Error | null): void;
}

/** One read fills at most this much; the kernel's own reads through libuv are of the same size. */
export const READ_BUFFER_BYTES = 65_536;

/** A read of at least this size keeps its buffer, so that a bulk body is relayed without a copy. */
export const HAND_OVER_BYTES = 16_384;

/** Hears nothing: stands in before a handler is set and after the connection has closed. */
export const deafHandler: TransportHandler = {
  onBytes() {},
  onEnd() {},
  onDrain() {},
  onClose() {},
};
