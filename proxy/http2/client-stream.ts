import { Buffer } from 'node:buffer';
import type { Failure } from '../failure.ts';
import { ChunkStripper } from '../message/chunk-stripper.ts';
import type { OutgoingRequest, ResponseHead, ResponseReceiver, UpstreamStream } from '../message-head.ts';
import { CANCEL, REFUSED_STREAM } from './error-codes.ts';
import type { ConnectionStream, StreamLoss } from './http2-connection.ts';
import type { StreamHost } from './http2-stream.ts';
import { Http2Stream } from './http2-stream.ts';

/** 1xx answers before the final one; a server that sends more is broken or hostile. */
const MAX_INTERIM_RESPONSES = 100;

/** What a stream of a client needs of its connection. */
export interface ClientStreamHost extends StreamHost {
  /** Takes the stream up under the next number and writes HEADERS; why not, when that cannot be. */
  openStream(stream: ClientStream, request: OutgoingRequest, isEnd: boolean): Failure | null;
  resetStream(stream: ClientStream, code: number): void;
  /** A stream that was handed out is given back without having been opened. */
  returnUnused(): void;
  /** Nobody has any use for the stream object: it may carry another stream. */
  recycle(stream: ClientStream): void;
}

/**
 * One exchange on an HTTP/2 connection to an upstream. The object is used again for later streams of the connection, once
 * the stream is over and the exchange has released or aborted it, or has heard of its failure.
 */
export class ClientStream extends Http2Stream implements UpstreamStream, ConnectionStream {
  isReused = false;
  /** Method of the request, CONNECT for an upgrade; what the answer may be depends on it. */
  method = '';
  declare protected readonly host: ClientStreamHost;
  #receiver: ResponseReceiver | null = null;
  /** Handed out, and neither released nor aborted nor failed. */
  #isHeld = false;
  /** Lies with the connection, to be lent. */
  #isFree = true;
  #hasResponse = false;
  #interims = 0;
  #stripper: ChunkStripper | null = null;

  /** Hands the object out for one exchange. */
  lend(isReused: boolean): void {
    this.isReused = isReused;
    this.#isFree = false;
    this.#isHeld = true;
    this.#hasResponse = false;
    this.#interims = 0;
    this.#stripper = null;
    this.#receiver = null;
  }

  /** Called by the connection when it takes the stream up. */
  begin(id: number, sendWindow: number): void {
    this.open(id, sendWindow);
  }

  send(receiver: ResponseReceiver, request: OutgoingRequest): boolean {
    const { body, isComplete, framing } = request;
    this.#receiver = receiver;
    this.method = request.upgrade === '' ? request.method : 'CONNECT';
    const isEnd = isComplete && body === '' && request.upgrade === '';
    const failure = this.host.openStream(this, request, isEnd);
    if (failure !== null) {
      this.#failSoon(failure);
      return true;
    }
    if (isEnd) {
      this.endWithHead();
      return true;
    }
    let isFlowing = true;
    if (framing === 'chunked') {
      this.#stripper = new ChunkStripper();
      const data = this.#stripper.strip(Buffer.from(body, 'latin1'));
      isFlowing = this.sendBytes(data, 0, data.length, true);
    } else {
      isFlowing = this.sendText(body);
    }
    if (isComplete && request.upgrade === '') this.sendEnd(this.#stripper?.trailers ?? '');
    return isFlowing;
  }

  /** Not within `send`: whoever sends is in the middle of something. */
  #failSoon(failure: Failure): void {
    const receiver = this.#receiver;
    queueMicrotask(() => {
      if (!this.#isHeld || this.#receiver !== receiver) return;
      this.#letGo();
      receiver?.onUpstreamFailure(failure);
    });
  }

  sendBody(buffer: Buffer, start: number, end: number, owned: boolean): boolean {
    if (this.#stripper === null) return this.sendBytes(buffer, start, end, owned);
    const data = this.#stripper.strip(buffer.subarray(start, end));
    return this.sendBytes(data, 0, data.length, owned);
  }

  endRequest(trailers: string): void {
    this.sendEnd(this.#stripper === null ? trailers : this.#stripper.trailers);
  }

  pauseResponse(): void {
    this.pauseReceiving();
  }

  resumeResponse(): void {
    this.resumeReceiving();
  }

  release(): void {
    if (!this.#isHeld) return;
    // the end of a tunnel's last bytes still waits for a window, and nobody else will send it
    if (this.isOpen && this.isEndQueued && this.isRemoteClosed && this.method === 'CONNECT') this.#letGo();
    else this.abort();
  }

  /** Gives up what nobody waits for and the server does not take. */
  sweep(nowMs: number, idleTimeoutMs: number): void {
    if (this.#isHeld) return;
    if (this.stalledSinceMs === 0) this.stalledSinceMs = nowMs;
    else if (nowMs - this.stalledSinceMs > idleTimeoutMs) this.host.resetStream(this, CANCEL);
  }

  abort(): void {
    if (!this.#isHeld) return;
    this.#letGo();
    if (this.isOpen) this.host.resetStream(this, CANCEL);
    this.#recycleWhenOver();
  }

  /** A response head, interim or final; false when there have been too many. */
  respond(head: ResponseHead): boolean {
    if (head.status < 200) {
      if (++this.#interims > MAX_INTERIM_RESPONSES) return false;
      this.#receiver?.onInterimResponse(head);
      return true;
    }
    this.#hasResponse = true;
    this.#receiver?.onResponse(head);
    return true;
  }

  get hasResponse(): boolean {
    return this.#hasResponse;
  }

  protected deliver(buffer: Buffer, start: number, end: number, owned: boolean): void {
    this.#receiver?.onResponseBody(buffer, start, end, owned);
  }

  protected deliverEnd(trailers: string): void {
    this.#receiver?.onResponseEnd(trailers);
  }

  protected drained(): void {
    this.#receiver?.onUpstreamDrain();
  }

  onLost(loss: StreamLoss, code: number): void {
    const receiver = this.#receiver;
    if (this.#isHeld) {
      this.#letGo();
      receiver?.onUpstreamFailure(this.#failureOf(loss, code));
    }
    this.#recycleWhenOver();
  }

  #failureOf(loss: StreamLoss, code: number): Failure {
    if (this.#hasResponse) return 'upstreamResetInBody';
    if (code === REFUSED_STREAM && loss === 'reset') return 'upstreamRefused';
    if (loss === 'refused') return 'upstreamRefused';
    if (loss === 'fault') return 'upstreamProtocol';
    return loss === 'reset' ? 'upstreamRemoteReset' : 'upstreamReset';
  }

  /** A server that has answered may stop the rest of the request (RFC 9113 section 8.1). */
  toleratesReset(): boolean {
    if (!this.isRemoteClosed) return false;
    this.stopSending();
    if (!this.isEndHeld) this.host.onReceivingEnded(this);
    return true;
  }

  /** The answer is whole and waits here for its receiver; where the request is not, nobody is left to take the rest. */
  outlivesConnection(): boolean {
    if (!this.#isHeld || !this.isEndHeld || this.method === 'CONNECT') return false;
    this.stopSending();
    return true;
  }

  onRemoved(): void {
    this.#recycleWhenOver();
  }

  #letGo(): void {
    this.#isHeld = false;
    this.#receiver = null;
    if (this.id === 0) this.host.returnUnused();
  }

  #recycleWhenOver(): void {
    if (this.isOpen || this.#isHeld || this.#isFree) return;
    this.#isFree = true;
    this.id = 0;
    this.host.recycle(this);
  }
}
