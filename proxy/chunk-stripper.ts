import { Buffer } from 'node:buffer';

/**
 * Takes the chunk lines off a body, for HTTP/1.0 clients. Its input has passed `ChunkScanner`, so it is well-formed;
 * trailers are dropped (RFC 9112 section 7.1.2 allows it).
 */
export class ChunkStripper {
  #line = '';
  #remaining = 0;
  #state: 'size' | 'data' | 'data-end' | 'trailer' = 'size';

  /** The data bytes within `bytes`. */
  strip(bytes: Buffer): Buffer {
    const parts: Buffer[] = [];
    let at = 0;
    while (at < bytes.length) {
      if (this.#state === 'data') {
        const take = Math.min(bytes.length - at, this.#remaining);
        parts.push(bytes.subarray(at, at + take));
        at += take;
        this.#remaining -= take;
        if (this.#remaining === 0) this.#state = 'data-end';
      } else {
        this.#control(bytes[at++] as number); // at < bytes.length
      }
    }
    return Buffer.concat(parts);
  }

  #control(code: number): void {
    if (this.#state === 'trailer') return;
    if (code !== 10) {
      if (this.#state === 'size') this.#line += String.fromCharCode(code);
      return;
    }
    if (this.#state === 'data-end') {
      this.#state = 'size';
      return;
    }
    this.#remaining = Number.parseInt(this.#line, 16);
    this.#line = '';
    this.#state = this.#remaining === 0 ? 'trailer' : 'data';
  }
}
