/** What an overloaded sidecar does, beginning with the mildest; each level includes those before it. */
export type OverloadLevel = 'none' | 'disable-keepalive' | 'shed';

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
/** New requests are answered 503 and new connections refused (`stop_accepting_requests`, `stop_accepting_connections`). */
const SHED_PERCENT = 95;
/** Collecting stops everything for some milliseconds, so it is asked for only so often. */
const SAMPLES_BETWEEN_SHRINKS = 20;

/**
 * Watches how close the process is to the end of its memory, and says what is to be given up before it gets there: first
 * the comfort of open connections, then new work. What is in flight goes on, and health and metrics answer throughout.
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

  get isShedding(): boolean {
    return this.level === 'shed';
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
  if (pressurePercent >= SHED_PERCENT) return 'shed';
  return pressurePercent >= DISABLE_KEEPALIVE_PERCENT ? 'disable-keepalive' : 'none';
}
