import { Buffer } from 'node:buffer';
import type { Failure } from '../failure.ts';
import { failures } from '../failure.ts';
import { ChunkStripper } from '../message/chunk-stripper.ts';
import { isDispensable } from '../message/interim-response.ts';
import type { DownstreamStream, RequestReceiver, ResponseHead } from '../message-head.ts';
import { RequestHead } from '../message-head.ts';
import { CANCEL, INTERNAL_ERROR } from './error-codes.ts';
import type { ConnectionStream } from './http2-connection.ts';
import type { StreamHost } from './http2-stream.ts';
import { Http2Stream } from './http2-stream.ts';

/** What a stream of a server needs of its connection. */
export interface ServerStreamHost extends StreamHost {
  /** Writes HEADERS with a status and lines. */
  writeResponse(streamId: number, status: number, lines: string, isEnd: boolean): void;
  resetStream(stream: ServerStream, code: number): void;
  /** Nobody has any use for the stream object: it may carry another stream. */
  recycle(stream: ServerStream): void;
}

/**
 * One request and its answer on an HTTP/2 connection. The object, its receiver and its head are used again for later
 * streams of the connection, once the stream is over and its receiver has ended the answer or heard of the reset.
 */
export class ServerStream extends Http2Stream implements DownstreamStream, ConnectionStream {
  readonly head = new RequestHead();
  declare protected readonly host: ServerStreamHost;
  #receiver: RequestReceiver | null = null;
  /** The receiver works on a request of this stream. */
  #isEngaged = false;
  #hasResponded = false;
  /** Bytes go both ways until each side has ended, in either order. */
  #isTunnel = false;
  #hasHeardEnd = false;
  /** The receiver has ended the answer. */
  #hasEnded = false;
  #stripper: ChunkStripper | null = null;

  constructor(host: ServerStreamHost, accept: (stream: DownstreamStream) => RequestReceiver) {
    super(host);
    this.#receiver = accept(this);
  }

  begin(id: number, sendWindow: number): void {
    this.open(id, sendWindow);
    this.#hasResponded = false;
    this.#isTunnel = false;
    this.#hasHeardEnd = false;
    this.#hasEnded = false;
    this.#stripper = null;
  }

  /** What the client still sends is wanted although the answer has ended. */
  get isHalfOpen(): boolean {
    return this.#isTunnel && this.#isEngaged;
  }

  /** Hands the request to the receiver. */
  request(): void {
    this.#isEngaged = true;
    this.#receiver?.onRequest(this.head);
  }

  /** Answers a request that no receiver has seen. */
  refuse(failure: Failure, reply: { readonly lines: string; readonly body: string }): void {
    this.#sendWhole(failures[failure].status, reply.lines, reply.body, false);
    this.#recycleWhenOver();
  }

  sweep(nowMs: number, idleTimeoutMs: number): void {
    if (this.#isEngaged) {
      this.#receiver?.onSweep(nowMs);
    } else if (this.isEndQueued) {
      // the answer is complete and its client takes nothing of it: nobody else watches over it any more
      if (this.stalledSinceMs === 0) this.stalledSinceMs = nowMs;
      else if (nowMs - this.stalledSinceMs > idleTimeoutMs) this.host.resetStream(this, CANCEL);
    }
  }

  protected deliver(buffer: Buffer, start: number, end: number, owned: boolean): void {
    if (this.#isEngaged) this.#receiver?.onRequestBody(buffer, start, end, owned);
  }

  protected deliverEnd(trailers: string): void {
    if (!this.#isEngaged) return;
    this.#hasHeardEnd = true;
    if (this.#isTunnel && this.#hasEnded) this.#isEngaged = false;
    this.#receiver?.onRequestEnd(trailers);
    this.#recycleWhenOver();
  }

  protected drained(): void {
    if (this.#isEngaged) this.#receiver?.onDownstreamDrain();
  }

  onLost(): void {
    if (this.#isEngaged) {
      this.#isEngaged = false;
      this.#receiver?.onDownstreamReset();
    }
    this.#recycleWhenOver();
  }

  /** A client that resets its stream wants no answer, whatever it has sent. */
  toleratesReset(): boolean {
    return false;
  }

  outlivesConnection(): boolean {
    return false;
  }

  onRemoved(): void {
    this.#recycleWhenOver();
  }

  sendInterim(head: ResponseHead): void {
    // 101 cannot be said in HTTP/2 (RFC 9113 section 8.6)
    if (this.isLocalClosed || this.#hasResponded || head.status === 101) return;
    if (this.host.output.isCongested && isDispensable(head)) return;
    this.host.writeResponse(this.id, head.status, head.block, false);
  }

  sendResponse(head: ResponseHead, block: string): boolean {
    if (!this.#isEngaged || this.isLocalClosed) return true;
    const { body, framing, isComplete } = head;
    this.#hasResponded = true;
    // what changes protocols in HTTP/1 is any answer of success to an extended CONNECT (RFC 8441 section 5)
    const status = head.status === 101 ? 200 : head.status;
    this.#isTunnel = framing === 'tunnel';
    if (isComplete && body === '') {
      this.host.writeResponse(this.id, status, block, true);
      this.endWithHead();
      return true;
    }
    this.host.writeResponse(this.id, status, block, false);
    let isFlowing = true;
    if (framing === 'chunked') {
      const stripper = new ChunkStripper();
      this.#stripper = stripper;
      isFlowing = this.#sendStripped(stripper, Buffer.from(body, 'latin1'), true);
    } else {
      isFlowing = this.sendText(body);
    }
    if (isComplete) this.sendEnd(this.#stripper?.trailers ?? '');
    return isFlowing;
  }

  sendResponseBody(buffer: Buffer, start: number, end: number, owned: boolean): boolean {
    if (!this.#isEngaged) return true;
    if (this.#stripper === null) return this.sendBytes(buffer, start, end, owned);
    return this.#sendStripped(this.#stripper, buffer.subarray(start, end), owned);
  }

  #sendStripped(stripper: ChunkStripper, bytes: Buffer, owned: boolean): boolean {
    const data = stripper.strip(bytes);
    return this.sendBytes(data, 0, data.length, owned);
  }

  endResponse(trailers: string): void {
    if (!this.#isEngaged) return;
    // of a tunnel, the other direction goes on
    this.#isEngaged = this.#isTunnel && !this.#hasHeardEnd;
    this.#hasEnded = true;
    // those of an answer in chunks stood in its bytes
    this.sendEnd(this.#stripper === null ? trailers : this.#stripper.trailers + trailers);
    this.#recycleWhenOver();
  }

  sendLocalReply(status: number, lines: string, body: string): void {
    if (!this.#isEngaged) return;
    this.#isEngaged = false;
    this.#sendWhole(status, lines, body, this.head.method === 'HEAD');
    this.#recycleWhenOver();
  }

  #sendWhole(status: number, lines: string, body: string, isHead: boolean): void {
    if (this.isLocalClosed) return;
    const text = isHead ? '' : body;
    this.host.writeResponse(this.id, status, `${lines}content-length: ${body.length}\r\n`, text === '');
    if (text === '') {
      this.endWithHead();
      return;
    }
    this.sendText(text);
    this.sendEnd('');
  }

  /** Requests to tunnel are refused before a receiver sees them, so nobody can accept one. */
  acceptConnect(): void {
    this.reset();
  }

  reset(): void {
    this.#isEngaged = false;
    if (this.isOpen) this.host.resetStream(this, INTERNAL_ERROR);
    this.#recycleWhenOver();
  }

  pauseRequest(): void {
    this.pauseReceiving();
  }

  resumeRequest(): void {
    this.resumeReceiving();
  }

  #recycleWhenOver(): void {
    if (this.isOpen || this.#isEngaged || this.id === 0) return;
    this.id = 0;
    this.head.block = '';
    this.head.body = '';
    this.host.recycle(this);
  }
}
