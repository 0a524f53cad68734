/**
 * When a connection on which nothing comes is asked whether its peer is still there; Envoy's `connection_keepalive`.
 */
export interface Http2KeepAlive {
  /** Nothing has come for so long: a PING is sent (`interval`). */
  readonly intervalMs: number;
  /** Nothing has come for so long after it: the connection is lost (`timeout`). */
  readonly timeoutMs: number;
}

/**
 * Between sidecars, unless the cluster says otherwise: a host that has gone without a word is noticed within about 20 s, where
 * TCP takes a quarter of an hour. Applications are not asked without need, since some servers take it for an attack (gRPC,
 * `too_many_pings`).
 */
export const defaultKeepAlive: Http2KeepAlive = { intervalMs: 15_000, timeoutMs: 5_000 };

/**
 * A server that has said goodbye, and what it still answers: it has no reason to close a connection that is being asked, and
 * may be gone without having closed it. It is asked once, since one that works on a last call for long may count questions;
 * the time for its answer is that of gRPC (`keepalive_timeout`), for one that is busy with nothing else than ending.
 */
const goodbyeKeepAlive: Http2KeepAlive = { intervalMs: 15_000, timeoutMs: 20_000 };

/** Nothing has come for so long when a request is given up: it may be the connection's fault. */
const SILENT_MS = 1_000;

/**
 * Whether the other end of a connection is there. Anything that comes says that it is. All times are those of a coarse clock.
 */
export class PeerLiveness {
  #keepAlive: Http2KeepAlive | null;
  /** Asked but once more, and not again. */
  #isLastQuestion = false;
  #heardAtMs: number;
  /** When it was asked; 0 while there is no question open. */
  #askedAtMs = 0;
  #isDoubted = false;

  /** Null: asked only when a request has been given up. */
  constructor(keepAlive: Http2KeepAlive | null, nowMs: number) {
    this.#keepAlive = keepAlive;
    this.#heardAtMs = nowMs;
  }

  /** A request was given up and the peer has been silent: nothing more should be asked of it until something comes. */
  get isDoubted(): boolean {
    return this.#isDoubted;
  }

  /** Something has come. True when that ends a doubt. */
  heard(nowMs: number): boolean {
    this.#heardAtMs = nowMs;
    if (this.#isLastQuestion && this.#askedAtMs > 0) this.#keepAlive = null;
    this.#askedAtMs = 0;
    if (!this.#isDoubted) return false;
    this.#isDoubted = false;
    return true;
  }

  /** A request was given up. True when the peer is to be asked now. */
  gaveUp(nowMs: number): boolean {
    if (this.#isDoubted || nowMs - this.#heardAtMs <= SILENT_MS) return false;
    this.#isDoubted = true;
    return this.#ask(nowMs);
  }

  /** The server opens no more streams; those that are open go on. */
  saidGoodbye(): void {
    if (this.#keepAlive !== null) return;
    this.#keepAlive = goodbyeKeepAlive;
    this.#isLastQuestion = true;
  }

  /** To be called about once a second. */
  sweep(nowMs: number): 'fine' | 'ask' | 'lost' {
    const keepAlive = this.#keepAlive;
    if (keepAlive === null) return 'fine';
    if (this.#askedAtMs > 0) return nowMs - this.#askedAtMs > keepAlive.timeoutMs ? 'lost' : 'fine';
    return nowMs - this.#heardAtMs > keepAlive.intervalMs && this.#ask(nowMs) ? 'ask' : 'fine';
  }

  #ask(nowMs: number): boolean {
    if (this.#askedAtMs > 0) return false;
    this.#askedAtMs = nowMs;
    return true;
  }
}
