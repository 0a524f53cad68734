import { Buffer } from 'node:buffer';
import { FRAME_HEADER_BYTES, MAX_FRAME_BYTES, uint31At } from './frames.ts';

/** Who is given the frames of a connection. */
export interface FrameSink {
  /** False ends reading: what follows is dropped. */
  readonly isReading: boolean;
  /** A whole frame, its payload `buffer[start, end)`; when not `owned` it is valid only during this call. */
  onFrame(
    type: number,
    flags: number,
    streamId: number,
    buffer: Buffer,
    start: number,
    end: number,
    owned: boolean,
  ): void;
  /** A frame announces more than `MAX_FRAME_BYTES`; its payload is not read (RFC 9113 section 4.2). */
  onOversizedFrame(): void;
}

/**
 * Cuts the bytes of a connection into frames, in place: a frame that is whole in a read is never copied. Of one that is
 * not, at most `MAX_FRAME_BYTES` and a frame header are kept.
 */
export class FrameReader {
  /** Where the frame after the present one begins; a sink that reads on by itself moves it. */
  next = 0;
  /** The bytes in hand, and where they end. */
  buffer: Buffer = nothing;
  limit = 0;
  /** Frames read so far. */
  frames = 0;
  #partial: Buffer | null = null;
  #partialLength = 0;

  /** True between two reads in the middle of a frame. */
  get isPartial(): boolean {
    return this.#partialLength > 0;
  }

  /** Reads `buffer[from, length)`. */
  read(buffer: Buffer, from: number, length: number, owned: boolean, sink: FrameSink): void {
    let at = this.#partialLength === 0 ? from : this.#finishPartial(buffer, from, length, sink);
    while (length - at >= FRAME_HEADER_BYTES && sink.isReading) {
      const size = payloadSize(buffer, at);
      const start = at + FRAME_HEADER_BYTES;
      const end = start + size;
      if (size > MAX_FRAME_BYTES) {
        sink.onOversizedFrame();
        return;
      }
      if (end > length) break;
      this.frames++;
      this.next = end;
      this.buffer = buffer;
      this.limit = length;
      // there are nine bytes
      const type = buffer[at + 3] as number;
      const flags = buffer[at + 4] as number;
      sink.onFrame(type, flags, uint31At(buffer, at + 5), buffer, start, end, owned);
      at = this.next;
    }
    this.buffer = nothing;
    if (at < length && sink.isReading) this.#keep(buffer, at, length);
  }

  /** Forgets what was kept. */
  clear(): void {
    this.#partial = null;
    this.#partialLength = 0;
  }

  /** Completes the frame that an earlier read began; answers where the next one begins. */
  #finishPartial(buffer: Buffer, from: number, length: number, sink: FrameSink): number {
    let at = from;
    if (this.#partialLength < FRAME_HEADER_BYTES) {
      const end = Math.min(length, at + FRAME_HEADER_BYTES - this.#partialLength);
      this.#keep(buffer, at, end);
      at = end;
      if (this.#partialLength < FRAME_HEADER_BYTES) return length;
    }
    const partial = this.#partial as Buffer; // there is a header in it
    const size = payloadSize(partial, 0);
    if (size > MAX_FRAME_BYTES) {
      sink.onOversizedFrame();
      return length;
    }
    const whole = FRAME_HEADER_BYTES + size;
    const end = Math.min(length, at + whole - this.#partialLength);
    this.#keep(buffer, at, end);
    if (this.#partialLength < whole) return length;
    const frame = this.#partial as Buffer; // `#keep` may have made a larger one
    this.clear();
    this.frames++;
    this.next = whole;
    this.limit = whole;
    // there are nine bytes
    sink.onFrame(
      frame[3] as number,
      frame[4] as number,
      uint31At(frame, 5),
      frame,
      FRAME_HEADER_BYTES,
      whole,
      true, // nobody else has it
    );
    return end;
  }

  /** The buffer grows with what has come, so that announcing a large frame costs us nothing. */
  #keep(buffer: Buffer, from: number, to: number): void {
    const needed = this.#partialLength + to - from;
    let partial = this.#partial;
    if (partial === null || partial.length < needed) {
      const grown = Buffer.allocUnsafe(Math.max(needed, Math.min(2 * needed, MAX_FRAME_BYTES + FRAME_HEADER_BYTES)));
      if (partial !== null) partial.copy(grown, 0, 0, this.#partialLength);
      partial = grown;
      this.#partial = partial;
    }
    buffer.copy(partial, this.#partialLength, from, to);
    this.#partialLength = needed;
  }
}

const nothing = Buffer.alloc(0);

function payloadSize(buffer: Buffer, at: number): number {
  // the caller has checked that there are nine bytes
  return ((buffer[at] as number) << 16) | ((buffer[at + 1] as number) << 8) | (buffer[at + 2] as number);
}
