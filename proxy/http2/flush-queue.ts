/** Something that gathers what is to be sent until it is told to send it. */
export interface Flushable {
  flush(): void;
}

let waiting: Flushable[] = [];
let depth = 0;
let isScheduled = false;

/**
 * A read event begins: whatever is made of it, on whichever connection, waits for `endRead`, so that a connection is
 * written to once for each event and not once for each frame. Every call must be met by one of `endRead`.
 */
export function beginRead(): void {
  depth++;
}

export function endRead(): void {
  if (--depth === 0 && waiting.length > 0) flushAll();
}

/** Has `flush` called when the present read event is over; outside of one, when the present call stack is. */
export function scheduleFlush(flushable: Flushable): void {
  waiting.push(flushable);
  if (depth > 0 || isScheduled) return;
  isScheduled = true;
  queueMicrotask(flushScheduled);
}

function flushScheduled(): void {
  isScheduled = false;
  flushAll();
}

function flushAll(): void {
  const due = waiting;
  waiting = spare;
  // nothing that `flush` does ends up here again
  for (let i = 0; i < due.length; i++) due[i]?.flush();
  due.length = 0;
  spare = due;
}

let spare: Flushable[] = [];
