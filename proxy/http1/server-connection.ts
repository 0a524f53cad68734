import { Buffer } from 'node:buffer';
import type { Failure } from '../failure.ts';
import { failures } from '../failure.ts';
import type { HeaderTrust } from '../message/header-trust.ts';
import type { DownstreamStream, RequestReceiver, ResponseHead, TakeTransport } from '../message-head.ts';
import { RequestHead } from '../message-head.ts';
import type { CoarseClock } from '../transport/coarse-clock.ts';
import { NEW_CONNECTION_MS } from '../transport/new-connection.ts';
import type { Transport, TransportHandler } from '../transport/transport.ts';
import type { ChunkFault } from './chunk-scanner.ts';
import { ChunkScanner } from './chunk-scanner.ts';
import { explainHead } from './explain-head.ts';
import type { HeadLimits } from './head-limits.ts';
import { defaultHeadLimits, withRoomForSidecar } from './head-limits.ts';
import { findEarlyFault } from './partial-head.ts';
import { RequestParser } from './request-parser.ts';
import { ResponseWriter } from './response-writer.ts';

/** What a server connection needs from the listener that accepted it. */
export interface ServerConnectionOptions {
  readonly trust: HeaderTrust;
  readonly clock: CoarseClock;
  readonly limits?: HeadLimits;
  /** A head must be whole within this time of its first byte. Default 60 000. */
  readonly headerTimeoutMs?: number;
  /** A connection between two requests is closed after this time. Default 3 600 000 (Envoy `idle_timeout`). */
  readonly idleTimeoutMs?: number;
  /** Answers a request that was refused before anyone saw it: extra header lines and the body. */
  describe(failure: Failure, detail?: string): { readonly lines: string; readonly body: string };
  /** A request was refused at the protocol level; for counters and the access log. */
  onRefused(failure: Failure): void;
  onClosed(connection: ServerConnection): void;
}

/** Bytes of further requests kept while one is being answered; beyond it, reading stops (RFC 9112 section 9.3.2). */
const MAX_PIPELINED_BYTES = 65_536;

/** Answers that the client has not read; beyond it, its next request waits until all are on their way. */
const MAX_UNREAD_BYTES = 65_536;

/**
 * Hot loop: bench/load (scenarios http1-plain and http1-mtls).
 *
 * The server side of one HTTP/1.1 connection: cuts its bytes into requests, hands one at a time to the receiver,
 * and writes the answers. A request that breaks the rules is answered and the connection closed; the receiver
 * never sees it, or sees a reset when its body turns out to be malformed halfway.
 */
export class ServerConnection implements TransportHandler, DownstreamStream {
  readonly transport: Transport;
  readonly #options: ServerConnectionOptions;
  readonly #limits: HeadLimits;
  readonly #parser: RequestParser;
  readonly #head = new RequestHead();
  readonly #scanner = new ChunkScanner();
  readonly #writer: ResponseWriter;
  #receiver: RequestReceiver | null = null;
  #state: State = 'head';
  /** Unread text: the beginning of a head, or requests that wait for their turn. */
  #pending = '';
  /** How much of `#pending` is known to hold neither the end of a head nor a fault. */
  #searched = 0;
  #remaining = 0;
  #touchedAtMs: number;
  /** The client has sent something. */
  #hasSpoken = false;
  /** When a sweep first saw the present, unfinished head; 0 when none has. */
  #partialSinceMs = 0;
  /** True while `#readHeads` runs, so that an answer given at once does not recurse into it. */
  #isReading = false;
  #isPausedForPipeline = false;
  /** The client sends requests and does not read the answers. */
  #isHeldBack = false;
  /** Of a tunnel: which of its directions are over. */
  #hasClientEnded = false;
  #hasFinished = false;

  constructor(transport: Transport, options: ServerConnectionOptions) {
    this.transport = transport;
    this.#options = options;
    const limits = options.limits ?? defaultHeadLimits;
    this.#limits = options.trust === 'sidecar' ? withRoomForSidecar(limits) : limits;
    this.#parser = new RequestParser(options.trust, this.#limits);
    this.#writer = new ResponseWriter(transport);
    this.#touchedAtMs = options.clock.nowMs;
    transport.setHandler(this);
  }

  setReceiver(receiver: RequestReceiver): void {
    this.#receiver = receiver;
  }

  onBytes(buffer: Buffer, length: number, owned: boolean): void {
    this.#touchedAtMs = this.#options.clock.nowMs;
    this.#hasSpoken = true;
    switch (this.#state) {
      case 'head': {
        const text = buffer.toString('latin1', 0, length);
        if (this.#pending === '') this.#readHeads(text, buffer);
        else this.#readHeads(this.#pending + text, null);
        return;
      }
      case 'length':
      case 'chunked':
        this.#readBody(buffer, 0, length, owned);
        return;
      case 'complete':
        this.#keep(buffer.toString('latin1', 0, length));
        return;
      case 'tunnel':
        this.#receiver?.onRequestBody(buffer, 0, length, owned);
        return;
      case 'closed':
        return;
    }
  }

  /** Reads as many requests from `text` as can be answered now. `buffer` holds the same bytes, if there is one. */
  #readHeads(text: string, buffer: Buffer | null): void {
    if (this.#isReading) {
      this.#pending = text;
      return;
    }
    this.#isReading = true;
    let rest = text;
    let bytes = buffer;
    let searched = this.#searched;
    for (;;) {
      this.#pending = '';
      this.#searched = 0;
      while (rest.startsWith('\r\n')) {
        rest = rest.slice(2); // RFC 9112 section 2.2: empty lines before a request are ignored
        bytes = null;
        searched = 0;
      }
      if (rest === '') break;
      const end = rest.indexOf('\r\n\r\n', Math.max(0, searched - 3)) + 4;
      if (end === 3) {
        const fault = findEarlyFault(rest, searched, this.#limits);
        if (fault === null) {
          this.#pending = rest;
          this.#searched = rest.length;
        } else {
          this.#refuse(fault, fault === 'badRequest' ? explainHead(rest) : '');
        }
        break;
      }
      searched = 0;
      const failure = this.#parser.parse(rest, end, this.#head);
      if (failure !== null) {
        this.#refuse(failure, failure === 'badRequest' ? explainHead(rest.slice(0, end)) : '');
        break;
      }
      if (!this.#beginRequest(rest, end, bytes)) break;
      if (this.#state !== 'head' || this.#isHeldBack) break;
      rest = this.#pending;
      bytes = null;
    }
    this.#isReading = false;
  }

  /** Splits off what there is of the body and announces the request. False when the body is malformed. */
  #beginRequest(text: string, end: number, buffer: Buffer | null): boolean {
    const head = this.#head;
    let bodyEnd = end;
    this.#writer.begin(head.protocol === 'HTTP/1.0');
    this.#partialSinceMs = 0;
    if (head.framing === 'length') {
      bodyEnd = Math.min(text.length, end + head.contentLength);
      this.#remaining = head.contentLength - (bodyEnd - end);
      this.#state = this.#remaining === 0 ? 'complete' : 'length';
    } else if (head.framing === 'chunked') {
      this.#scanner.reset();
      const bytes = buffer ?? Buffer.from(text, 'latin1');
      const found = this.#scanner.scan(bytes, end, text.length);
      if (this.#scanner.fault !== null) {
        this.#refuseBody(this.#scanner.fault);
        return false;
      }
      bodyEnd = found < 0 ? this.#scanner.sendableEnd : found;
      this.#state = found < 0 ? 'chunked' : 'complete';
    } else {
      this.#state = 'complete';
    }
    head.body = end === bodyEnd ? '' : text.substring(end, bodyEnd);
    head.isComplete = this.#state === 'complete';
    this.#pending = head.isComplete && bodyEnd < text.length ? text.substring(bodyEnd) : '';
    if (!head.keepAlive) this.#writer.closesAfter = true;
    this.#receiver?.onRequest(head);
    return true;
  }

  #readBody(buffer: Buffer, from: number, length: number, owned: boolean): void {
    let end = length;
    let trailers = '';
    if (this.#state === 'length') {
      end = Math.min(length, from + this.#remaining);
      this.#remaining -= end - from;
      if (this.#remaining === 0) this.#state = 'complete';
    } else {
      const found = this.#scanner.scan(buffer, from, length);
      if (this.#scanner.fault !== null) {
        this.#breakOff(this.#scanner.fault);
        return;
      }
      end = found < 0 ? this.#scanner.sendableEnd : found;
      if (found >= 0) {
        trailers = this.#scanner.keptBack;
        this.#state = 'complete';
      }
    }
    const isComplete = this.#state === 'complete';
    // what follows the body is kept before the receiver is told: it may answer, and begin the next request, at once
    if (isComplete && end < length) this.#keep(buffer.toString('latin1', end, length));
    if (trailers !== '') this.#receiver?.onRequestBody(Buffer.from(trailers, 'latin1'), 0, trailers.length, true);
    else if (end > from) this.#receiver?.onRequestBody(buffer, from, end, owned);
    if (isComplete && !this.#isClosed()) this.#receiver?.onRequestEnd('');
  }

  #isClosed(): boolean {
    return this.#state === 'closed';
  }

  #keep(text: string): void {
    this.#pending += text;
    if (this.#pending.length > MAX_PIPELINED_BYTES && !this.#isPausedForPipeline) {
      this.#isPausedForPipeline = true;
      this.transport.pause();
    }
  }

  /** Refuses a request that nobody has seen. */
  #refuse(failure: Failure, detail = ''): void {
    this.#options.onRefused(failure);
    this.#writer.closesAfter = true;
    const { lines, body } = this.#options.describe(failure, detail);
    this.#writer.writeLocalReply(failures[failure].status, lines, body, body.length);
    this.#close();
  }

  /** The body of a request that is already on its way turned out to be malformed. */
  #breakOff(fault: ChunkFault): void {
    const { hasResponded } = this.#writer;
    this.#state = 'closed';
    this.#receiver?.onDownstreamReset();
    if (hasResponded) this.transport.destroy();
    else this.#refuseBody(fault);
  }

  #refuseBody(fault: ChunkFault): void {
    if (fault === 'too-large') this.#refuse('bodyTooLarge');
    else this.#refuse('badRequest', 'a chunk or a trailer of the body (RFC 9112 section 7.1)');
  }

  sendInterim(head: ResponseHead): void {
    this.#writer.writeInterim(head);
  }

  sendResponse(head: ResponseHead, block: string): boolean {
    if (head.framing === 'tunnel') return this.#beginTunnel(head, block);
    if (this.#leavesBytesBehind()) this.#writer.closesAfter = true;
    return this.#writer.writeResponse(head, block);
  }

  /**
   * Whether something was sent that nobody will read in its sense: the rest of a body, or what a client sent in the hope of
   * another protocol, which must not be taken for requests (RFC 9931 section 6).
   */
  #leavesBytesBehind(): boolean {
    return this.#state !== 'complete' || (this.#head.upgrade !== '' && this.#pending !== '');
  }

  /** From here on both directions are bare bytes. What the client sent before it was told so goes first. */
  #beginTunnel(head: ResponseHead, block: string): boolean {
    const early = this.#pending;
    this.#state = 'tunnel';
    this.#pending = '';
    this.#isPausedForPipeline = false;
    this.transport.allowHalfOpen(true);
    const isFlowing = this.#writer.writeSwitch(this.#head, head, block);
    this.transport.resume();
    if (early !== '') this.#receiver?.onRequestBody(Buffer.from(early, 'latin1'), 0, early.length, true);
    return isFlowing;
  }

  sendLocalReply(status: number, lines: string, body: string): void {
    if (this.#isClosed()) return;
    // behind a refused CONNECT, what somebody else has to say may be on its way already (RFC 9931 section 8)
    if (this.#leavesBytesBehind() || this.#head.method === 'CONNECT') this.#writer.closesAfter = true;
    this.#writer.writeLocalReply(status, lines, this.#head.method === 'HEAD' ? '' : body, body.length);
    this.endResponse('');
  }

  sendResponseBody(buffer: Buffer, start: number, end: number, owned: boolean): boolean {
    return this.#writer.writeBody(buffer, start, end, owned);
  }

  acceptConnect(take: TakeTransport): void {
    if (this.#isClosed()) return;
    this.transport.writeText('HTTP/1.1 200 OK\r\n\r\n');
    const first = Buffer.from(this.#pending, 'latin1');
    this.#pending = '';
    this.#state = 'closed';
    this.#options.onClosed(this);
    this.transport.resume();
    take(this.transport, first);
  }

  endResponse(trailers: string): void {
    if (this.#isClosed()) return;
    if (this.#state === 'tunnel') {
      this.#finishTunnel();
      return;
    }
    this.#writer.writeEnd(trailers);
    if (this.#writer.closesAfter || this.#state !== 'complete') {
      this.#close();
      return;
    }
    this.#state = 'head';
    // also where the last bytes of the body stopped it, and the answer came before the upstream took them
    this.#isPausedForPipeline = false;
    if (this.transport.bufferedBytes > MAX_UNREAD_BYTES) {
      this.#isHeldBack = true;
      this.transport.pause();
      return;
    }
    this.transport.resume();
    if (this.#pending !== '') this.#readHeads(this.#pending, null);
  }

  #finishTunnel(): void {
    this.#hasFinished = true;
    if (this.#hasClientEnded) this.#close();
    else this.transport.finish();
  }

  reset(): void {
    this.#state = 'closed';
    // to an HTTP/1.0 client the end of the connection may be the end of the body, so it must not look like one
    if (this.#head.protocol === 'HTTP/1.0') this.transport.reset();
    else this.transport.destroy();
  }

  pauseRequest(): void {
    this.transport.pause();
  }

  resumeRequest(): void {
    if (!this.#isPausedForPipeline) this.transport.resume();
  }

  /**
   * Ends the connection as soon as nothing is being answered on it. On one that is new the request may be on its way: it has
   * a second to come, and is answered.
   */
  drain(): void {
    this.#writer.closesAfter = true;
    if (this.#state !== 'head' || this.#pending !== '') return;
    if (this.#hasSpoken || this.#options.clock.nowMs - this.#touchedAtMs > NEW_CONNECTION_MS) this.#close();
  }

  /** Looks for what takes too long; called about once a second. */
  sweep(nowMs: number): void {
    const idleMs = nowMs - this.#touchedAtMs;
    if (this.#state !== 'head') {
      if (this.#state !== 'closed') this.#receiver?.onSweep(nowMs);
    } else if (this.#pending !== '') {
      // a slow client keeps touching the connection: a head has one deadline, set when it began
      if (nowMs - this.#headBeganAtMs() > (this.#options.headerTimeoutMs ?? 60_000)) this.#refuse('headerTimeout');
    } else {
      this.#partialSinceMs = 0;
      if (idleMs > (this.#options.idleTimeoutMs ?? 3_600_000)) this.#close();
      else if (this.#writer.closesAfter && idleMs > NEW_CONNECTION_MS) this.#close();
    }
  }

  #headBeganAtMs(): number {
    if (this.#partialSinceMs === 0) this.#partialSinceMs = this.#options.clock.nowMs;
    return this.#partialSinceMs;
  }

  #close(): void {
    this.#state = 'closed';
    this.#pending = '';
    this.transport.end();
  }

  onDrain(): void {
    if (this.#isHeldBack && this.#state === 'head') {
      this.#isHeldBack = false;
      this.transport.resume();
      if (this.#pending !== '') this.#readHeads(this.#pending, null);
      return;
    }
    if (this.#state !== 'head' && this.#state !== 'closed') this.#receiver?.onDownstreamDrain();
  }

  /**
   * The client closes, or at least will send no more. As in Envoy and nginx that ends what is being answered: a client
   * that went away must not keep an upstream busy, and one that only half-closed cannot be told apart from it. A tunnel
   * ends in each direction by itself.
   */
  onEnd(): void {
    if (this.#state === 'tunnel') {
      this.#hasClientEnded = true;
      this.#receiver?.onRequestEnd('');
      if (this.#hasFinished) this.#close();
    } else if (this.#state === 'head') {
      this.#close();
    } else if (this.#state !== 'closed') {
      this.transport.destroy();
    }
  }

  onClose(): void {
    const wasAnswering = this.#state !== 'head';
    this.#state = 'closed';
    if (wasAnswering) this.#receiver?.onDownstreamReset();
    this.#options.onClosed(this);
  }
}

/** `complete`: the request is whole and being answered. */
type State = 'head' | 'length' | 'chunked' | 'complete' | 'tunnel' | 'closed';
