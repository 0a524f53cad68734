import type { Clock } from '../clock.ts';

/** Of the event loop's time that is taken before others have their turn: a request waits that much longer at most. */
export const sliceMs = 10;

/**
 * Does something with each item in their order, and is then done. Whoever waits for the event loop has a turn in between
 * when a slice of time is used up; what fits into one is done at once. The answer ends it where it stands.
 */
export function inSlices<Item>(
  items: readonly Item[],
  clock: Pick<Clock, 'now'>,
  work: (item: Item) => void,
  whenDone: () => void,
): () => void {
  const rest = items.values();
  let immediate: NodeJS.Immediate | null = null;
  let next = rest.next();
  const go = () => {
    const until = clock.now() + sliceMs;
    while (!next.done) {
      work(next.value);
      next = rest.next();
      if (!next.done && clock.now() >= until) {
        immediate = setImmediate(go);
        return;
      }
    }
    whenDone();
  };
  go();
  return () => {
    if (immediate !== null) clearImmediate(immediate);
  };
}
