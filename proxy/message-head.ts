import type { Buffer } from 'node:buffer';
import type { Failure } from './failure.ts';
import type { Transport } from './transport/transport.ts';

/**
 * How the bytes of a body are to be read, and how its end is known.
 *
 * - `length`: bare bytes, as many as `contentLength` says; a `content-length` line is in the block.
 * - `chunked`: bytes in the wire framing of HTTP/1, chunk lines and trailers included, validated and not taken apart. Only
 *   HTTP/1 produces it; a `transfer-encoding` line is in the block. Whoever cannot send it on strips it (`ChunkStripper`).
 * - `stream`: bare bytes whose end is told by a call: HTTP/2 without a length, an HTTP/1 answer that ends with its connection.
 *   Of an answer of HTTP/2 that ended with its head there are none.
 * - `tunnel`: of answers only: from here on both directions are bare bytes, each until its end (101, or 200 to CONNECT).
 *
 * Source: RFC 9112 section 6.3, RFC 9113 section 8.1.
 */
export type BodyFraming = 'none' | 'length' | 'chunked' | 'stream' | 'tunnel';

/** The version of HTTP that a message came in, as access logs write it. */
export type HttpVersion = 'HTTP/1.0' | 'HTTP/1.1' | 'HTTP/2';

/**
 * A request after its head has been validated. One object per connection, overwritten by the next request:
 * copy what must outlive the exchange.
 *
 * Header lines stay one block of text, `name: value\r\n…`, exactly as received except that hop-by-hop and mesh
 * headers are cut out; a header is looked up or changed by name only when a rule asks for it.
 */
export class RequestHead {
  protocol: HttpVersion = 'HTTP/1.1';
  method = '';
  scheme: 'http' | 'https' = 'http';
  /** Origin form: path and query, beginning with `/`; `*` for `OPTIONS *`; host:port for CONNECT. */
  path = '';
  /** Host and optional port, lower case; from the absolute form where there is one (RFC 9112 section 3.2.2). */
  authority = '';
  /** True when the target came in absolute form, as a client sends it to a proxy. */
  isAbsoluteForm = false;
  /** Header lines to forward, each ending in CRLF, `Host` included; empty when there is none. */
  block = '';
  framing: BodyFraming = 'none';
  /** Bytes of the body when `framing` is `length`, otherwise 0. */
  contentLength = 0;
  /** Body bytes that came with the head, latin1, in wire framing. */
  body = '';
  /** True when `body` is the whole body, so that the request can be sent in one write and sent again. */
  isComplete = false;
  /** The client keeps the connection open after this exchange. */
  keepAlive = true;
  /**
   * Protocol that the client asks to change to, lower case, `websocket`; empty when it does not. The method is then that of
   * HTTP/1, GET, also where an extended CONNECT asked (RFC 8441 section 4).
   */
  upgrade = '';
  /**
   * Came over HTTP/2 with content type `application/grpc` or `application/grpc+…`, not gRPC-Web: failures are told as gRPC
   * statuses. Never of HTTP/1, which has no gRPC (gRPC over HTTP2, "Requests").
   */
  isGrpc = false;
  /** The client sent `Expect: 100-continue` (RFC 9110 section 10.1.1). */
  expectsContinue = false;
  /** Value of `x-heddle-peer`: who the calling sidecar says its workload is; empty when absent. */
  peerMetadata = '';
  /** Value of `x-request-id`; empty when absent. */
  requestId = '';
  /** Value of `x-heddle-hops`: over how many sidecars it has come in what may be a circle; 0 when absent. */
  hops = 0;
  /** A header `x-envoy-…` is there, by which a request may say how it is to be carried. */
  hasControls = false;
}

/** A response after its head has been validated; one per upstream connection, overwritten by the next. */
export class ResponseHead {
  status = 0;
  /** Reason phrase as received; clients ignore it (RFC 9112 section 4). */
  reason = '';
  /** Header lines to forward, each ending in CRLF. */
  block = '';
  framing: BodyFraming = 'none';
  contentLength = 0;
  /** Body bytes that came with the head, latin1, in wire framing. */
  body = '';
  isComplete = false;
  /** The upstream keeps the connection open after this exchange. */
  keepAlive = true;
}

/**
 * A request as it is to be sent to an upstream, for codecs of either version. One object per exchange, filled again for
 * each request; a codec reads it during `send` and keeps nothing of it.
 */
export class OutgoingRequest {
  method = '';
  scheme: 'http' | 'https' = 'http';
  path = '';
  /** Header lines, `host` included, each ending in CRLF; those of this attempt alone are in `attemptBlock`. */
  block = '';
  attemptBlock = '';
  framing: BodyFraming = 'none';
  contentLength = 0;
  /** Body bytes that came with the head, latin1, in the framing that `framing` says. */
  body = '';
  /** True when `body` is all of it: neither `sendBody` nor `endRequest` follows. */
  isComplete = true;
  /** As `RequestHead.upgrade`. */
  upgrade = '';
}

/** What a server connection tells whoever answers its requests: `onRequest`, `onRequestBody`…, `onRequestEnd`. */
export interface RequestReceiver {
  /** A request has begun; `head.isComplete` says that neither body nor end will be announced. */
  onRequest(head: RequestHead): void;
  /** Body bytes `buffer[start, end)`; when not `owned`, they are valid only during this call. */
  onRequestBody(buffer: Buffer, start: number, end: number, owned: boolean): void;
  /** `trailers` are header lines, empty where there are none or where they stand in the bytes (`chunked`). */
  onRequestEnd(trailers: string): void;
  /** The client takes bytes again after a write returned false. */
  onDownstreamDrain(): void;
  /** The client is gone, or broke the protocol in the middle of its body; nothing more can be sent to it. */
  onDownstreamReset(): void;
  /** About once a second while a request is open: the moment to look for stalled streams. */
  onSweep(nowMs: number): void;
}

/** Takes over a connection that reads; `first` was read from it already. */
export type TakeTransport = (transport: Transport, first: Buffer) => void;

/** The side a request came from, as the one who answers sees it. */
export interface DownstreamStream {
  /** Passes on a 1xx answer (RFC 9110 section 15.2); dropped for clients that cannot take one. */
  sendInterim(head: ResponseHead): void;
  /**
   * Sends a response head, with `head.body` in the same write. `block` replaces `head.block`. False asks to wait
   * for `onDownstreamDrain`.
   */
  sendResponse(head: ResponseHead, block: string): boolean;
  /** Sends an answer of the proxy's own, whole; `body` is ASCII. Ends the response. */
  sendLocalReply(status: number, lines: string, body: string): void;
  sendResponseBody(buffer: Buffer, start: number, end: number, owned: boolean): boolean;
  /**
   * Answers CONNECT with 200 and gives the connection away, with what came behind the request. Only for connections of
   * HTTP/1; nothing more is called for them.
   */
  acceptConnect(take: TakeTransport): void;
  /** The response is complete; `trailers` as in `onRequestEnd`. The next request may begin. */
  endResponse(trailers: string): void;
  /** Cuts the answer off so that the client cannot take what it got for a whole message. */
  reset(): void;
  pauseRequest(): void;
  resumeRequest(): void;
}

/**
 * One exchange on an upstream connection: a connection of HTTP/1, or a stream of HTTP/2. It ends with `release` or
 * `abort`, or with `onUpstreamFailure`.
 */
export interface UpstreamStream {
  /** Another exchange came before on the same connection: the peer may close it just as we use it. */
  readonly isReused: boolean;
  /** Begins the exchange. False asks to hold the body back until `onUpstreamDrain`. */
  send(receiver: ResponseReceiver, request: OutgoingRequest): boolean;
  sendBody(buffer: Buffer, start: number, end: number, owned: boolean): boolean;
  /** The body is complete; only for requests that were not complete when they were sent. */
  endRequest(trailers: string): void;
  pauseResponse(): void;
  resumeResponse(): void;
  /** Request and answer are complete: the connection may carry the next exchange. */
  release(): void;
  /** Gives the exchange up: the upstream is told, and nothing more is heard of it. */
  abort(): void;
}

/** What an upstream connection tells the one whose request it carries. */
export interface ResponseReceiver {
  onResponse(head: ResponseHead): void;
  onInterimResponse(head: ResponseHead): void;
  onResponseBody(buffer: Buffer, start: number, end: number, owned: boolean): void;
  onResponseEnd(trailers: string): void;
  onUpstreamDrain(): void;
  /** The exchange failed; nothing else will be called for this request. */
  onUpstreamFailure(failure: Failure): void;
}

/**
 * First value of a header in a block of header lines, without surrounding white space; null when absent.
 * `lowerCaseName` must be lower case. Header names are compared without case (RFC 9110 section 5.1).
 */
export function headerValue(block: string, lowerCaseName: string): string | null {
  const at = findHeaderLine(block, lowerCaseName, 0);
  return at < 0 ? null : valueOfLine(block, at, lowerCaseName.length);
}

/** All values of a header joined by `, ` (RFC 9110 section 5.3); null when absent. */
export function headerValues(block: string, lowerCaseName: string): string | null {
  let at = findHeaderLine(block, lowerCaseName, 0);
  if (at < 0) return null;
  let joined = valueOfLine(block, at, lowerCaseName.length);
  for (;;) {
    at = findHeaderLine(block, lowerCaseName, block.indexOf('\r\n', at) + 2);
    if (at < 0) return joined;
    joined += `, ${valueOfLine(block, at, lowerCaseName.length)}`;
  }
}

/** Offset of the next line at or after `from` that carries this header, -1 when there is none. */
export function findHeaderLine(block: string, lowerCaseName: string, from: number): number {
  const length = lowerCaseName.length;
  let at = from;
  while (at < block.length) {
    if (block.charCodeAt(at + length) === 58 && matchesName(block, at, lowerCaseName)) return at;
    at = block.indexOf('\r\n', at) + 2;
    if (at === 1) return -1; // no further line end: a block always ends in one, so this is the end
  }
  return -1;
}

function matchesName(block: string, at: number, lowerCaseName: string): boolean {
  for (let i = 0; i < lowerCaseName.length; i++) {
    const code = block.charCodeAt(at + i);
    const lower = code >= 65 && code <= 90 ? code + 32 : code;
    if (lower !== lowerCaseName.charCodeAt(i)) return false;
  }
  return true;
}

function valueOfLine(block: string, at: number, nameLength: number): string {
  return trimWhitespace(block.slice(at + nameLength + 1, block.indexOf('\r\n', at)));
}

/**
 * Takes blanks and tabs from both ends, and nothing else: `String.trim` would also take U+00A0, which is a byte of
 * the value (RFC 9110 section 5.6.3, OWS).
 */
export function trimWhitespace(value: string): string {
  let from = 0;
  let to = value.length;
  while (from < to && isWhitespace(value.charCodeAt(from))) from++;
  while (to > from && isWhitespace(value.charCodeAt(to - 1))) to--;
  return from === 0 && to === value.length ? value : value.slice(from, to);
}

function isWhitespace(code: number): boolean {
  return code === 32 || code === 9;
}
