import { Buffer } from 'node:buffer';

/**
 * Takes the chunk lines off a body of HTTP/1, for whoever cannot send it on as it is: HTTP/1.0 clients and HTTP/2. Its
 * input has passed `ChunkScanner`, so it is well-formed and its trailers are bounded.
 */
export class ChunkStripper {
  /** The trailer section so far, lines that end in CRLF; whole once the body is. */
  trailers = '';
  #line = '';
  #remaining = 0;
  #state: 'size' | 'data' | 'data-end' | 'trailer' = 'size';

  /** The data bytes within `bytes`: part of the same memory when they are one piece, a copy otherwise. */
  strip(bytes: Buffer): Buffer {
    let only: Buffer | null = null;
    let parts: Buffer[] | null = null;
    let at = 0;
    while (at < bytes.length) {
      if (this.#state === 'data') {
        const take = Math.min(bytes.length - at, this.#remaining);
        const part = bytes.subarray(at, at + take);
        if (only === null) only = part;
        else if (parts === null) parts = [only, part];
        else parts.push(part);
        at += take;
        this.#remaining -= take;
        if (this.#remaining === 0) this.#state = 'data-end';
      } else {
        this.#control(bytes[at++] as number); // at < bytes.length
      }
    }
    return parts === null ? (only ?? nothing) : Buffer.concat(parts);
  }

  #control(code: number): void {
    if (this.#state !== 'data-end') this.#line += String.fromCharCode(code);
    if (code !== 10) return;
    const line = this.#line;
    this.#line = '';
    switch (this.#state) {
      case 'size':
        this.#remaining = Number.parseInt(line, 16);
        this.#state = this.#remaining === 0 ? 'trailer' : 'data';
        return;
      case 'trailer':
        if (line !== '\r\n') this.trailers += line;
        return;
      default:
        this.#state = 'size';
    }
  }
}

const nothing = Buffer.alloc(0);
