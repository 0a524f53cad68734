import { Buffer } from 'node:buffer';
import type { Failure } from '../failure.ts';
import { newWebSocketKey, webSocketAccept, withoutAccept } from '../message/websocket-handshake.ts';
import type { OutgoingRequest, ResponseReceiver, UpstreamStream } from '../message-head.ts';
import { headerValue, ResponseHead } from '../message-head.ts';
import type { Transport, TransportHandler } from '../transport/transport.ts';
import { ChunkScanner } from './chunk-scanner.ts';
import type { HeadLimits } from './head-limits.ts';
import { defaultHeadLimits } from './head-limits.ts';
import { idleLimitMs } from './keep-alive.ts';
import { isResponseBeginning, ResponseParser } from './response-parser.ts';

/** 1xx answers before the final one; a server that sends more is broken or hostile. */
const MAX_INTERIM_RESPONSES = 100;

/** Of a large read only this much is searched for the end of a head at first. */
const HEAD_SEARCH_BYTES = 16_384;

/** Whom a client connection belongs to. */
export interface ClientConnectionOwner {
  /** The exchange is complete in both directions. */
  onConnectionReleased(connection: ClientConnection): void;
  /** The connection is gone and must not be used again. Called once. */
  onConnectionClosed(connection: ClientConnection): void;
}

/**
 * Hot loop: bench/load (scenarios http1-plain and http1-mtls).
 *
 * The client side of one HTTP/1.1 connection: carries one request at a time and cuts the answer out of the bytes.
 * An answer that breaks the rules, or bytes that nobody asked for, end the connection: nothing that could be taken
 * for the answer to another request survives.
 */
export class ClientConnection implements TransportHandler, UpstreamStream {
  readonly transport: Transport;
  /** True from the second request on: the peer may close it just as we use it. */
  isReused = false;
  /** Exchanges that it has brought to their end; counted by the pool. */
  requests = 0;
  /** These two by the pool's clock. */
  openedAtMs = 0;
  /** When it became idle; the pool reads it. */
  idleSinceMs = 0;
  /** How long it may be idle and still be used, as the upstream says; negative when not at all. */
  idleLimitMs = Number.POSITIVE_INFINITY;
  #keepAlive = '';
  readonly #owner: ClientConnectionOwner;
  readonly #limits: HeadLimits;
  readonly #parser: ResponseParser;
  readonly #head = new ResponseHead();
  readonly #scanner = new ChunkScanner();
  #receiver: ResponseReceiver | null = null;
  #state: State = 'idle';
  #method = '';
  #pending = '';
  #remaining = 0;
  #interims = 0;
  #isChunking = false;
  /** Protocol that the present request asks to change to; empty for nearly all. */
  #upgrade = '';
  /** The proof that the upstream owes for a key of ours; empty where the key is the client's. */
  #expectedAccept = '';
  /** Of a tunnel: which of its directions are over. */
  #hasPeerEnded = false;
  #hasFinished = false;

  /** `isSidecar`: another sidecar is at the other end, which mutual TLS has proven. */
  constructor(
    transport: Transport,
    owner: ClientConnectionOwner,
    limits: HeadLimits = defaultHeadLimits,
    isSidecar = false,
  ) {
    this.transport = transport;
    this.#owner = owner;
    this.#limits = limits;
    this.#parser = new ResponseParser(limits, isSidecar);
    transport.setHandler(this);
  }

  /** May carry the next request. */
  get isReusable(): boolean {
    return this.#state === 'idle';
  }

  send(receiver: ResponseReceiver, request: OutgoingRequest): boolean {
    this.#receiver = receiver;
    this.#method = request.method;
    this.#state = 'head';
    this.#pending = '';
    this.#interims = 0;
    this.#isChunking = request.framing === 'stream';
    this.#upgrade = request.upgrade;
    const { method, path, block, attemptBlock, body } = request;
    if (this.#upgrade !== '') return this.#sendUpgrade(request);
    if (this.#isChunking) return this.#sendInChunks(request);
    return this.transport.writeText(`${method} ${path} HTTP/1.1\r\n${block}${attemptBlock}\r\n${body}`);
  }

  /** The body came without a length (RFC 9112 section 6.1). */
  #sendInChunks({ method, path, block, attemptBlock, body, isComplete }: OutgoingRequest): boolean {
    const chunk = body === '' ? '' : `${body.length.toString(16)}\r\n${body}\r\n`;
    return this.transport.writeText(
      `${method} ${path} HTTP/1.1\r\n${block}${attemptBlock}transfer-encoding: chunked\r\n\r\n${chunk}${isComplete ? '0\r\n\r\n' : ''}`,
    );
  }

  /**
   * Asks to change the protocol (RFC 9110 section 7.8). WebSocket over HTTP/2 has no key (RFC 8441 section 5), so we make
   * one; a request of HTTP/1, which is complete with its head, has its own, or the upstream is right to refuse it.
   */
  #sendUpgrade({ method, path, block, attemptBlock, upgrade, isComplete }: OutgoingRequest): boolean {
    let keyLine = '';
    this.#expectedAccept = '';
    if (upgrade === 'websocket' && !isComplete && headerValue(block, 'sec-websocket-key') === null) {
      const key = newWebSocketKey();
      this.#expectedAccept = webSocketAccept(key);
      keyLine = `sec-websocket-key: ${key}\r\n`;
    }
    return this.transport.writeText(
      `${method} ${path} HTTP/1.1\r\n${block}${attemptBlock}connection: Upgrade\r\nupgrade: ${upgrade}\r\n${keyLine}\r\n`,
    );
  }

  sendBody(buffer: Buffer, start: number, end: number, owned: boolean): boolean {
    if (!this.#isChunking) return this.transport.writeBytes(buffer, start, end, owned);
    if (start === end) return true; // an empty chunk would be the last
    this.transport.writeText(`${(end - start).toString(16)}\r\n`);
    this.transport.writeBytes(buffer, start, end, owned);
    return this.transport.writeText('\r\n');
  }

  endRequest(trailers: string): void {
    if (this.#state === 'tunnel') {
      this.#hasFinished = true;
      this.transport.finish();
    }
    if (this.#isChunking) this.transport.writeText(`0\r\n${trailers}\r\n`);
  }

  pauseResponse(): void {
    this.transport.pause();
  }

  resumeResponse(): void {
    this.transport.resume();
  }

  release(): void {
    if (this.#state === 'tunnel') this.#endTunnel();
    else this.#owner.onConnectionReleased(this);
  }

  /** Both directions are over; what the upstream has not taken yet is still flushed. */
  #endTunnel(): void {
    this.#state = 'closed';
    this.#receiver = null;
    this.transport.end();
    this.#owner.onConnectionClosed(this);
  }

  /** Gives the exchange up: the connection cannot be used again. */
  abort(): void {
    this.#receiver = null;
    this.#close();
  }

  onBytes(buffer: Buffer, length: number, owned: boolean): void {
    switch (this.#state) {
      case 'head':
        this.#readHead(buffer, length, owned);
        return;
      case 'length':
      case 'chunked':
      case 'stream':
        this.#readBody(buffer, 0, length, owned);
        return;
      case 'tunnel':
        this.#receiver?.onResponseBody(buffer, 0, length, owned);
        return;
      case 'idle':
      case 'closed':
        this.abort(); // an answer nobody asked for: never let it meet the next request
        return;
    }
  }

  #readHead(buffer: Buffer, length: number, owned: boolean): void {
    const earlier = this.#pending;
    const before = earlier.length;
    let text = earlier + buffer.toString('latin1', 0, Math.min(length, HEAD_SEARCH_BYTES));
    this.#pending = '';
    let from = 0;
    for (;;) {
      const end = text.indexOf('\r\n\r\n', from) + 4;
      if (end === 3) {
        if (text.length < before + length) {
          text = earlier + buffer.toString('latin1', 0, length);
          continue;
        }
        const rest = from === 0 ? text : text.substring(from);
        if (rest.length > this.#limits.maxHeadBytes || !isResponseBeginning(rest)) this.#fail('upstreamProtocol');
        else this.#pending = rest;
        return;
      }
      const head = this.#head;
      if (!this.#parser.parse(text, from, end, this.#method, head)) {
        this.#fail('upstreamProtocol');
        return;
      }
      if (head.status >= 200 || (head.status === 101 && this.#isUpgraded())) {
        this.#beginResponse(text, end, buffer, end - before, length, owned);
        return;
      }
      if (head.status === 101 || ++this.#interims > MAX_INTERIM_RESPONSES) {
        this.#fail('upstreamProtocol');
        return;
      }
      this.#receiver?.onInterimResponse(head);
      from = end;
    }
  }

  /** Whether 101 changes to what was asked for, and proves it where the proof is owed to us. */
  #isUpgraded(): boolean {
    if (this.#upgrade === '' || this.#parser.upgrade !== this.#upgrade) return false;
    if (this.#expectedAccept === '') return true;
    const head = this.#head;
    if (headerValue(head.block, 'sec-websocket-accept') !== this.#expectedAccept) return false;
    head.block = withoutAccept(head.block);
    return true;
  }

  /** `bodyStart` is where the body begins in `buffer`; the head may have begun in an earlier read. */
  #beginResponse(text: string, end: number, buffer: Buffer, bodyStart: number, length: number, owned: boolean): void {
    const head = this.#head;
    let bodyEnd = length;
    switch (head.framing) {
      case 'none':
        bodyEnd = bodyStart;
        this.#state = 'idle';
        break;
      case 'length':
        bodyEnd = Math.min(length, bodyStart + head.contentLength);
        this.#remaining = head.contentLength - (bodyEnd - bodyStart);
        this.#state = this.#remaining === 0 ? 'idle' : 'length';
        break;
      case 'chunked': {
        this.#scanner.reset();
        const found = this.#scanner.scan(buffer, bodyStart, length);
        if (this.#scanner.fault !== null) {
          this.#fail('upstreamProtocol');
          return;
        }
        bodyEnd = found < 0 ? this.#scanner.sendableEnd : found;
        this.#state = found < 0 ? 'chunked' : 'idle';
        break;
      }
      case 'stream':
        this.#state = 'stream';
        break;
      case 'tunnel':
        this.#state = 'tunnel';
        this.transport.allowHalfOpen(true);
        break;
    }
    if (this.#parser.keepAlive !== this.#keepAlive) {
      this.#keepAlive = this.#parser.keepAlive;
      this.idleLimitMs = idleLimitMs(this.#keepAlive);
    }
    const size = bodyEnd - bodyStart;
    const isWholeInText = text.length - end >= size;
    const isComplete = this.#state === 'idle';
    if (isComplete && (bodyEnd < length || !head.keepAlive)) this.#close();
    head.body = size === 0 || !isWholeInText ? '' : text.substring(end, end + size);
    head.isComplete = isComplete && isWholeInText;
    const receiver = this.#receiver;
    if (head.isComplete) this.#receiver = null;
    receiver?.onResponse(head);
    if (isWholeInText) return;
    // a large read: the body goes on as bytes, without a detour through text
    if (this.#receiver === null) return; // given up while the head was handled
    this.#receiver.onResponseBody(buffer, bodyStart, bodyEnd, owned);
    if (isComplete) this.#finish();
  }

  #readBody(buffer: Buffer, from: number, length: number, owned: boolean): void {
    let end = length;
    let isComplete = false;
    let trailers = '';
    if (this.#state === 'length') {
      end = Math.min(length, from + this.#remaining);
      this.#remaining -= end - from;
      isComplete = this.#remaining === 0;
    } else if (this.#state === 'chunked') {
      const found = this.#scanner.scan(buffer, from, length);
      if (this.#scanner.fault !== null) {
        this.#fail('upstreamResetInBody');
        return;
      }
      isComplete = found >= 0;
      end = isComplete ? found : this.#scanner.sendableEnd;
      if (isComplete) trailers = this.#scanner.keptBack;
    }
    if (isComplete) {
      this.#state = 'idle';
      if (end < length || !this.#head.keepAlive) this.#close();
    }
    if (trailers !== '') this.#receiver?.onResponseBody(Buffer.from(trailers, 'latin1'), 0, trailers.length, true);
    else if (end > from) this.#receiver?.onResponseBody(buffer, from, end, owned);
    if (isComplete) this.#finish();
  }

  #finish(): void {
    const receiver = this.#receiver;
    this.#receiver = null;
    receiver?.onResponseEnd('');
  }

  #fail(failure: Failure): void {
    const receiver = this.#receiver;
    this.#receiver = null;
    this.#close();
    receiver?.onUpstreamFailure(failure);
  }

  #close(): void {
    if (this.#state === 'closed') return;
    this.#state = 'closed';
    this.transport.destroy();
    this.#owner.onConnectionClosed(this);
  }

  onDrain(): void {
    this.#receiver?.onUpstreamDrain();
  }

  onEnd(): void {
    if (this.#state !== 'tunnel') {
      this.onClose(null);
      return;
    }
    this.#hasPeerEnded = true;
    this.#receiver?.onResponseEnd('');
  }

  onClose(error: Error | null): void {
    if (this.#state === 'stream' && error === null) {
      this.#close();
      this.#finish();
    } else if (this.#state === 'head') {
      // a connection that the peer found idle for too long: nothing says that it has looked at the request
      const isStale = this.isReused && this.#pending === '' && this.#interims === 0;
      this.#fail(isStale ? 'staleConnection' : 'upstreamReset');
    } else if (this.#state === 'idle' || (this.#state === 'tunnel' && this.#hasPeerEnded && this.#hasFinished)) {
      this.#close();
    } else {
      this.#fail('upstreamResetInBody');
    }
  }
}

type State = 'idle' | 'head' | 'length' | 'chunked' | 'stream' | 'tunnel' | 'closed';
