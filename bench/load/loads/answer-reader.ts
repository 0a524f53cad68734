import { Buffer } from 'node:buffer';

const endOfHead = Buffer.from('\r\n\r\n');

/**
 * Finds the end of one answer of HTTP/1.1 after the other, for clients that must cost little: heads of any form,
 * bodies with `content-length` or in chunks whose last is followed by no trailers.
 */
export class AnswerReader {
  /** Status of the answer that was completed last. */
  status = 0;
  bodyBytes = 0;
  #held: Buffer = Buffer.alloc(0);
  #bodyLeft = -1;
  #isChunked = false;

  /** Takes bytes; true when they complete an answer. Bytes after its end make its status 0. */
  take(bytes: Buffer): boolean {
    if (this.#bodyLeft >= 0) return this.#takeBody(bytes.length);
    this.#held = this.#held.length === 0 ? bytes : Buffer.concat([this.#held, bytes]);
    if (this.#isChunked) return this.#takeChunks();
    const headEnd = this.#held.indexOf(endOfHead);
    if (headEnd < 0) return false;
    const head = this.#held.toString('latin1', 0, headEnd);
    this.status = Number(head.slice(9, 12));
    this.#held = this.#held.subarray(headEnd + endOfHead.length);
    const length = /\r\ncontent-length: *(\d+)/i.exec(head)?.[1];
    if (length === undefined) {
      this.#isChunked = true;
      return this.#takeChunks();
    }
    this.bodyBytes = Number(length);
    this.#bodyLeft = this.bodyBytes;
    const rest = this.#held.length;
    this.#held = Buffer.alloc(0);
    return this.#takeBody(rest);
  }

  #takeBody(length: number): boolean {
    this.#bodyLeft -= length;
    if (this.#bodyLeft > 0) return false;
    if (this.#bodyLeft < 0) this.status = 0; // more than was announced is no answer
    this.#bodyLeft = -1;
    return true;
  }

  #takeChunks(): boolean {
    if (!this.#held.subarray(-5).equals(endOfChunks)) return false;
    this.bodyBytes = this.#held.length;
    this.#held = Buffer.alloc(0);
    this.#isChunked = false;
    return true;
  }
}

const endOfChunks = Buffer.from('0\r\n\r\n');
