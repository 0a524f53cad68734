import { Deadline } from '../resilience/timer-wheel.ts';
import { TokenBucket } from '../token-bucket.ts';
import type { Bandwidth, BandwidthEnvironment, WaitingBody } from './shared-bandwidth.ts';

/** Envoy's, which has no field for it here. */
const FILL_INTERVAL_MS = 50;

export interface AnswerBandwidthEnvironment extends BandwidthEnvironment {
  /** Milliseconds since 1970. */
  wallClockMs(): number;
}

/**
 * So many bytes a second for one answer alone, until a time of the wall clock; from then on there is no limit any more, also
 * for what waits already.
 *
 * The answer begins with as much as one interval of 50 ms brings, so that a short one is slow too; behind a pause of its own as
 * much as a second's passes at once.
 *
 * Source: Envoy `StreamRateLimiter`, which counts from the request on: there an answer that took a second to come begins with
 * a second's bytes.
 */
export class AnswerBandwidth implements Bandwidth {
  readonly #bytesPerSecond: number;
  readonly #untilMs: number;
  readonly #environment: AnswerBandwidthEnvironment;
  /** From the first byte on. */
  #bucket: TokenBucket | null = null;
  #waiting: WaitingBody | null = null;
  readonly #deadline: Deadline;

  constructor(bytesPerSecond: number, untilMs: number, environment: AnswerBandwidthEnvironment) {
    this.#bytesPerSecond = bytesPerSecond;
    this.#untilMs = untilMs;
    this.#environment = environment;
    this.#deadline = new Deadline(() => this.#share());
  }

  take(bytes: number): number {
    if (this.#waiting !== null) return 0;
    if (this.#environment.wallClockMs() >= this.#untilMs) return bytes;
    const nowMs = this.#environment.now();
    this.#bucket ??= this.#newBucket(nowMs);
    const taken = Math.min(bytes, Math.max(0, Math.floor(this.#bucket.left(nowMs))));
    this.#bucket.spend(nowMs, taken);
    return taken;
  }

  #newBucket(nowMs: number): TokenBucket {
    const perSecond = this.#bytesPerSecond;
    const bucket = new TokenBucket(perSecond, perSecond, nowMs);
    bucket.spend(nowMs, perSecond * (1 - FILL_INTERVAL_MS / 1000));
    return bucket;
  }

  join(body: WaitingBody): void {
    this.#waiting = body;
    if (!this.#deadline.isArmed) this.#environment.wheel.arm(this.#deadline, FILL_INTERVAL_MS);
  }

  leave(body: WaitingBody): void {
    if (this.#waiting !== body) return;
    this.#waiting = null;
    this.#environment.wheel.cancel(this.#deadline);
  }

  /** Whoever passes something on may leave, or join anew. */
  #share(): void {
    const body = this.#waiting;
    if (body === null) return;
    this.#waiting = null;
    const passed = this.take(body.waitingBytes);
    if (passed > 0) body.pass(passed);
    if (body.waitingBytes > 0) this.join(body);
  }
}
