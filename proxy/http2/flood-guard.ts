import { TokenBucket } from '../token-bucket.ts';
import type { Http2Limits } from './http2-limits.ts';

/**
 * Counts the frames that cost us work and the peer nothing. Each method answers false when its limit is exceeded; the
 * connection ends then.
 */
export class FloodGuard {
  readonly #limits: Http2Limits;
  readonly #resets: TokenBucket;
  readonly #controls: TokenBucket;
  #emptyFrames = 0;
  #priorities = 0;
  #prioritiesSinceMs: number;
  #windowUpdates = 0;
  #streams = 0;
  #dataFramesSent = 0;
  #framesSent = 0;

  constructor(limits: Http2Limits, nowMs: number) {
    this.#limits = limits;
    this.#resets = new TokenBucket(limits.maxResetBurst, limits.resetsPerSecond, nowMs);
    this.#controls = new TokenBucket(limits.maxControlBurst, limits.controlsPerSecond, nowMs);
    this.#prioritiesSinceMs = nowMs;
  }

  onStreamOpened(): void {
    this.#streams++;
  }

  /** A HEADERS or DATA frame was sent. */
  onMessageFrameSent(isData: boolean): void {
    this.#framesSent++;
    if (isData) this.#dataFramesSent++;
  }

  /** A stream was reset by the peer, or by us because of what the peer did. */
  allowsReset(nowMs: number): boolean {
    return this.#resets.tryTake(nowMs);
  }

  /** A PING, SETTINGS or unknown frame has come. */
  allowsControl(nowMs: number): boolean {
    if (this.#framesSent > 0) {
      this.#controls.give(this.#framesSent);
      this.#framesSent = 0;
    }
    return this.#controls.tryTake(nowMs);
  }

  /** A HEADERS, CONTINUATION or DATA frame has come; `isEmpty`: without payload and without END_STREAM. */
  allowsPayload(isEmpty: boolean): boolean {
    if (!isEmpty) {
      this.#emptyFrames = 0;
      return true;
    }
    return ++this.#emptyFrames <= this.#limits.maxConsecutiveInboundFramesWithEmptyPayload;
  }

  /** Counted anew each second, since a long connection may see any number of them in good faith. */
  allowsPriority(openStreams: number, nowMs: number): boolean {
    if (nowMs - this.#prioritiesSinceMs >= 1000) {
      this.#prioritiesSinceMs = nowMs;
      this.#priorities = 0;
    }
    return ++this.#priorities <= this.#limits.maxInboundPriorityFramesPerStream * (1 + openStreams);
  }

  allowsWindowUpdate(): boolean {
    const perData = this.#limits.maxInboundWindowUpdateFramesPerDataFrameSent;
    return ++this.#windowUpdates <= 5 + 2 * (this.#streams + perData * this.#dataFramesSent);
  }
}
