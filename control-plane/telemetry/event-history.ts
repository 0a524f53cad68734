import type { EventFilter, EventLine, EventSource, MeshEvent } from './mesh-event.ts';
import type { NewEvent } from './reported-event.ts';

/** Events that are kept; the oldest make room. */
const maxEvents = 2000;
/** Of these, those of one identity: a service that never rests does not push out what others have told. */
const maxOfOne = 500;

/**
 * The last events of the mesh, in the order in which they came. They are gone with the process.
 */
export class EventHistory implements EventSource {
  readonly #events: MeshEvent[] = [];
  readonly #byIdentity = new Map<string, number>();
  readonly #listeners = new Set<() => void>();
  #lastId = 0;
  #forgotten = 0;

  /** Events that made room for others, since start. */
  get forgotten(): number {
    return this.#forgotten;
  }

  get lastId(): number {
    return this.#lastId;
  }

  get size(): number {
    return this.#events.length;
  }

  add(event: NewEvent): void {
    const { identity } = event.reporter;
    const count = (this.#byIdentity.get(identity) ?? 0) + 1;
    this.#byIdentity.set(identity, count);
    this.#events.push({ id: ++this.#lastId, ...event });
    if (count > maxOfOne) this.#forget(this.#events.findIndex(({ reporter }) => reporter.identity === identity));
    else if (this.#events.length > maxEvents) this.#forget(0);
    for (const listener of this.#listeners) listener();
  }

  list(filter: EventFilter = {}): MeshEvent[] {
    return this.#events.filter((event) => fits(event, filter));
  }

  async *follow(id: number, filter: EventFilter, signal: AbortSignal): AsyncGenerator<EventLine, void, undefined> {
    let last = id;
    let wake = () => {};
    const onAbort = () => wake();
    const listener = () => wake();
    this.#listeners.add(listener);
    signal.addEventListener('abort', onAbort);
    try {
      while (!signal.aborted) {
        const next = this.#events.find((event) => event.id > last);
        if (next === undefined) {
          await new Promise<void>((resolve) => {
            wake = resolve;
          });
          continue;
        }
        const missed = next.id - last - 1;
        last = next.id;
        if (missed > 0) yield { type: 'MISSED', object: { count: missed } };
        if (fits(next, filter)) yield { type: 'ADDED', object: next };
      }
    } finally {
      this.#listeners.delete(listener);
      signal.removeEventListener('abort', onAbort);
    }
  }

  #forget(index: number): void {
    const [gone] = this.#events.splice(index, 1);
    if (gone === undefined) return;
    this.#forgotten++;
    const { identity } = gone.reporter;
    const count = (this.#byIdentity.get(identity) ?? 1) - 1;
    if (count === 0) this.#byIdentity.delete(identity);
    else this.#byIdentity.set(identity, count);
  }
}

function fits({ lastTime, service, reporter }: MeshEvent, { sinceMs = 0, ...wanted }: EventFilter): boolean {
  if (Date.parse(lastTime) < sinceMs) return false;
  const ends = [
    { name: service?.name ?? '', namespace: service?.namespace ?? '' },
    { name: reporter.service, namespace: reporter.namespace },
  ];
  return ends.some(
    ({ name, namespace }) =>
      (wanted.service === undefined || wanted.service === name) &&
      (wanted.namespace === undefined || wanted.namespace === namespace),
  );
}
