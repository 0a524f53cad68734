import { TokenBucket } from '../token-bucket.ts';
import type { ToldEvent, TrafficEvent } from './traffic-event.ts';

/** Events that wait to be told. */
const maxWaiting = 128;
/** New ones in the long run; those that are told with others cost nothing. */
const perSecond = 2;

/**
 * Events that were not told yet, in the order in which they began.
 *
 * A storm is bounded three times: events of one kind about the same thing are one until they are told, 128 of them wait at
 * the most, and of different ones no more come than 128 at once and 2 a second after that. What is left out is counted.
 */
export class EventLog {
  /** Called for each event that was not part of another: it is time to tell. */
  onEvent: () => void = () => {};
  readonly #waiting = new Map<string, ToldEvent>();
  readonly #allowance: TokenBucket;
  #dropped = 0;

  constructor(nowMs: number = Date.now()) {
    this.#allowance = new TokenBucket(maxWaiting, perSecond, nowMs);
  }

  /** Events that nobody will be told of, since start. */
  get dropped(): number {
    return this.#dropped;
  }

  get waiting(): number {
    return this.#waiting.size;
  }

  record(event: TrafficEvent): void {
    this.add({ ...event, lastMs: event.atMs, count: 1 });
  }

  /** Takes over what another log has merged already. */
  add(event: ToldEvent): void {
    const key = keyOf(event);
    const before = this.#waiting.get(key);
    if (before !== undefined) {
      this.#waiting.set(key, merged(before, event));
      return;
    }
    if (this.#waiting.size >= maxWaiting || !this.#allowance.tryTake(event.lastMs)) {
      this.#dropped += event.count;
      return;
    }
    this.#waiting.set(key, event);
    this.onEvent();
  }

  /** Counts what another log has dropped. */
  addDropped(count: number): void {
    this.#dropped += count;
  }

  /** All that wait; they are in the caller's hands from now on. */
  take(): ToldEvent[] {
    const events = [...this.#waiting.values()];
    this.#waiting.clear();
    return events;
  }
}

/** What an event is about. */
function keyOf({ kind, cluster, upstream, cause, rule }: TrafficEvent): string {
  return [kind, cluster, upstream, cause, rule].join('\n');
}

function merged(before: ToldEvent, event: ToldEvent): ToldEvent {
  return {
    ...event,
    atMs: Math.min(before.atMs, event.atMs),
    lastMs: Math.max(before.lastMs, event.lastMs),
    count: before.count + event.count,
    requests: before.requests + event.requests,
  };
}
