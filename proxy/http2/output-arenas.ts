import { Buffer } from 'node:buffer';

/**
 * Room in which frames are made, lent to a connection from its first frame of a read event until it is flushed.
 *
 * One read from an upstream may hold answers for every client, so there are many small arenas; the large ones are for what
 * one read of a body becomes. What lies before `from` is in the transport's hands and is never written to again.
 */
export class Arena {
  readonly buffer: Buffer;
  from = 0;

  constructor(bytes: number) {
    this.buffer = Buffer.allocUnsafeSlow(bytes);
  }
}

const SMALL_BYTES = 8192;
const MAX_FREE_SMALL = 128;
/** Holds what one read of `READ_BUFFER_BYTES` becomes when all of it is relayed. */
const LARGE_BYTES = 98_304;
const MAX_FREE_LARGE = 8;
/** An arena with less room is left to the transport that still sends from it. */
const MIN_SMALL_ROOM = 2048;
/** Room for a frame, and for what a small arena held before it. */
const MIN_LARGE_ROOM = 32_768;

const small: Arena[] = [];
const large: Arena[] = [];

/** An arena with at least `bytes` of room. */
export function takeArena(bytes: number): Arena {
  if (bytes <= MIN_SMALL_ROOM) return small.pop() ?? new Arena(SMALL_BYTES);
  if (bytes <= MIN_LARGE_ROOM) return large.pop() ?? new Arena(LARGE_BYTES);
  return new Arena(Math.max(bytes, LARGE_BYTES));
}

/** Takes an arena back; one that is used up is forgotten. */
export function giveArena(arena: Arena): void {
  const { length } = arena.buffer;
  const room = length - arena.from;
  if (length === SMALL_BYTES) {
    if (room >= MIN_SMALL_ROOM && small.length < MAX_FREE_SMALL) small.push(arena);
  } else if (length === LARGE_BYTES && room >= MIN_LARGE_ROOM && large.length < MAX_FREE_LARGE) {
    large.push(arena);
  }
}
