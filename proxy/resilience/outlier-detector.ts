/** Envoy `OutlierDetection`. Times in milliseconds. */
export interface OutlierDetectionSettings {
  /** Failures in a row that eject an endpoint. Default 5; 0 never ejects. */
  readonly consecutive5xx: number;
  /** Time between two sweeps. Default 10 000. */
  readonly intervalMs: number;
  /** An endpoint is out for this long times the number of its recent ejections. Default 30 000. */
  readonly baseEjectionTimeMs: number;
  /** Longest time out. Default 300 000, or the base where that is longer. */
  readonly maxEjectionTimeMs: number;
  /** Most endpoints that may be out at once. Default 10. */
  readonly maxEjectionPercent: number;
  /** One endpoint may be out whatever the percentage says, as long as another remains. Default true. */
  readonly alwaysEjectOneHost: boolean;
}

/** What is remembered of one endpoint. The endpoint holds it; the detector writes it. */
export class OutlierRecord {
  /** `address:port`, for logs. */
  readonly name: string;
  /** Failures since the last success. */
  consecutive5xx = 0;
  isEjected = false;
  /** When it was last ejected, by the detector's clock. */
  ejectedAtMs = 0;
  /** Times the base ejection time: grows with each ejection, shrinks with each sweep that finds it in. */
  ejectionMultiplier = 0;

  constructor(name: string) {
    this.name = name;
  }
}

/**
 * Takes endpoints that keep failing out of the choice for a while, judging only by the answers to real requests.
 *
 * An endpoint goes out after `consecutive5xx` failures in a row: 5xx answers and failures seen here (no connection,
 * reset, time-out), which count alike. It comes back in the first sweep after its time is over. The time grows with
 * each ejection and shrinks again, one step per sweep, while it behaves.
 *
 * Source: Envoy `outlier_detection_impl.cc`, detector `consecutive_5xx` with `split_external_local_origin_errors` off.
 */
export class OutlierDetector {
  readonly #settings: OutlierDetectionSettings;
  readonly #now: () => number;
  readonly #onChange: (changed: readonly OutlierRecord[]) => void;
  readonly #records = new Set<OutlierRecord>();
  /** Gauge `ejections_active`. */
  #ejectionsActive = 0;
  /** Counter `ejections_enforced_total` and, while this is the only detector, `ejections_enforced_consecutive_5xx`. */
  #ejectionsEnforcedConsecutive5xx = 0;
  /** Counter `ejections_overflow`: ejections that `maxEjectionPercent` prevented. */
  #ejectionsOverflow = 0;

  /**
   * `now` is a monotonic clock in milliseconds. `onChange` is called after endpoints went out or came back, with their
   * records in the new state, once for all that changed together: time to build a new picker.
   */
  constructor(
    settings: OutlierDetectionSettings,
    now: () => number,
    onChange: (changed: readonly OutlierRecord[]) => void,
  ) {
    this.#settings = settings;
    this.#now = now;
    this.#onChange = onChange;
  }

  get ejectionsActive(): number {
    return this.#ejectionsActive;
  }

  get ejectionsEnforcedTotal(): number {
    return this.#ejectionsEnforcedConsecutive5xx;
  }

  get ejectionsEnforcedConsecutive5xx(): number {
    return this.#ejectionsEnforcedConsecutive5xx;
  }

  get ejectionsOverflow(): number {
    return this.#ejectionsOverflow;
  }

  /** Begins to watch an endpoint. An endpoint that stays through an update keeps its record, and so its past. */
  track(name: string): OutlierRecord {
    const record = new OutlierRecord(name);
    this.#records.add(record);
    return record;
  }

  /** Stops watching an endpoint that is gone. Does not call `onChange`: whoever removed it knows. */
  forget(record: OutlierRecord): void {
    if (!this.#records.delete(record) || !record.isEjected) return;
    record.isEjected = false;
    this.#ejectionsActive--;
  }

  /** Counts the outcome of one attempt. A failure is a 5xx answer, or no answer for a reason on the endpoint's side. */
  report(record: OutlierRecord, isFailure: boolean): void {
    if (!isFailure) {
      record.consecutive5xx = 0;
      return;
    }
    record.consecutive5xx++;
    if (record.consecutive5xx === this.#settings.consecutive5xx) this.#tryEject(record);
  }

  /**
   * Brings back every endpoint whose time is over; to be called each `intervalMs`, with the detector's clock.
   * An endpoint that was in since the last sweep has one ejection forgiven.
   */
  sweep(nowMs: number): void {
    const returned: OutlierRecord[] = [];
    for (const record of this.#records) {
      if (!record.isEjected) {
        if (record.ejectionMultiplier > 0) record.ejectionMultiplier--;
      } else if (nowMs - record.ejectedAtMs >= this.#ejectionTimeMs(record)) {
        record.isEjected = false;
        record.consecutive5xx = 0;
        this.#ejectionsActive--;
        returned.push(record);
      }
    }
    if (returned.length > 0) this.#onChange(returned);
  }

  #tryEject(record: OutlierRecord): void {
    // Counting starts anew either way: an ejection that was refused is tried again after as many further failures.
    record.consecutive5xx = 0;
    // A request that was in flight when its endpoint went out, or that panic mode sent there, changes nothing.
    if (record.isEjected || !this.#records.has(record)) return;
    if (!this.#mayEjectOneMore()) {
      this.#ejectionsOverflow++;
      return;
    }
    record.isEjected = true;
    record.ejectedAtMs = this.#now();
    // One step beyond the longest time is enough to remember.
    const { baseEjectionTimeMs } = this.#settings;
    if (record.ejectionMultiplier * baseEjectionTimeMs < this.#maxEjectionTimeMs() + baseEjectionTimeMs) {
      record.ejectionMultiplier++;
    }
    this.#ejectionsActive++;
    this.#ejectionsEnforcedConsecutive5xx++;
    this.#onChange([record]);
  }

  #mayEjectOneMore(): boolean {
    const { alwaysEjectOneHost, maxEjectionPercent } = this.#settings;
    const hostCount = this.#records.size;
    if (alwaysEjectOneHost && this.#ejectionsActive === 0 && hostCount > 1) return true;
    return (this.#ejectionsActive + 1) * 100 <= maxEjectionPercent * hostCount;
  }

  #ejectionTimeMs(record: OutlierRecord): number {
    return Math.min(record.ejectionMultiplier * this.#settings.baseEjectionTimeMs, this.#maxEjectionTimeMs());
  }

  #maxEjectionTimeMs(): number {
    return Math.max(this.#settings.maxEjectionTimeMs, this.#settings.baseEjectionTimeMs);
  }
}
