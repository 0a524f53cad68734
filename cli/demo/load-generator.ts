import { Agent, get } from 'node:http';

/** What the calls so far came to. All counts are of calls that have been answered or have failed. */
export interface LoadCounts {
  readonly calls: number;
  /** No answer, or a status other than 200. */
  readonly failed: number;
  readonly byStatus: Readonly<Record<string, number>>;
  /** Calls by the version of cart that took part in the answer. */
  readonly byCartVersion: Readonly<Record<string, number>>;
  /** Calls by every instance that took part in the answer: one of web, one of cart, one of recommend. */
  readonly byInstance: Readonly<Record<string, number>>;
  /** The first few, in the words of whoever failed. */
  readonly failures: readonly string[];
}

const keptFailures = 5;
const maxAnswerBytes = 64 * 1024;
const answerTimeoutMs = 10_000;
const tickMs = 10;

/**
 * Calls one URL of the shop at a steady rate over keep-alive connections and counts who answered.
 *
 * Open loop up to `concurrency` calls under way; beyond that calls are left out, not queued, so that a slow mesh is
 * never met with a burst.
 */
export class LoadGenerator {
  readonly #url: string;
  readonly #callsPerTick: number;
  /** Calls under way at most. */
  readonly concurrency: number;
  readonly #agent: Agent;
  #timer: NodeJS.Timeout | null = null;
  #due = 0;
  #active = 0;
  readonly #counts = {
    calls: 0,
    failed: 0,
    byStatus: {} as Record<string, number>,
    byCartVersion: {} as Record<string, number>,
    byInstance: {} as Record<string, number>,
    failures: [] as string[],
  };
  #waiting: { readonly calls: number; readonly resolve: () => void }[] = [];

  constructor(url: string, callsPerSecond: number, concurrency = 8) {
    this.#url = url;
    this.#callsPerTick = (callsPerSecond * tickMs) / 1000;
    this.concurrency = concurrency;
    this.#agent = new Agent({ keepAlive: true, maxSockets: concurrency });
  }

  get counts(): LoadCounts {
    return structuredClone(this.#counts);
  }

  start(): void {
    this.#timer ??= setInterval(() => this.#tick(), tickMs);
  }

  /** Fulfils once this many calls are over in all. */
  reached(calls: number): Promise<void> {
    return new Promise((resolve) => {
      if (this.#counts.calls >= calls) resolve();
      else this.#waiting.push({ calls, resolve });
    });
  }

  /** Starts no more calls, and fulfils when those under way are over. */
  async stop(): Promise<void> {
    if (this.#timer !== null) clearInterval(this.#timer);
    this.#timer = null;
    await this.reached(this.#counts.calls + this.#active);
    this.#agent.destroy();
  }

  #tick(): void {
    this.#due = Math.min(this.#due + this.#callsPerTick, this.concurrency);
    while (this.#due >= 1 && this.#active < this.concurrency) {
      this.#due -= 1;
      this.#call();
    }
  }

  #call(): void {
    this.#active += 1;
    void this.#answer().then(({ status, body }) => {
      this.#active -= 1;
      this.#count(status, body);
      this.#waiting = this.#waiting.filter(({ calls, resolve }) => {
        if (this.#counts.calls >= calls) resolve();
        return this.#counts.calls < calls;
      });
    });
  }

  /** Never rejects: a call without an answer has status 0 and the reason as its body. */
  #answer(): Promise<{ readonly status: number; readonly body: string }> {
    return new Promise((resolve) => {
      const fail = (error: Error) => resolve({ status: 0, body: error.message });
      const options = { agent: this.#agent, signal: AbortSignal.timeout(answerTimeoutMs) };
      const request = get(this.#url, options, (response) => {
        let body = '';
        response.setEncoding('utf8');
        response.on('data', (chunk: string) => {
          body += chunk;
          if (body.length > maxAnswerBytes) response.destroy(new Error('the answer is too long'));
        });
        response.on('end', () => resolve({ status: response.statusCode ?? 0, body }));
        response.on('error', fail);
      });
      request.on('error', fail);
    });
  }

  #count(status: number, body: string): void {
    const counts = this.#counts;
    counts.calls += 1;
    increase(counts.byStatus, String(status));
    const answer = status === 200 ? parseAnswer(body) : null;
    if (answer === null) {
      counts.failed += 1;
      if (counts.failures.length < keptFailures) counts.failures.push(`${status} ${body.slice(0, 500)}`);
      return;
    }
    increase(counts.byCartVersion, answer.cart.version);
    for (const { instance } of [answer, answer.cart, answer.recommend]) increase(counts.byInstance, instance);
  }
}

interface ShopAnswer {
  readonly instance: string;
  readonly cart: { readonly instance: string; readonly version: string };
  readonly recommend: { readonly instance: string };
}

function parseAnswer(body: string): ShopAnswer | null {
  try {
    const answer = JSON.parse(body) as ShopAnswer;
    const words = [answer.instance, answer.cart.instance, answer.cart.version, answer.recommend.instance];
    return words.every((word) => typeof word === 'string') ? answer : null;
  } catch {
    return null; // not JSON, or not the shop's: counted as failed by the caller
  }
}

function increase(counts: Record<string, number>, key: string): void {
  counts[key] = (counts[key] ?? 0) + 1;
}
