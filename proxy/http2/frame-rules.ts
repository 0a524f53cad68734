import type { Buffer } from 'node:buffer';
import { COMPRESSION_ERROR, FRAME_SIZE_ERROR, PROTOCOL_ERROR } from './error-codes.ts';
import { FloodGuard } from './flood-guard.ts';
import type { FrameOutput } from './frame-output.ts';
import type { FrameSink } from './frame-reader.ts';
import { FrameReader } from './frame-reader.ts';
import {
  ACK,
  CONTINUATION,
  DATA,
  END_HEADERS,
  END_STREAM,
  GOAWAY,
  HEADERS,
  PADDED,
  PING,
  PRIORITIZED,
  PRIORITY,
  PUSH_PROMISE,
  RST_STREAM,
  SETTINGS,
  uint31At,
  uint32At,
  WINDOW_UPDATE,
} from './frames.ts';
import { HeaderBlock } from './header-block.ts';
import type { FieldLimits, FieldList } from './hpack/field-list.ts';
import { HpackDecoder } from './hpack/hpack-decoder.ts';
import type { Http2Limits } from './http2-limits.ts';

/** Milliseconds of a monotonic clock, at most about a second old; `CoarseClock` is one. */
export interface CoarseTime {
  readonly nowMs: number;
}

export interface FrameRulesOptions {
  readonly clock: CoarseTime;
  readonly limits: Http2Limits;
  readonly fieldLimits: FieldLimits;
}

/**
 * What each frame must be before anybody asks what it means: of the right size, on a stream or on none, padded within its
 * payload, in its place, and not one too many (RFC 9113 sections 4 to 6). Header blocks are put together and decoded.
 *
 * The lower half of `Http2Connection`, which says what the frames mean for its streams: one object, so that a frame costs no
 * call more.
 */
export abstract class FrameRules implements FrameSink {
  abstract readonly isReading: boolean;
  abstract readonly output: FrameOutput;
  abstract readonly openStreams: number;
  protected readonly clock: CoarseTime;
  protected readonly limits: Http2Limits;
  protected readonly guard: FloodGuard;
  protected readonly reader = new FrameReader();
  protected readonly headerBlock: HeaderBlock;
  /** The peer's first frame has come. */
  protected hasSettings = false;
  readonly #fieldLimits: FieldLimits;
  readonly #decoder = new HpackDecoder();

  constructor({ clock, limits, fieldLimits }: FrameRulesOptions) {
    this.clock = clock;
    this.limits = limits;
    this.guard = new FloodGuard(limits, clock.nowMs);
    // a list is never longer on the wire than decoded (32 octets more for each field), unless somebody wants it to be
    const maxBlockBytes = Math.max(limits.maxHeaderBlockBytes, fieldLimits.maxHeadBytes);
    this.headerBlock = new HeaderBlock(limits.maxContinuations, maxBlockBytes);
    this.#fieldLimits = fieldLimits;
  }

  /** Ends the connection for a fault of the peer. */
  protected abstract fail(code: number, debug: string): void;
  /** Ends the connection for a flood. */
  protected abstract calm(debug: string): void;
  /** The peer broke a rule on one stream. */
  protected abstract streamError(id: number, code: number): void;
  /** No stream of that number has been opened yet, or ever can be by the one who would have to. */
  protected abstract isIdle(id: number): boolean;

  /** `buffer[from, to)` is what DATA carries; `size` is what it takes of the windows, padding included. */
  protected abstract onData(
    id: number,
    isEnd: boolean,
    buffer: Buffer,
    from: number,
    to: number,
    owned: boolean,
    size: number,
  ): void;
  /** A decoded field section: a request, a response, or trailers. The list is valid during this call. */
  protected abstract onFields(id: number, isEnd: boolean, isSelfDependent: boolean, fields: FieldList): void;
  /** RST_STREAM, of a stream that is or was open. */
  protected abstract onPeerReset(id: number, code: number): void;
  /** SETTINGS, whole pairs. */
  protected abstract applySettings(buffer: Buffer, start: number, end: number): void;
  protected abstract onPingAck(): void;
  protected abstract onGoaway(lastStreamId: number, code: number): void;
  /** WINDOW_UPDATE; `increment` may be 0, which is a fault. */
  protected abstract onConnectionWindow(increment: number): void;
  protected abstract onStreamWindow(id: number, increment: number): void;

  onFrame(type: number, flags: number, id: number, buffer: Buffer, start: number, end: number, owned: boolean): void {
    if (this.headerBlock.streamId !== 0 && (type !== CONTINUATION || id !== this.headerBlock.streamId)) {
      this.fail(PROTOCOL_ERROR, 'a frame in the middle of a header block');
      return;
    }
    if (!this.hasSettings && (type !== SETTINGS || (flags & ACK) !== 0)) {
      this.fail(PROTOCOL_ERROR, 'the first frame must be SETTINGS');
      return;
    }
    switch (type) {
      case DATA:
        this.#onDataFrame(flags, id, buffer, start, end, owned);
        return;
      case HEADERS:
        this.#onHeadersFrame(flags, id, buffer, start, end);
        return;
      case PRIORITY:
        this.#onPriorityFrame(id, buffer, start, end);
        return;
      case RST_STREAM:
        this.#onResetFrame(id, buffer, start, end);
        return;
      case SETTINGS:
        this.#onSettingsFrame(flags, id, buffer, start, end);
        return;
      case PUSH_PROMISE:
        this.fail(PROTOCOL_ERROR, 'push is not enabled');
        return;
      case PING:
        this.#onPingFrame(flags, id, buffer, start, end);
        return;
      case GOAWAY:
        if (id !== 0) this.fail(PROTOCOL_ERROR, 'GOAWAY on a stream');
        else if (end - start < 8) this.fail(FRAME_SIZE_ERROR, 'GOAWAY is too short');
        else this.onGoaway(uint31At(buffer, start), uint32At(buffer, start + 4));
        return;
      case WINDOW_UPDATE:
        this.#onWindowUpdateFrame(id, buffer, start, end);
        return;
      case CONTINUATION:
        this.#onContinuationFrame(flags, buffer, start, end);
        return;
      default:
        // unknown frames are ignored (RFC 9113 section 5.5), as long as there is something else to do
        if (!this.guard.allowsControl(this.clock.nowMs)) this.calm('too many unknown frames');
    }
  }

  onOversizedFrame(): void {
    this.fail(FRAME_SIZE_ERROR, 'the frame is too large');
  }

  #onDataFrame(flags: number, id: number, buffer: Buffer, start: number, end: number, owned: boolean): void {
    let from = start;
    let to = end;
    if ((flags & PADDED) !== 0) {
      from = start + 1;
      to = end - (buffer[start] as number); // within the payload, or from === to + 1 below
      if (start === end || to < from) {
        this.fail(PROTOCOL_ERROR, 'more padding than payload');
        return;
      }
    }
    const isEnd = (flags & END_STREAM) !== 0;
    if (id === 0) this.fail(PROTOCOL_ERROR, 'DATA on stream 0');
    else this.onData(id, isEnd, buffer, from, to, owned, end - start);
  }

  #onHeadersFrame(flags: number, id: number, buffer: Buffer, start: number, end: number): void {
    let from = start;
    let to = end;
    if ((flags & PADDED) !== 0) {
      from = start + 1;
      to = end - (buffer[start] as number); // NaN for an empty frame, which the next check sees
      if (start === end || to < from) {
        this.fail(PROTOCOL_ERROR, 'more padding than payload');
        return;
      }
    }
    let isSelfDependent = false;
    if ((flags & PRIORITIZED) !== 0) {
      if (to - from < 5) {
        this.fail(FRAME_SIZE_ERROR, 'no room for the priority');
        return;
      }
      isSelfDependent = uint31At(buffer, from) === id;
      from += 5;
    }
    const isEnd = (flags & END_STREAM) !== 0;
    if (id === 0) {
      this.fail(PROTOCOL_ERROR, 'HEADERS on stream 0');
    } else if (!this.guard.allowsPayload(from === to && !isEnd)) {
      this.calm('too many empty frames');
    } else if ((flags & END_HEADERS) !== 0) {
      this.#onHeaderBlock(id, isEnd, isSelfDependent, buffer, from, to);
    } else {
      this.headerBlock.begin(id, isEnd, isSelfDependent, this.clock.nowMs);
      this.headerBlock.add(buffer, from, to);
    }
  }

  #onContinuationFrame(flags: number, buffer: Buffer, start: number, end: number): void {
    const { headerBlock } = this;
    const { streamId, isEndOfStream, isSelfDependent } = headerBlock;
    if (streamId === 0) {
      this.fail(PROTOCOL_ERROR, 'CONTINUATION without HEADERS');
    } else if (!headerBlock.add(buffer, start, end)) {
      this.calm('the header block is too large');
    } else if ((flags & END_HEADERS) !== 0) {
      const whole = headerBlock.take();
      this.#onHeaderBlock(streamId, isEndOfStream, isSelfDependent, whole, 0, whole.length);
    } else if (!this.guard.allowsPayload(start === end)) {
      this.calm('too many empty frames');
    }
  }

  /** Every block is decoded, also one that nobody wants: the decoder's table would go out of step. */
  #onHeaderBlock(id: number, isEnd: boolean, isSelfDependent: boolean, buffer: Buffer, start: number, end: number) {
    const fields = this.#decoder.decode(buffer, start, end, this.#fieldLimits);
    if (fields === 'compressionError') this.fail(COMPRESSION_ERROR, 'the header block cannot be decoded');
    else if (fields === 'excessiveLoad') this.calm('the header list is too large');
    else this.onFields(id, isEnd, isSelfDependent, fields);
  }

  /** Priorities are not used (RFC 9113 section 5.3.2); only what would be malformed is looked at. */
  #onPriorityFrame(id: number, buffer: Buffer, start: number, end: number): void {
    if (id === 0) this.fail(PROTOCOL_ERROR, 'PRIORITY on stream 0');
    else if (!this.guard.allowsPriority(this.openStreams, this.clock.nowMs)) this.calm('too many PRIORITY frames');
    else if (end - start !== 5) this.#errorOfAnyStream(id, FRAME_SIZE_ERROR);
    else if (uint31At(buffer, start) === id) this.#errorOfAnyStream(id, PROTOCOL_ERROR);
  }

  /** A stream that was never opened cannot be reset. */
  #errorOfAnyStream(id: number, code: number): void {
    if (this.isIdle(id)) this.fail(code, 'a malformed frame of an idle stream');
    else this.streamError(id, code);
  }

  #onResetFrame(id: number, buffer: Buffer, start: number, end: number): void {
    if (end - start !== 4) this.fail(FRAME_SIZE_ERROR, 'RST_STREAM of a wrong size');
    else if (id === 0 || this.isIdle(id)) this.fail(PROTOCOL_ERROR, 'RST_STREAM of an idle stream');
    else this.onPeerReset(id, uint32At(buffer, start));
  }

  #onSettingsFrame(flags: number, id: number, buffer: Buffer, start: number, end: number): void {
    const size = end - start;
    if (id !== 0) {
      this.fail(PROTOCOL_ERROR, 'SETTINGS on a stream');
    } else if ((flags & ACK) !== 0) {
      if (size !== 0) this.fail(FRAME_SIZE_ERROR, 'SETTINGS with ACK must be empty');
    } else if (size % 6 !== 0) {
      this.fail(FRAME_SIZE_ERROR, 'SETTINGS of a wrong size');
    } else if (!this.guard.allowsControl(this.clock.nowMs)) {
      this.calm('too many SETTINGS frames');
    } else {
      this.applySettings(buffer, start, end);
    }
  }

  #onPingFrame(flags: number, id: number, buffer: Buffer, start: number, end: number): void {
    if (id !== 0) this.fail(PROTOCOL_ERROR, 'PING on a stream');
    else if (end - start !== 8) this.fail(FRAME_SIZE_ERROR, 'PING of a wrong size');
    else if ((flags & ACK) !== 0) this.onPingAck();
    else if (!this.guard.allowsControl(this.clock.nowMs)) this.calm('too many PING frames');
    else this.output.writePing(ACK, buffer, start);
  }

  #onWindowUpdateFrame(id: number, buffer: Buffer, start: number, end: number): void {
    if (end - start !== 4) {
      this.fail(FRAME_SIZE_ERROR, 'WINDOW_UPDATE of a wrong size');
      return;
    }
    if (id !== 0 && this.isIdle(id)) {
      this.fail(PROTOCOL_ERROR, 'WINDOW_UPDATE of an idle stream');
      return;
    }
    if (!this.guard.allowsWindowUpdate()) {
      this.calm('too many WINDOW_UPDATE frames');
      return;
    }
    const increment = uint31At(buffer, start);
    if (id === 0) this.onConnectionWindow(increment);
    else this.onStreamWindow(id, increment);
  }
}
