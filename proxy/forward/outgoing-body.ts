import type { Buffer } from 'node:buffer';
import type { OutgoingRequest, RequestHead, UpstreamStream } from '../message-head.ts';
import type { RetryPolicy } from '../resilience/retry-policy.ts';
import { defaultReplayBytes, mayRepeat } from '../resilience/retry-policy.ts';
import { ReplayBuffer } from './replay-buffer.ts';

/**
 * The body of one request on its way to an upstream, behind what came with the head; kept where the request can be repeated
 * at all, so that it can be sent again. Used again for later requests.
 */
export class OutgoingBody {
  /** The client has said all that it will: its request, or its side of a tunnel. */
  isEnded = false;
  /** Part of it has gone to an upstream and is nowhere else any more. */
  isSpent = false;
  readonly #request: OutgoingRequest;
  /** What it is kept in; null where the request came whole, or could never be repeated. */
  #replay: ReplayBuffer | null = null;
  /** Made for the first request that needs one, and used again. */
  #spareReplay: ReplayBuffer | null = null;

  constructor(request: OutgoingRequest) {
    this.#request = request;
  }

  begin(isEnded: boolean): void {
    this.isEnded = isEnded;
    this.isSpent = false;
  }

  /**
   * Keeps what comes where the request can be repeated. Over HTTP/2, with or without a policy, an upstream can say that it has
   * not looked at a request, which holds for every method (RFC 9113 section 8.7). False where it is too long to be kept.
   */
  keep(head: RequestHead, policy: RetryPolicy | null, isHttp2: boolean): boolean {
    const isRepeatable = policy !== null && policy.maxRetries > 0 && mayRepeat(policy, head.method);
    if (head.upgrade !== '' || !(isRepeatable || isHttp2)) return true;
    const limitBytes = policy === null ? defaultReplayBytes : policy.replayBytes;
    if (head.contentLength > limitBytes) return false;
    this.#spareReplay ??= new ReplayBuffer();
    this.#spareReplay.begin(limitBytes, head.body.length);
    this.#replay = this.#spareReplay;
    return true;
  }

  /** The next bytes are about to be sent. False where they are too many to be kept, for the first time. */
  pass(buffer: Buffer, start: number, end: number): boolean {
    if (this.#replay === null) {
      this.isSpent = true;
      return true;
    }
    if (this.#replay.keep(buffer, start, end)) return true;
    this.clear();
    this.isSpent = true;
    return false;
  }

  /** The client has ended it. Nobody says so twice: another attempt has it from what was kept or with its head. */
  end(trailers: string): void {
    this.isEnded = true;
    if (this.#replay !== null) this.#replay.end(trailers);
    else if (trailers === '') this.#request.isComplete = true;
    else this.isSpent = true; // there is no other attempt
  }

  /** Sends what was kept behind the head of another attempt; false asks to wait. `isWanted`: that has not failed meanwhile. */
  sendAgain(stream: UpstreamStream, isWanted: () => boolean): boolean {
    return this.#replay === null || this.#replay.sendTo(stream, this.isEnded, isWanted);
  }

  /** It is not sent again. */
  clear(): void {
    if (this.#replay !== null) this.#replay.clear();
    this.#replay = null;
  }
}
