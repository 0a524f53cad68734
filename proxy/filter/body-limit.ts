import { Buffer } from 'node:buffer';
import type { FilterAnswer, FilteredRequest, FilterVerdict, FilterWatch, RequestFilter } from './request-filter.ts';

/** gRPC's own word for a message that is too large. */
const RESOURCE_EXHAUSTED = 8;

/** Counter of the whole sidecar. */
export interface BodyLimitCounters {
  tooLarge: number;
}

/**
 * Refuses requests with bodies of more than `maxBytes` bytes with 413 (RFC 9110 section 15.5.14): at once where their
 * length says so, otherwise with the first piece that is too much. Nothing is held back: by then the application has got
 * what came before, and sees its request break off.
 *
 * Tunnels have no body. Chunk lines and trailers do not count.
 *
 * Source: Envoy `Buffer.max_request_bytes`, of which this is the limit alone.
 */
export class BodyLimit implements RequestFilter {
  readonly #maxBytes: number;
  readonly #counters: BodyLimitCounters;
  readonly #refusal: FilterAnswer;

  /** `origin` says who asks for it, for the answer. */
  constructor(maxBytes: number, counters: BodyLimitCounters, origin = '') {
    this.#maxBytes = maxBytes;
    this.#counters = counters;
    this.#refusal = {
      kind: 'answer',
      failure: 'requestPayloadTooLarge',
      status: 0,
      grpcStatus: RESOURCE_EXHAUSTED,
      detail: `more than ${maxBytes} bytes`,
      lines: '',
      rule: origin,
    };
  }

  onRequest({ head }: FilteredRequest): FilterVerdict {
    if (head.upgrade !== '') return null;
    if (head.contentLength > this.#maxBytes) return this.#refuse();
    if (head.framing !== 'chunked' && head.framing !== 'stream') return null;
    const count = head.framing === 'chunked' ? new ChunkedBytes() : new BareBytes();
    const watch = new BodyWatch(count, this.#maxBytes, this.#refusal, this.#counters);
    if (head.body !== '') {
      const first = Buffer.from(head.body, 'latin1');
      if (!watch.takes(first, 0, first.length)) return this.#refusal;
    }
    return head.isComplete ? null : watch;
  }

  #refuse(): FilterAnswer {
    this.#counters.tooLarge++;
    return this.#refusal;
  }
}

/** Of one request whose length only its end will tell. */
class BodyWatch implements FilterWatch {
  readonly kind = 'watch';
  readonly refusal: FilterAnswer;
  readonly #count: BodyCount;
  readonly #counters: BodyLimitCounters;
  #left: number;

  constructor(count: BodyCount, maxBytes: number, refusal: FilterAnswer, counters: BodyLimitCounters) {
    this.#count = count;
    this.#left = maxBytes;
    this.refusal = refusal;
    this.#counters = counters;
  }

  takes(buffer: Buffer, start: number, end: number): boolean {
    this.#left -= this.#count.dataIn(buffer, start, end);
    if (this.#left >= 0) return true;
    this.#counters.tooLarge++;
    return false;
  }
}

/** How many bytes of the next piece of a body are data. */
interface BodyCount {
  dataIn(buffer: Buffer, start: number, end: number): number;
}

class BareBytes implements BodyCount {
  dataIn(_buffer: Buffer, start: number, end: number): number {
    return end - start;
  }
}

const CR = 13;
const LF = 10;

/** Reads the chunk lines of a body that the codec has validated, and goes over the data without looking at it. */
export class ChunkedBytes implements BodyCount {
  /** Of the chunk line that is being read, or what is left of the chunk's data. */
  #size = 0;
  #state: 'size' | 'extension' | 'data' | 'data-end' | 'trailers' = 'size';

  dataIn(buffer: Buffer, start: number, end: number): number {
    let data = 0;
    let at = start;
    while (at < end && this.#state !== 'trailers') {
      if (this.#state === 'data') {
        const taken = Math.min(end - at, this.#size);
        data += taken;
        at += taken;
        this.#size -= taken;
        if (this.#size === 0) this.#state = 'data-end';
      } else this.#line(buffer[at++] as number); // at < end
    }
    return data;
  }

  #line(code: number): void {
    if (code === LF) {
      if (this.#state === 'data-end') this.#state = 'size';
      else this.#state = this.#size === 0 ? 'trailers' : 'data';
    } else if (this.#state === 'size') {
      const digit = digitOf(code);
      if (digit >= 0) this.#size = this.#size * 16 + digit;
      else if (code !== CR) this.#state = 'extension';
    }
  }
}

function digitOf(code: number): number {
  if (code >= 48 && code <= 57) return code - 48;
  const lower = code | 32;
  return lower >= 97 && lower <= 102 ? lower - 87 : -1;
}
