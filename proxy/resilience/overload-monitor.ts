/** What an overloaded sidecar does, beginning with the mildest; each level includes those before it. */
export type OverloadLevel = 'none' | 'disable-keepalive' | 'refuse-requests' | 'refuse-connections';

export interface OverloadOptions {
  /** Memory that the process may take, in bytes. */
  readonly memoryLimitBytes: number;
  /** Most of what V8 may allocate, in bytes. */
  readonly heapLimitBytes: number;
  residentBytes(): number;
  heapBytes(): number;
  /** Asks for garbage to be collected now: memory that is merely not yet freed must not keep us shedding. */
  shrinkHeap(): void;
  /** Called after the level has changed. */
  onChange(level: OverloadLevel, pressurePercent: number): void;
}

/** Answers close their connections from here on (`envoy.overload_actions.disable_http_keepalive`). */
const DISABLE_KEEPALIVE_PERCENT = 92;
/** New requests are answered 503, those of new connections too, so that callers learn why (`stop_accepting_requests`). */
const REFUSE_REQUESTS_PERCENT = 95;
/** New connections are closed at once: even to answer them takes memory (`reject_incoming_connections`). */
const REFUSE_CONNECTIONS_PERCENT = 98;
/** Collecting stops everything for some milliseconds, so it is asked for only so often. */
const SAMPLES_BETWEEN_SHRINKS = 20;

/**
 * Watches how close the process is to the end of its memory, and says what is to be given up before it gets there: first
 * the comfort of open connections, then new requests, then new connections. What is in flight goes on, and health and
 * metrics answer throughout.
 *
 * Source: Envoy, overload manager and "Configuring Envoy as an edge proxy" (thresholds); sampled every 250 ms
 * (`refresh_interval`).
 */
export class OverloadMonitor {
  level: OverloadLevel = 'none';
  /** The greater of resident memory and heap, each against its limit. */
  pressurePercent = 0;
  /** Requests answered 503 for this reason. */
  shedRequests = 0;
  readonly #options: OverloadOptions;
  #samplesSinceShrink = SAMPLES_BETWEEN_SHRINKS;

  constructor(options: OverloadOptions) {
    this.#options = options;
  }

  /** New requests are refused. */
  get isShedding(): boolean {
    return this.level === 'refuse-requests' || this.level === 'refuse-connections';
  }

  /** To be called every 250 ms. */
  sample(): void {
    const { residentBytes, memoryLimitBytes, heapBytes, heapLimitBytes } = this.#options;
    this.pressurePercent = Math.max(
      (100 * residentBytes.call(this.#options)) / memoryLimitBytes,
      (100 * heapBytes.call(this.#options)) / heapLimitBytes,
    );
    this.#samplesSinceShrink++;
    if (this.pressurePercent >= DISABLE_KEEPALIVE_PERCENT && this.#samplesSinceShrink > SAMPLES_BETWEEN_SHRINKS) {
      this.#samplesSinceShrink = 0;
      this.#options.shrinkHeap();
    }
    const level = levelAt(this.pressurePercent);
    if (level === this.level) return;
    this.level = level;
    this.#options.onChange(level, this.pressurePercent);
  }
}

function levelAt(pressurePercent: number): OverloadLevel {
  if (pressurePercent >= REFUSE_CONNECTIONS_PERCENT) return 'refuse-connections';
  if (pressurePercent >= REFUSE_REQUESTS_PERCENT) return 'refuse-requests';
  return pressurePercent >= DISABLE_KEEPALIVE_PERCENT ? 'disable-keepalive' : 'none';
}
