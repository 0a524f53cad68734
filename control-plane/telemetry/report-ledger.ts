/** What is known of one run of one sidecar. */
interface Instance {
  lastSequence: number;
  droppedSeries: number;
  droppedReports: number;
  droppedEvents: number;
}

/** Runs of sidecars that are remembered; the one that was silent longest makes room. */
const maxInstances = 10_000;

/**
 * Knows which reports have been counted, so that one that is sent again counts once. Sidecars send their reports in
 * order and number them, so the last number is enough.
 */
export class ReportLedger {
  /** The one that reported last comes last. */
  readonly #instances = new Map<string, Instance>();
  readonly #max: number;
  #droppedSeries = 0;
  #droppedReports = 0;
  #droppedEvents = 0;

  constructor(max: number = maxInstances) {
    this.#max = max;
  }

  /** What sidecars say they have dropped, since this control plane started or they did. */
  get dropped(): { readonly series: number; readonly reports: number; readonly events: number } {
    return { series: this.#droppedSeries, reports: this.#droppedReports, events: this.#droppedEvents };
  }

  get size(): number {
    return this.#instances.size;
  }

  /**
   * Enters a report. False when it was entered before. An instance id is only worth something together with the
   * identity that uses it: nobody can spoil another's numbers.
   */
  enter(identity: string, report: ReportHeader): boolean {
    const key = `${identity}\n${report.instanceId}`;
    const instance = this.#instances.get(key) ?? {
      lastSequence: 0,
      droppedSeries: 0,
      droppedReports: 0,
      droppedEvents: 0,
    };
    this.#instances.delete(key);
    this.#instances.set(key, instance);
    if (this.#instances.size > this.#max) this.#forgetOldest();
    if (report.sequence <= instance.lastSequence) return false;
    instance.lastSequence = report.sequence;
    this.#droppedSeries += Math.max(0, report.droppedSeries - instance.droppedSeries);
    this.#droppedReports += Math.max(0, report.droppedReports - instance.droppedReports);
    this.#droppedEvents += Math.max(0, report.droppedEvents - instance.droppedEvents);
    instance.droppedEvents = report.droppedEvents;
    instance.droppedSeries = report.droppedSeries;
    instance.droppedReports = report.droppedReports;
    return true;
  }

  #forgetOldest(): void {
    const [oldest] = this.#instances.keys();
    if (oldest !== undefined) this.#instances.delete(oldest);
  }
}

export interface ReportHeader {
  readonly instanceId: string;
  readonly sequence: number;
  readonly droppedSeries: number;
  readonly droppedReports: number;
  readonly droppedEvents: number;
}
