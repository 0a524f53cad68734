import type { Prober } from '../resilience/health-check/check-session.ts';
import type { CheckOutcome } from '../resilience/health-check/health-record.ts';

/**
 * Checks nobody at this sidecar's own ports. Whoever writes an instance down at one of them, and says what to send it, would
 * have the sidecar give itself orders, or call others in its own name.
 */
export class OutwardProber implements Prober {
  readonly #prober: Prober;
  readonly #isOwn: () => boolean;

  constructor(prober: Prober, isOwn: () => boolean) {
    this.#prober = prober;
    this.#isOwn = isOwn;
  }

  get loading(): Promise<void> | null {
    return this.#prober.loading;
  }

  check(signal: AbortSignal): Promise<CheckOutcome> {
    return this.#isOwn()
      ? Promise.resolve({ kind: 'network', reason: 'the address is that of this sidecar' })
      : this.#prober.check(signal);
  }

  close(): void {
    this.#prober.close();
  }
}
