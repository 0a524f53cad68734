/**
 * A connection on which nothing was said is not closed by a drain before this time, in milliseconds: its client may have sent
 * a request that is on its way, and would not know whether it was looked at.
 */
export const NEW_CONNECTION_MS = 1_000;
