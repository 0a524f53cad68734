import { ConcurrencyLimit } from './concurrency-limit.ts';

/** Envoy `GradientControllerConfig`; the defaults stand in `compile-adaptive-concurrency.ts`. */
export interface GradientSettings {
  /** Percentile of the samples that counts, of the ideal time as of each window's. */
  readonly percentile: number;
  readonly maxConcurrency: number;
  readonly updateIntervalMs: number;
  /** How often the ideal time is measured anew. */
  readonly minRttIntervalMs: number;
  /** Requests that such a measurement takes. */
  readonly minRttRequests: number;
  /** Share of the interval by which a measurement may be late, so that not all sidecars measure at once. */
  readonly jitter: number;
  /** Requests at a time while the ideal time is measured; no limit is lower. */
  readonly minConcurrency: number;
  /** Share by which an answer may be slower than the ideal before the limit falls. */
  readonly buffer: number;
}

/** Samples that are kept of one window; of more, each is as likely to be among them. */
const MAX_SAMPLES = 1024;
/** Windows at the lowest limit after which the ideal time is taken for out of date. */
const STUCK_WINDOWS = 5;

/**
 * How many requests a service can take at a time, found out by how long it takes for them.
 *
 * Now and then so few requests are let through that none waits for another; the time that these take is the ideal. In each
 * window in between the limit is multiplied by how much faster or slower than the ideal the answers are, at least by half
 * and at most by two, and its square root is added, so that it grows while nothing gets slower.
 *
 * There are no timers: what is due is done when the next request begins or ends.
 *
 * Source: Envoy, "Adaptive Concurrency", `GradientController`.
 */
export class GradientController {
  /** Requests under way; one more than may be is refused. */
  readonly inFlight: ConcurrencyLimit;
  readonly #settings: GradientSettings;
  readonly #random: () => number;
  readonly #samples: Float64Array;
  #sampleCount = 0;
  #idealMs = 0;
  /** Requests that began before this are not looked at: they ran beside others. */
  #measuringSinceMs: number;
  #isMeasuring = true;
  #limitBefore: number;
  #windowEndsAtMs = 0;
  #measureAtMs = 0;
  #windowsAtMinimum = 0;

  constructor(settings: GradientSettings, nowMs: number, random: () => number) {
    this.#settings = settings;
    this.#random = random;
    this.#samples = new Float64Array(Math.max(MAX_SAMPLES, settings.minRttRequests));
    this.inFlight = new ConcurrencyLimit(settings.minConcurrency);
    this.#limitBefore = settings.minConcurrency;
    this.#measuringSinceMs = nowMs;
  }

  get limit(): number {
    return this.inFlight.max;
  }

  /** What an answer takes of a service that has nothing else to do; 0 while nobody knows. */
  get idealMs(): number {
    return this.#idealMs;
  }

  get isMeasuring(): boolean {
    return this.#isMeasuring;
  }

  /** Whether one more request may begin; every true must be met by one `end`. */
  tryBegin(nowMs: number): boolean {
    this.#advance(nowMs);
    return this.inFlight.tryAcquire();
  }

  /** A request is over. `tookMs` is negative where it says nothing of the service. */
  end(beganAtMs: number, tookMs: number, nowMs: number): void {
    this.inFlight.release();
    this.#advance(nowMs);
    if (tookMs < 0 || (this.#isMeasuring && beganAtMs < this.#measuringSinceMs)) return;
    this.#sample(tookMs);
    if (this.#isMeasuring && this.#sampleCount >= this.#settings.minRttRequests) this.#endMeasuring(nowMs);
  }

  #sample(tookMs: number): void {
    const samples = this.#samples;
    const seen = this.#sampleCount++;
    const at = seen < samples.length ? seen : Math.floor(this.#random() * (seen + 1));
    if (at < samples.length) samples[at] = tookMs;
  }

  #advance(nowMs: number): void {
    if (this.#isMeasuring) return;
    if (nowMs >= this.#windowEndsAtMs) {
      this.#windowEndsAtMs = nowMs + this.#settings.updateIntervalMs;
      if (this.#sampleCount > 0) this.#setLimit(this.#limitAfter(this.#aggregate()));
    }
    if (nowMs >= this.#measureAtMs || this.#windowsAtMinimum >= STUCK_WINDOWS) this.#beginMeasuring(nowMs);
  }

  #limitAfter(sampleMs: number): number {
    const { minConcurrency, maxConcurrency, buffer } = this.#settings;
    const gradient = sampleMs <= 0 ? 2 : Math.min(2, Math.max(0.5, (this.#idealMs * (1 + buffer)) / sampleMs));
    const limit = this.limit * gradient;
    return Math.max(minConcurrency, Math.min(maxConcurrency, Math.floor(limit + Math.sqrt(limit))));
  }

  #setLimit(limit: number): void {
    this.inFlight.max = limit;
    this.#windowsAtMinimum = limit === this.#settings.minConcurrency ? this.#windowsAtMinimum + 1 : 0;
  }

  #beginMeasuring(nowMs: number): void {
    this.#isMeasuring = true;
    this.#measuringSinceMs = nowMs;
    this.#limitBefore = this.limit;
    this.#windowsAtMinimum = 0;
    this.#sampleCount = 0;
    this.inFlight.max = this.#settings.minConcurrency;
  }

  #endMeasuring(nowMs: number): void {
    const { minRttIntervalMs, jitter, updateIntervalMs } = this.#settings;
    this.#idealMs = this.#aggregate();
    this.#isMeasuring = false;
    this.inFlight.max = this.#limitBefore;
    this.#windowEndsAtMs = nowMs + updateIntervalMs;
    this.#measureAtMs = nowMs + minRttIntervalMs * (1 + jitter * this.#random());
  }

  /** The percentile of what was sampled, which is forgotten. */
  #aggregate(): number {
    const sorted = this.#samples.subarray(0, Math.min(this.#sampleCount, this.#samples.length)).sort();
    this.#sampleCount = 0;
    const rank = Math.ceil((this.#settings.percentile / 100) * sorted.length) - 1;
    return sorted[Math.max(0, rank)] as number; // there is a sample
  }
}
