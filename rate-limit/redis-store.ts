import type { Socket } from 'node:net';
import { connect } from 'node:net';
import type { CounterStore, Hit } from './counter-store.ts';
import { StoreError } from './counter-store.ts';
import type { RedisReply } from './redis-replies.ts';
import { RedisReplies, redisCommand } from './redis-replies.ts';

export interface RedisAddress {
  readonly host: string;
  readonly port: number;
  /** Both empty for a server that asks for none. */
  readonly user: string;
  readonly password: string;
  readonly database: number;
}

/** Questions that may wait for their answers; more are refused at once. */
export const MAX_WAITING = 10_000;
/** A Redis that is slower than this is of no use to a request that waits. */
const ANSWER_TIMEOUT_MS = 1000;
/** A count of 64 bits that takes no more: its own business, and no reason to give up the connection that all share. */
const OVERFLOW = 'ERR increment or decrement would overflow';
const RECONNECT_MS = [100, 5000] as const;

/** Does not step when somebody sets the clock: a Redis would seem slow, or never. */
const steadyNow = (): number => performance.now();

interface Waiting {
  readonly counts: number[];
  /** Replies that are still to come: a count and an expiry for each hit. */
  left: number;
  /** Why Redis did not do what was asked; empty while it does. */
  refusal: string;
  readonly sinceMs: number;
  resolve(counts: readonly number[]): void;
  reject(error: StoreError): void;
}

/**
 * Counts in Redis, for any number of servers and across their restarts: `INCRBY` and `EXPIRE` over one connection, all
 * questions of a moment in one write. When Redis is away every question is refused at once, and the connection comes back
 * by itself.
 *
 * Source: Redis commands INCRBY, EXPIRE; the same two that envoyproxy/ratelimit counts with.
 */
export class RedisStore implements CounterStore {
  readonly #address: RedisAddress;
  readonly #now: () => number;
  readonly #onChange: (isThere: boolean, why: string) => void;
  readonly #waiting: Waiting[] = [];
  readonly #watch: NodeJS.Timeout;
  #socket: Socket | null = null;
  #isReady = false;
  /** Whether it was told that Redis answers, and does not count. */
  #isRefusing = false;
  #why = 'it has not been reached yet';
  #delayMs: number = RECONNECT_MS[0];
  #reconnect: NodeJS.Timeout | null = null;
  #isClosed = false;
  #ready: (() => void) | null = null;

  /** `onChange` hears of every loss, and when Redis is there again. */
  constructor(address: RedisAddress, onChange: (isThere: boolean, why: string) => void = () => {}, now = steadyNow) {
    this.#address = address;
    this.#onChange = onChange;
    this.#now = now;
    this.#watch = setInterval(() => this.#giveUpOnSlow(), ANSWER_TIMEOUT_MS / 4).unref();
    this.#connect();
  }

  /** Resolves when Redis has been reached for the first time, or `withinMs` are over. */
  async reached(withinMs: number): Promise<boolean> {
    if (this.#isReady) return true;
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, withinMs);
      this.#ready = () => {
        clearTimeout(timer);
        resolve();
      };
    });
    return this.#isReady;
  }

  add(hits: readonly Hit[]): Promise<readonly number[]> {
    const socket = this.#socket;
    if (!this.#isReady || socket === null) return Promise.reject(new StoreError(`no Redis: ${this.#why}`));
    if (this.#waiting.length >= MAX_WAITING) return Promise.reject(new StoreError('Redis is too slow'));
    if (hits.length === 0) return Promise.resolve([]);
    return new Promise((resolve, reject) => {
      this.#waiting.push({ counts: [], left: 2 * hits.length, refusal: '', sinceMs: this.#now(), resolve, reject });
      let text = '';
      for (const { key, hits: number, ttlSeconds } of hits) {
        text += redisCommand('INCRBY', key, String(number)) + redisCommand('EXPIRE', key, String(ttlSeconds));
      }
      socket.write(text);
    });
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    clearInterval(this.#watch);
    if (this.#reconnect !== null) clearTimeout(this.#reconnect);
    this.#lose('closed');
  }

  #connect(): void {
    const { host, port, user, password, database } = this.#address;
    const replies = new RedisReplies();
    const socket = connect({ host, port, noDelay: true, keepAlive: true });
    this.#socket = socket;
    const greeting: string[] = [];
    if (password !== '') greeting.push(redisCommand('AUTH', ...(user === '' ? [] : [user]), password));
    greeting.push(redisCommand('SELECT', String(database)));
    let greetings = greeting.length;
    const timer = setTimeout(() => this.#lose('no answer to the greeting', socket), RECONNECT_MS[1]);
    socket.on('connect', () => socket.write(greeting.join('')));
    socket.on('error', (error) => this.#lose(error.message, socket));
    socket.on('close', () => {
      clearTimeout(timer);
      this.#lose('the connection was closed', socket);
    });
    socket.on('data', (bytes) => {
      try {
        for (const reply of replies.read(bytes)) {
          if (greetings === 0) {
            this.#take(reply);
            continue;
          }
          if (reply.kind === 'error') throw new Error(reply.text);
          if (--greetings === 0) {
            clearTimeout(timer);
            this.#begin();
          }
        }
      } catch (error) {
        this.#lose((error as Error).message, socket);
      }
    });
  }

  #begin(): void {
    this.#isReady = true;
    this.#isRefusing = false;
    this.#delayMs = RECONNECT_MS[0];
    this.#onChange(true, '');
    this.#ready?.();
  }

  #take(reply: RedisReply): void {
    const first = this.#waiting[0];
    if (first === undefined) throw new Error('an answer to nothing');
    const isCount = first.left % 2 === 0;
    const isFull = isCount && reply.kind === 'error' && reply.text.startsWith(OVERFLOW);
    if (reply.kind === 'text') throw new Error(reply.text);
    // each command has one answer, so what follows still belongs to what was asked next
    if (reply.kind === 'error' && !isFull) first.refusal ||= reply.text;
    else if (isCount) first.counts.push(reply.kind === 'number' ? reply.value : Number.POSITIVE_INFINITY);
    if (--first.left > 0) return;
    this.#waiting.shift();
    this.#tellRefusals(first.refusal);
    if (first.refusal === '') first.resolve(first.counts);
    else first.reject(new StoreError(`no Redis: ${first.refusal}`));
  }

  /** Once when it begins and once when it is over: a Redis without memory refuses everything. */
  #tellRefusals(refusal: string): void {
    const isRefusing = refusal !== '';
    if (isRefusing === this.#isRefusing) return;
    this.#isRefusing = isRefusing;
    this.#onChange(!isRefusing, refusal);
  }

  #giveUpOnSlow(): void {
    const oldest = this.#waiting[0];
    if (oldest !== undefined && this.#now() - oldest.sinceMs > ANSWER_TIMEOUT_MS) this.#lose('no answer in a second');
  }

  /** Answers of a connection that has lost its step cannot be told apart, so all that wait are refused. */
  #lose(why: string, socket = this.#socket): void {
    if (socket !== this.#socket || socket === null) return;
    this.#socket = null;
    socket.destroy();
    const wasThere = this.#isReady;
    this.#isReady = false;
    this.#why = why;
    for (const { reject } of this.#waiting.splice(0)) reject(new StoreError(`no Redis: ${why}`));
    if (this.#isClosed) return;
    if (wasThere || this.#delayMs === RECONNECT_MS[0]) this.#onChange(false, why);
    this.#reconnect = setTimeout(() => this.#connect(), this.#delayMs);
    this.#delayMs = Math.min(2 * this.#delayMs, RECONNECT_MS[1]);
  }
}
