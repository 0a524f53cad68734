import type { TimerWheel } from '../resilience/timer-wheel.ts';
import { Deadline } from '../resilience/timer-wheel.ts';
import { TokenBucket } from '../token-bucket.ts';

/** The least that one body is given at a time, where there is as much: smaller writes would cost more than they carry. */
const MIN_SHARE_BYTES = 1024;

/** A body some of which waits to be passed on. */
export interface WaitingBody {
  /** Bytes that could go on now; 0 where the receiver takes none, or the body is over. */
  readonly waitingBytes: number;
  /** Passes that many on, at most `waitingBytes`. Never called within `join` or `take`. */
  pass(bytes: number): void;
}

export interface BandwidthEnvironment {
  readonly wheel: TimerWheel;
  /** Monotonic milliseconds. */
  now(): number;
}

/** Of the bodies of one direction, in the whole sidecar; names as in Envoy's `http_bandwidth_limit.`. */
export interface BandwidthCounters {
  /** Bodies that are under a limit. */
  enabled: number;
  /** Those of them that it has held up. */
  enforced: number;
  /** Those that are on their way now. */
  pending: number;
  incomingBytes: number;
  allowedBytes: number;
}

export function noBandwidth(): BandwidthCounters {
  return { enabled: 0, enforced: 0, pending: 0, incomingBytes: 0, allowedBytes: 0 };
}

/** How fast bodies may be. */
export interface Bandwidth {
  /** How many of `bytes` may pass at once. Those that may not are for `join`. */
  take(bytes: number): number;
  /** Waits until more may pass; one that waits already goes on waiting. */
  join(body: WaitingBody): void;
  leave(body: WaitingBody): void;
}

/** What a body keeps to, and what is counted of it. */
export interface BodyPace {
  readonly bandwidth: Bandwidth;
  readonly counters: BandwidthCounters;
}

/**
 * So many bytes a second for all who share it, and as many as are a second's at once after a pause.
 *
 * Bodies that find nothing left wait in a queue. Every `fillIntervalMs` those at its head get equal parts of what has
 * come together; who still waits goes to its end, so that a large body never keeps a small one waiting for longer than one
 * round. While anybody waits, nobody passes by.
 *
 * Source: Envoy `StreamRateLimiter`, `SharedTokenBucketImpl`. There each stream has a timer of its own and takes what it finds.
 */
export class SharedBandwidth implements Bandwidth {
  readonly #bucket: TokenBucket;
  readonly #fillIntervalMs: number;
  readonly #minShare: number;
  readonly #environment: BandwidthEnvironment;
  /** In the order of their turns. */
  readonly #waiting = new Set<WaitingBody>();
  readonly #deadline: Deadline;

  constructor(bytesPerSecond: number, fillIntervalMs: number, environment: BandwidthEnvironment) {
    this.#bucket = new TokenBucket(bytesPerSecond, bytesPerSecond, environment.now());
    this.#fillIntervalMs = fillIntervalMs;
    this.#minShare = Math.max(1, Math.min(MIN_SHARE_BYTES, Math.floor((bytesPerSecond * fillIntervalMs) / 1000)));
    this.#environment = environment;
    this.#deadline = new Deadline(() => this.#share());
  }

  take(bytes: number): number {
    if (this.#waiting.size > 0) return 0;
    const nowMs = this.#environment.now();
    const taken = Math.min(bytes, Math.max(0, Math.floor(this.#bucket.left(nowMs))));
    this.#bucket.spend(nowMs, taken);
    return taken;
  }

  /** Waits at the end of the queue; one that waits already keeps its place. */
  join(body: WaitingBody): void {
    this.#waiting.add(body);
    if (!this.#deadline.isArmed) this.#environment.wheel.arm(this.#deadline, this.#fillIntervalMs);
  }

  leave(body: WaitingBody): void {
    this.#waiting.delete(body);
  }

  /** Whoever passes something on may make others join or leave. */
  #share(): void {
    const nowMs = this.#environment.now();
    const bucket = this.#bucket;
    let left = Math.floor(bucket.left(nowMs));
    while (left > 0 && this.#waiting.size > 0) {
      const share = Math.max(this.#minShare, Math.floor(left / this.#waiting.size));
      let hasPassed = false;
      for (const body of [...this.#waiting]) {
        if (!this.#waiting.has(body)) continue;
        const wanted = Math.min(body.waitingBytes, share);
        if (wanted > left) break;
        this.#waiting.delete(body);
        if (wanted === 0) continue;
        bucket.spend(nowMs, wanted);
        body.pass(wanted);
        hasPassed = true;
        if (body.waitingBytes > 0) this.#waiting.add(body);
        left = Math.floor(bucket.left(nowMs));
      }
      if (!hasPassed) break;
    }
    if (this.#waiting.size > 0) this.#environment.wheel.arm(this.#deadline, this.#fillIntervalMs);
  }
}
