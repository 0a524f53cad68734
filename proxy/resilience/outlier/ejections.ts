import type { EjectionCause } from '../../../proto/ejection-causes.ts';
import { ejectionCauses } from '../../../proto/ejection-causes.ts';
import type { OutlierRecord } from './outlier-record.ts';
import type { OutlierSettings } from './outlier-settings.ts';

export type CountByCause = Record<EjectionCause, number>;

/** Counters of one cluster's outlier detection; Envoy's `outlier_detection.ejections_*`. */
export interface EjectionCounters {
  /** Gauge: endpoints that are out now. */
  readonly active: number;
  readonly enforcedTotal: number;
  /** Ejections that the greatest share of ejected endpoints prevented. */
  readonly overflow: number;
  readonly detected: Readonly<CountByCause>;
  readonly enforced: Readonly<CountByCause>;
}

/** How an endpoint that a detector found came off. */
export type Verdict = 'ejected' | 'too-many-are-out' | 'not-enforced';

/**
 * Who is out, who may still go out, and for how long: what all detectors have in common.
 *
 * Source: Envoy `DetectorImpl::ejectHost`, `checkHostForUneject`.
 */
export class Ejections implements EjectionCounters {
  active = 0;
  enforcedTotal = 0;
  overflow = 0;
  readonly detected = noCauses();
  readonly enforced = noCauses();
  readonly #settings: OutlierSettings;
  readonly #random: () => number;

  constructor(settings: OutlierSettings, random: () => number) {
    this.#settings = settings;
    this.#random = random;
  }

  /** Ejects one of `hostCount` endpoints, one that is in, unless there are reasons not to. */
  tryEject(record: OutlierRecord, cause: EjectionCause, hostCount: number, nowMs: number): Verdict {
    this.detected[cause]++;
    if (!this.#mayEjectOneMore(hostCount)) {
      this.overflow++;
      return 'too-many-are-out';
    }
    if (this.#random() * 100 >= this.#settings.enforcing[cause]) return 'not-enforced';
    this.active++;
    this.enforcedTotal++;
    this.enforced[cause]++;
    record.isEjected = true;
    record.ejectedAtMs = nowMs;
    record.ejectionJitterMs = this.#random() * this.#settings.maxEjectionTimeJitterMs;
    record.ejections++;
    // One step beyond the longest time is enough to remember.
    const { baseEjectionTimeMs } = this.#settings;
    if (record.ejectionMultiplier * baseEjectionTimeMs < this.#maxEjectionTimeMs() + baseEjectionTimeMs) {
      record.ejectionMultiplier++;
    }
    return 'ejected';
  }

  isOver(record: OutlierRecord, nowMs: number): boolean {
    return nowMs - record.ejectedAtMs >= this.timeMs(record);
  }

  /** For how long an endpoint is out that is. */
  timeMs({ ejectionMultiplier, ejectionJitterMs }: OutlierRecord): number {
    return (
      Math.min(ejectionMultiplier * this.#settings.baseEjectionTimeMs, this.#maxEjectionTimeMs()) + ejectionJitterMs
    );
  }

  /** An endpoint that is out is in again, with nothing held against it. */
  bringBack(record: OutlierRecord, nowMs: number): void {
    this.release(record);
    record.returnedAtMs = nowMs;
    record.forgetFailures();
  }

  /** An endpoint is no longer watched. */
  release(record: OutlierRecord): void {
    if (!record.isEjected) return;
    record.isEjected = false;
    this.active--;
  }

  #mayEjectOneMore(hostCount: number): boolean {
    const { alwaysEjectOneHost, maxEjectionPercent } = this.#settings;
    if (alwaysEjectOneHost && this.active === 0 && hostCount > 1) return true;
    return (this.active + 1) * 100 <= maxEjectionPercent * hostCount;
  }

  #maxEjectionTimeMs(): number {
    return Math.max(this.#settings.maxEjectionTimeMs, this.#settings.baseEjectionTimeMs);
  }
}

function noCauses(): CountByCause {
  return Object.fromEntries(ejectionCauses.map((cause) => [cause, 0])) as CountByCause; // of all causes
}

/** Of a cluster without outlier detection. */
export const noEjections: EjectionCounters = {
  active: 0,
  enforcedTotal: 0,
  overflow: 0,
  detected: noCauses(),
  enforced: noCauses(),
};
