import { Buffer } from 'node:buffer';
import type { Transport } from '../transport/transport.ts';
import type { Flushable } from './flush-queue.ts';
import { scheduleFlush } from './flush-queue.ts';
import {
  ACK,
  CONTINUATION,
  DATA,
  END_HEADERS,
  END_STREAM,
  FRAME_HEADER_BYTES,
  GOAWAY,
  HEADERS,
  MAX_FRAME_BYTES,
  PING,
  RST_STREAM,
  SETTINGS,
  WINDOW_UPDATE,
} from './frames.ts';
import type { Arena } from './output-arenas.ts';
import { giveArena, takeArena } from './output-arenas.ts';

/** Of what was gathered in a small arena no more than this moves on to a large one. */
const MAX_MOVED_BYTES = 8192;

/**
 * Hot loop: bench/load (scenarios with HTTP/2).
 *
 * Gathers the frames that a connection sends and writes them with one call when the present read event is over.
 *
 * Frames are made in place in an arena that all connections borrow from:
 *
 * ```
 *   arena  ░░░░ in the kernel's or the transport's hands ░░░░│ gathered │ free
 *                                                          from        at
 * ```
 *
 * What the kernel has taken at once frees its room again; what waits in the transport keeps it until it is sent, and the
 * arena moves on. So an idle connection holds no buffer, and nothing is copied for the transport.
 */
export class FrameOutput implements Flushable {
  /** The transport asked to hold back: no DATA until `onDrained`. */
  isCongested = false;
  /** Frames handed to the transport since it was last seen empty. */
  unsentFrames = 0;
  /** PING, SETTINGS, RST_STREAM, WINDOW_UPDATE and GOAWAY among them. */
  unsentControlFrames = 0;
  /** Where to write next; `reserve` first. */
  at = 0;
  buffer: Buffer = nothing;
  readonly #transport: Transport;
  #arena: Arena | null = null;
  #from = 0;
  #isScheduled = false;
  #frames = 0;
  #controlFrames = 0;
  /** Flags of the frame gathered last when that is DATA, and its stream; -1 when it is not. */
  #lastDataFlagsAt = -1;
  #lastDataStreamId = 0;

  constructor(transport: Transport) {
    this.#transport = transport;
  }

  /** Makes room for `bytes` at `at`, contiguous. */
  reserve(bytes: number): void {
    if (this.buffer.length - this.at < bytes) this.#changeArena(bytes);
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    scheduleFlush(this);
  }

  writeSettings(values: readonly (readonly [number, number])[]): void {
    const length = values.length * 6;
    this.reserve(FRAME_HEADER_BYTES + length);
    this.#header(length, SETTINGS, 0, 0);
    for (const [id, value] of values) {
      this.buffer[this.at] = id >>> 8;
      this.buffer[this.at + 1] = id;
      this.at += 2;
      this.#uint32(value);
    }
    this.#controlFrames++;
  }

  writeSettingsAck(): void {
    this.reserve(FRAME_HEADER_BYTES);
    this.#header(0, SETTINGS, ACK, 0);
    this.#controlFrames++;
  }

  /** `opaque[at, at + 8)` is what the frame carries. */
  writePing(flags: number, opaque: Buffer, at: number): void {
    this.reserve(FRAME_HEADER_BYTES + 8);
    this.#header(8, PING, flags, 0);
    opaque.copy(this.buffer, this.at, at, at + 8);
    this.at += 8;
    this.#controlFrames++;
  }

  writeGoaway(lastStreamId: number, code: number, debug: string): void {
    this.reserve(FRAME_HEADER_BYTES + 8 + debug.length);
    this.#header(8 + debug.length, GOAWAY, 0, 0);
    this.#uint32(lastStreamId);
    this.#uint32(code);
    this.at += this.buffer.write(debug, this.at, 'latin1');
    this.#controlFrames++;
  }

  writeReset(streamId: number, code: number): void {
    this.reserve(FRAME_HEADER_BYTES + 4);
    this.#header(4, RST_STREAM, 0, streamId);
    this.#uint32(code);
    this.#controlFrames++;
  }

  writeWindowUpdate(streamId: number, increment: number): void {
    this.reserve(FRAME_HEADER_BYTES + 4);
    this.#header(4, WINDOW_UPDATE, 0, streamId);
    this.#uint32(increment);
    this.#controlFrames++;
  }

  /** Bytes that came from elsewhere, as they are. */
  writeRaw(text: string): void {
    this.reserve(text.length);
    this.at += this.buffer.write(text, this.at, 'latin1');
  }

  /** One DATA frame with `buffer[start, end)`, at most `MAX_FRAME_BYTES`; the bytes are copied. */
  writeData(streamId: number, flags: number, buffer: Buffer, start: number, end: number): void {
    const length = end - start;
    this.reserve(FRAME_HEADER_BYTES + length);
    this.#header(length, DATA, flags, streamId);
    if (length > 0) {
      buffer.copy(this.buffer, this.at, start, end);
      this.at += length;
    }
    this.#lastDataFlagsAt = this.at - length - 5;
    this.#lastDataStreamId = streamId;
  }

  /** As `writeData` for latin1 text. */
  writeDataText(streamId: number, flags: number, text: string): void {
    const { length } = text;
    this.reserve(FRAME_HEADER_BYTES + length);
    this.#header(length, DATA, flags, streamId);
    this.at += this.buffer.write(text, this.at, 'latin1');
    this.#lastDataFlagsAt = this.at - length - 5;
    this.#lastDataStreamId = streamId;
  }

  /** Ends a stream with the DATA frame that was gathered last, when it is this stream's; false when it is not. */
  endWithLastData(streamId: number): boolean {
    if (this.#lastDataFlagsAt < 0 || this.#lastDataStreamId !== streamId) return false;
    this.buffer[this.#lastDataFlagsAt] = END_STREAM;
    this.#lastDataFlagsAt = -1;
    return true;
  }

  /**
   * Begins a header block of at most `bound` bytes: the caller writes it at the offset that is answered, into `buffer`,
   * and says with `endBlock` where it ends.
   */
  beginBlock(bound: number): number {
    // room for the frame headers of CONTINUATIONs too, should it come to that
    this.reserve(bound + FRAME_HEADER_BYTES * (2 + Math.ceil(bound / MAX_FRAME_BYTES)));
    return this.at + FRAME_HEADER_BYTES;
  }

  endBlock(streamId: number, isEndOfStream: boolean, end: number): void {
    const length = end - this.at - FRAME_HEADER_BYTES;
    const flags = isEndOfStream ? END_STREAM : 0;
    if (length <= MAX_FRAME_BYTES) {
      this.#header(length, HEADERS, flags | END_HEADERS, streamId);
      this.at = end;
      return;
    }
    this.#splitBlock(streamId, flags, length);
  }

  /** A block of more than one frame: the later parts move to make room for their frame headers, last part first. */
  #splitBlock(streamId: number, flags: number, length: number): void {
    const begin = this.at;
    const parts = Math.ceil(length / MAX_FRAME_BYTES);
    for (let part = parts - 1; part > 0; part--) {
      const from = begin + FRAME_HEADER_BYTES + part * MAX_FRAME_BYTES;
      const to = Math.min(begin + FRAME_HEADER_BYTES + length, from + MAX_FRAME_BYTES);
      this.buffer.copyWithin(from + part * FRAME_HEADER_BYTES, from, to);
      this.at = from + (part - 1) * FRAME_HEADER_BYTES;
      this.#header(to - from, CONTINUATION, part === parts - 1 ? END_HEADERS : 0, streamId);
    }
    this.at = begin;
    this.#header(MAX_FRAME_BYTES, HEADERS, flags, streamId);
    this.at = begin + length + parts * FRAME_HEADER_BYTES;
  }

  /** Hands over what was gathered; called by the flush queue, and where it cannot wait. */
  flush(): void {
    this.#isScheduled = false;
    this.#write();
    this.#returnArena();
  }

  #returnArena(): void {
    const arena = this.#arena;
    if (arena === null) return;
    arena.from = this.#from;
    giveArena(arena);
    this.#arena = null;
    this.buffer = nothing;
    this.#from = 0;
    this.at = 0;
  }

  /** The transport has sent all that it had. */
  onDrained(): void {
    this.isCongested = false;
    this.unsentFrames = 0;
    this.unsentControlFrames = 0;
  }

  #write(): void {
    this.#lastDataFlagsAt = -1;
    if (this.at === this.#from) return;
    const transport = this.#transport;
    if (transport.bufferedBytes === 0) {
      this.unsentFrames = 0;
      this.unsentControlFrames = 0;
    }
    if (!transport.writeBytes(this.buffer, this.#from, this.at, true)) this.isCongested = true;
    if (transport.bufferedBytes === 0) {
      this.at = this.#from; // the kernel has it: the room is free again
    } else {
      this.unsentFrames += this.#frames;
      this.unsentControlFrames += this.#controlFrames;
      this.#from = this.at;
    }
    this.#frames = 0;
    this.#controlFrames = 0;
  }

  /** Goes on in an arena with more room. What was gathered goes along where that is little, and is written otherwise. */
  #changeArena(bytes: number): void {
    const gathered = this.at - this.#from;
    if (gathered > MAX_MOVED_BYTES) {
      this.#write();
      if (this.buffer.length - this.at >= bytes) return;
    }
    const kept = this.at - this.#from;
    // twice, so that an arena that was outgrown once is not taken again
    const arena = takeArena(kept === 0 ? bytes : Math.max(kept + bytes, 2 * MAX_MOVED_BYTES));
    if (kept > 0) this.buffer.copy(arena.buffer, arena.from, this.#from, this.at);
    const dataFlagsAt = this.#lastDataFlagsAt - this.#from;
    if (this.#arena !== null) this.#returnArena();
    if (this.#lastDataFlagsAt >= 0) this.#lastDataFlagsAt = arena.from + dataFlagsAt;
    this.#arena = arena;
    this.buffer = arena.buffer;
    this.#from = arena.from;
    this.at = arena.from + kept;
  }

  #header(length: number, type: number, flags: number, streamId: number): void {
    const { buffer, at } = this;
    buffer[at] = length >>> 16;
    buffer[at + 1] = length >>> 8;
    buffer[at + 2] = length;
    buffer[at + 3] = type;
    buffer[at + 4] = flags;
    buffer[at + 5] = streamId >>> 24;
    buffer[at + 6] = streamId >>> 16;
    buffer[at + 7] = streamId >>> 8;
    buffer[at + 8] = streamId;
    this.at = at + FRAME_HEADER_BYTES;
    this.#frames++;
    this.#lastDataFlagsAt = -1;
  }

  #uint32(value: number): void {
    const { buffer, at } = this;
    buffer[at] = value >>> 24;
    buffer[at + 1] = value >>> 16;
    buffer[at + 2] = value >>> 8;
    buffer[at + 3] = value;
    this.at = at + 4;
  }
}

const nothing = Buffer.alloc(0);
