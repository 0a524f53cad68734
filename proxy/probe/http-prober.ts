import { Buffer } from 'node:buffer';
import type { Client } from 'undici';
import { hostAndPort } from '../../proto/host-and-port.ts';
import type { Prober } from '../resilience/health-check/check-session.ts';
import type { HttpCheck, StatusRange } from '../resilience/health-check/health-check-settings.ts';
import type { CheckOutcome } from '../resilience/health-check/health-record.ts';
import type { ConnectionPlace } from './connection-budget.ts';
import { holdsAll } from './payload.ts';
import type { ProbeTarget } from './probe-target.ts';

/** What applications find in `User-Agent`. */
const USER_AGENT = 'Heddle/HC';
/** A longer answer is given up with its connection. */
const MAX_BODY_BYTES = 65_536;
/** An idle connection is kept for the longest interval that makes sense. */
const KEEP_MS = 300_000;

/** Sends a request over undici and judges the answer. */
export class HttpProber implements Prober {
  // a library that is missing shows with the check
  readonly loading: Promise<void> = import('undici').then(ignore, ignore);
  readonly #check: HttpCheck;
  readonly #target: ProbeTarget;
  readonly #place: ConnectionPlace;
  #client: Client | null = null;
  /** Ends what the client is opening. */
  #closing = new AbortController();

  /** `place`: whether its connection may stay from one check to the next. */
  constructor(check: HttpCheck, target: ProbeTarget, place: ConnectionPlace) {
    this.#check = check;
    this.#target = target;
    this.#place = place;
  }

  async check(signal: AbortSignal): Promise<CheckOutcome> {
    // undici heeds no signal before it has a connection
    const giveUp = () => this.close();
    signal.addEventListener('abort', giveUp);
    try {
      const client = this.#client ?? (await this.#open());
      this.#client = client;
      const { path, method, host } = this.#check;
      const headers = { host, 'user-agent': USER_AGENT };
      const { statusCode, body } = await client.request({ path, method: method as 'GET', headers });
      const { bytes, isWhole } = await readSome(body);
      if (!isWhole || !this.#place.keep()) this.close();
      return this.#judge(statusCode, bytes);
    } catch (error) {
      this.close();
      return { kind: 'network', reason: error instanceof Error ? error.message : String(error) };
    } finally {
      signal.removeEventListener('abort', giveUp);
    }
  }

  close(): void {
    const client = this.#client;
    this.#client = null;
    this.#closing.abort();
    this.#place.leave();
    // what it was doing is given up with it, and has nobody to tell
    client?.destroy().catch(() => {});
  }

  async #open(): Promise<Client> {
    const { Client } = await import('undici');
    const closing = new AbortController();
    this.#closing = closing;
    return new Client(`http://${hostAndPort(this.#target.address, this.#target.port)}`, {
      keepAliveTimeout: KEEP_MS,
      keepAliveMaxTimeout: KEEP_MS,
      // the check has a time-out of its own
      headersTimeout: 0,
      bodyTimeout: 0,
      connect: (_options, callback) => {
        const { protocol } = this.#check;
        this.#target.connect(protocol, closing.signal).then(
          // by this undici knows what to speak
          (socket) => callback(null, Object.assign(socket, { alpnProtocol: protocol === 'http2' ? 'h2' : 'http/1.1' })),
          (error: Error) => callback(error, null),
        );
      },
    });
  }

  #judge(status: number, body: Buffer): CheckOutcome {
    const { expectedStatuses, retriableStatuses, receive, maxBodyBytes } = this.#check;
    if (!isIn(status, expectedStatuses)) {
      const kind = isIn(status, retriableStatuses) ? 'network' : 'failure';
      return { kind, reason: `the answer is ${status}` };
    }
    const looked = maxBodyBytes === 0 ? body : body.subarray(0, maxBodyBytes);
    if (holdsAll(looked, receive)) return { kind: 'success' };
    return { kind: 'failure', reason: 'the body is not what is expected' };
  }
}

function ignore(): void {}

function isIn(status: number, ranges: readonly StatusRange[]): boolean {
  return ranges.some(({ start, end }) => status >= start && status < end);
}

async function readSome(
  body: AsyncIterable<Uint8Array>,
): Promise<{ readonly bytes: Buffer; readonly isWhole: boolean }> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of body) {
    chunks.push(chunk);
    length += chunk.length;
    if (length > MAX_BODY_BYTES) return { bytes: Buffer.concat(chunks), isWhole: false };
  }
  return { bytes: Buffer.concat(chunks), isWhole: true };
}
