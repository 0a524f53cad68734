import type { Buffer } from 'node:buffer';
import { isFieldByte } from '../message/field-bytes.ts';
import { isForbiddenTrailer } from '../message/forbidden-trailers.ts';
import type { ExtensionState } from './chunk-extension.ts';
import { nextInExtension } from './chunk-extension.ts';

/** What is wrong with a chunked body. */
export type ChunkFault = 'malformed' | 'too-large';

/**
 * How far chunk extensions and trailers may outweigh the data that came before them. Node refuses more than 16 KiB of
 * extensions in a chunk; that alone would let a peer send 16 KiB for each byte of a body.
 */
const MAX_OVERHEAD_BYTES = 16_384;

/**
 * Finds the end of a chunked body without taking it apart (RFC 9112 section 7.1), in any split of its bytes.
 *
 * Strict where parsers are known to disagree: a size is one to eight hex digits, every line ends in CRLF, chunk
 * data is followed by CRLF, an extension is a name with or without a value, and a trailer cannot carry framing or routing
 * fields (section 6.5 of RFC 9110), so what is forwarded reads the same everywhere.
 *
 * Data is sent on as it comes. Trailers are kept back until the section is whole: a recipient may act on a line before it has
 * seen the end.
 */
export class ChunkScanner {
  fault: ChunkFault | null = null;
  /** After a scan that has not found the end: the offset up to which that buffer can be sent on now. */
  sendableEnd = 0;
  /**
   * The whole trailer section, when earlier buffers held a part of it that was kept back: to be sent instead of what the last
   * buffer held. Otherwise empty.
   */
  keptBack = '';
  #state: State = 'size';
  #extension: ExtensionState = 'name-start';
  #digits = 0;
  #remaining = 0;
  #overhead = 0;
  #trailer = '';

  reset(): void {
    this.fault = null;
    this.sendableEnd = 0;
    this.keptBack = '';
    this.#state = 'size';
    this.#extension = 'name-start';
    this.#digits = 0;
    this.#remaining = 0;
    this.#overhead = 0;
    this.#trailer = '';
  }

  /**
   * Reads `buffer[from, to)`. Returns the offset behind the body when it ends here, -1 when more is needed or when
   * `fault` says that the body is malformed.
   */
  scan(buffer: Buffer, from: number, to: number): number {
    let at = from;
    let trailersAt = this.#isInTrailers() ? from : -1;
    while (at < to) {
      if (this.#state === 'data') {
        const take = Math.min(to - at, this.#remaining);
        at += take;
        this.#remaining -= take;
        this.#overhead = Math.max(0, this.#overhead - take);
        if (this.#remaining === 0) this.#state = 'data-cr';
        continue;
      }
      const code = buffer[at++] as number; // at < to <= buffer.length
      if (!this.#step(code)) return -1;
      if (this.#state === 'done') {
        if (this.keptBack !== '') this.keptBack += buffer.toString('latin1', from, at);
        return at;
      }
      if (trailersAt < 0 && this.#isInTrailers()) trailersAt = at;
    }
    this.sendableEnd = trailersAt < 0 ? to : trailersAt;
    if (trailersAt >= 0) this.keptBack += buffer.toString('latin1', trailersAt, to);
    return -1;
  }

  #isInTrailers(): boolean {
    return this.#state === 'trailer' || this.#state === 'trailer-lf';
  }

  #step(code: number): boolean {
    switch (this.#state) {
      case 'size':
        return this.#size(code);
      case 'extension':
        return this.#extended(code);
      case 'size-lf':
        if (code !== 10) return this.#fail('malformed');
        this.#digits = 0;
        this.#state = this.#remaining === 0 ? 'trailer' : 'data';
        return true;
      case 'data-cr':
        if (code !== 13) return this.#fail('malformed');
        this.#state = 'data-lf';
        return true;
      case 'data-lf':
        if (code !== 10) return this.#fail('malformed');
        this.#state = 'size';
        return true;
      case 'trailer':
        if (code === 13) this.#state = 'trailer-lf';
        else if (!isFieldByte(code)) return this.#fail('malformed');
        else this.#trailer += String.fromCharCode(code);
        return this.#charge();
      case 'trailer-lf':
        if (code !== 10) return this.#fail('malformed');
        return this.#trailerLine();
      case 'data':
      case 'done':
        return true;
    }
  }

  #size(code: number): boolean {
    const digit = hexValue(code);
    if (digit >= 0) {
      if (++this.#digits > 8) return this.#fail('malformed');
      this.#remaining = this.#remaining * 16 + digit;
      return true;
    }
    if (this.#digits === 0) return this.#fail('malformed');
    if (code === 13) this.#state = 'size-lf';
    else if (code === 59) this.#state = 'extension';
    else return this.#fail('malformed');
    return true;
  }

  #extended(code: number): boolean {
    const next = nextInExtension(this.#extension, code);
    if (next === null) return this.#fail('malformed');
    if (next === 'end') {
      this.#extension = 'name-start';
      this.#state = 'size-lf';
    } else {
      this.#extension = next;
    }
    return this.#charge();
  }

  #trailerLine(): boolean {
    if (this.#trailer === '') {
      this.#state = 'done';
      return true;
    }
    const match = trailerPattern.exec(this.#trailer);
    if (match === null || isForbiddenTrailer(match[1] ?? '')) return this.#fail('malformed');
    this.#trailer = '';
    this.#state = 'trailer';
    return true;
  }

  #charge(): boolean {
    return ++this.#overhead <= MAX_OVERHEAD_BYTES || this.#fail('too-large');
  }

  #fail(fault: ChunkFault): false {
    this.fault = fault;
    return false;
  }
}

type State = 'size' | 'extension' | 'size-lf' | 'data' | 'data-cr' | 'data-lf' | 'trailer' | 'trailer-lf' | 'done';

const trailerPattern = /^([!#$%&'*+\-.^_`|~0-9A-Za-z]+):/;

function hexValue(code: number): number {
  if (code >= 48 && code <= 57) return code - 48;
  const lower = code | 32;
  return lower >= 97 && lower <= 102 ? lower - 87 : -1;
}
