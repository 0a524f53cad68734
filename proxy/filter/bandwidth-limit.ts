import type { FilteredRequest, FilterPace, FilterVerdict, RequestFilter } from './request-filter.ts';
import type { BodyPace, WaitingBody } from './shared-bandwidth.ts';

/**
 * Lets bodies pass no faster than a rate that all requests of a service share, in each of its sidecars. Nothing is refused:
 * who sends is not read until more may pass. Heads and trailers do not count, and what the sidecar answers itself is sent at
 * once.
 *
 * Source: Envoy `envoy.filters.http.bandwidth_limit`.
 */
export class BandwidthLimit implements RequestFilter {
  readonly #verdict: FilterPace;

  /** `trailerPrefix` begins the names of trailers that tell how long it took; null adds none. */
  constructor(request: BodyPace | null, response: BodyPace | null, trailerPrefix: string | null) {
    this.#verdict = { kind: 'pace', request, response, trailerPrefix, release: null };
  }

  onRequest(): FilterPace {
    return this.#verdict;
  }
}

/**
 * The same for what of a request's body came with its head: the request as a whole waits until all of that may pass, so that
 * one that is whole stays one that can be sent again.
 */
export class HeadBandwidthLimit implements RequestFilter {
  readonly #pace: BodyPace;

  constructor(pace: BodyPace) {
    this.#pace = pace;
  }

  onRequest({ head }: FilteredRequest): FilterVerdict {
    const { length } = head.body;
    if (length === 0) return null;
    const { bandwidth, counters } = this.#pace;
    if (head.isComplete) counters.enabled++; // of the others, what follows is counted as a body
    counters.incomingBytes += length;
    const passed = bandwidth.take(length);
    counters.allowedBytes += passed;
    if (passed === length) return null;
    if (head.isComplete) counters.enforced++;
    return {
      kind: 'wait',
      failure: null,
      start: (resume) => new WaitingHead(this.#pace, length - passed, resume).wait(),
    };
  }
}

class WaitingHead implements WaitingBody {
  waitingBytes: number;
  readonly #pace: BodyPace;
  readonly #resume: (verdict: null) => void;

  constructor(pace: BodyPace, bytes: number, resume: (verdict: null) => void) {
    this.#pace = pace;
    this.waitingBytes = bytes;
    this.#resume = resume;
  }

  /** What it returns gives the wait up. */
  wait(): () => void {
    const { bandwidth, counters } = this.#pace;
    counters.pending++;
    bandwidth.join(this);
    return () => {
      counters.pending--;
      bandwidth.leave(this);
    };
  }

  pass(bytes: number): void {
    const { counters } = this.#pace;
    counters.allowedBytes += bytes;
    this.waitingBytes -= bytes;
    if (this.waitingBytes > 0) return;
    counters.pending--;
    this.#resume(null);
  }
}
