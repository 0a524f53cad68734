import { lookup } from 'node:dns';

/** Resolves a host name to one address. Rejects with the resolver's error. */
export type ResolveHost = (host: string) => Promise<string>;

export interface HostResolverOptions {
  /** Look-ups handed to the system at a time. Default 4. */
  readonly maxRunning?: number;
  /** Names that wait for their turn; one more is rejected at once. Default 256. */
  readonly maxQueued?: number;
  /** A name that has no address by then, its waiting included, is given up. Default 5000. */
  readonly timeoutMs?: number;
  readonly resolve?: ResolveHost;
}

interface LookUp {
  readonly host: string;
  readonly promise: Promise<string>;
  settle(address: string | null, error: unknown): void;
}

/**
 * The system's resolver, a few names at a time; whoever asks for the same name meanwhile shares the answer.
 *
 * `getaddrinfo` blocks one of libuv's few threads for as long as the name server takes, half a minute for one that is
 * silent, and cannot be called off. Handed over without bound, the made-up names of one program would stand before
 * everybody else's for hours after their requests were answered. Here they wait on this side, and go when they are
 * given up.
 */
export class HostResolver {
  readonly #maxRunning: number;
  readonly #maxQueued: number;
  readonly #timeoutMs: number;
  readonly #resolve: ResolveHost;
  readonly #lookUps = new Map<string, LookUp>();
  readonly #queue = new Set<LookUp>();
  #running = 0;

  constructor({ maxRunning = 4, maxQueued = 256, timeoutMs = 5000, resolve = systemLookup }: HostResolverOptions = {}) {
    this.#maxRunning = maxRunning;
    this.#maxQueued = maxQueued;
    this.#timeoutMs = timeoutMs;
    this.#resolve = resolve;
  }

  /** Rejects with the resolver's error, or with one without a code when there was no answer in time. */
  resolve(host: string): Promise<string> {
    const known = this.#lookUps.get(host);
    if (known !== undefined) return known.promise;
    if (this.#running >= this.#maxRunning && this.#queue.size >= this.#maxQueued) {
      return Promise.reject(new Error('too many names are being looked up'));
    }
    const lookUp = this.#open(host);
    this.#queue.add(lookUp);
    this.#runNext();
    return lookUp.promise;
  }

  #open(host: string): LookUp {
    let settle: LookUp['settle'] = () => {};
    const promise = new Promise<string>((resolve, reject) => {
      const timer = setTimeout(() => settle(null, new Error('no answer')), this.#timeoutMs);
      settle = (address, error) => {
        clearTimeout(timer);
        this.#queue.delete(lookUp);
        if (this.#lookUps.get(host) === lookUp) this.#lookUps.delete(host);
        if (address === null) reject(error);
        else resolve(address);
      };
    });
    const lookUp: LookUp = { host, promise, settle: (address, error) => settle(address, error) };
    this.#lookUps.set(host, lookUp);
    return lookUp;
  }

  #runNext(): void {
    if (this.#running >= this.#maxRunning) return;
    const [next] = this.#queue;
    if (next === undefined) return;
    this.#queue.delete(next);
    this.#running++;
    this.#resolve(next.host)
      .then(
        (address) => next.settle(address, null),
        (error: unknown) => next.settle(null, error),
      )
      .finally(() => {
        // also long after it was given up: the thread is busy until now
        this.#running--;
        this.#runNext();
      });
  }
}

function systemLookup(host: string): Promise<string> {
  return new Promise((resolve, reject) => {
    lookup(host, (error, address) => {
      if (error) reject(error);
      else resolve(address);
    });
  });
}
