import { Buffer } from 'node:buffer';
import { ChunkStripper } from '../message/chunk-stripper.ts';
import { isDispensable } from '../message/interim-response.ts';
import { missingAcceptLine } from '../message/websocket-handshake.ts';
import type { RequestHead, ResponseHead } from '../message-head.ts';
import type { Transport } from '../transport/transport.ts';

/** A client that has so much before it gets no interim answers on top. */
const MAX_UNREAD_BYTES = 65_536;

/**
 * Writes the answers of one HTTP/1.1 server connection, in the framing that their client can read.
 *
 * An answer whose end is that of its upstream connection travels on in chunks, so that its client can tell whether it is
 * whole. An HTTP/1.0 client knows no chunks: they are taken off, and the end of the connection is the end of the body
 * (RFC 9112 section 6.3).
 */
export class ResponseWriter {
  /** The connection ends with the present answer, and the answer says so. */
  closesAfter = false;
  /** A final answer has begun: nothing else can be said any more. */
  hasResponded = false;
  readonly #transport: Transport;
  #isHttp10 = false;
  #stripper: ChunkStripper | null = null;
  #isChunking = false;

  constructor(transport: Transport) {
    this.#transport = transport;
  }

  /** A request has begun; what follows is its answer. */
  begin(isHttp10: boolean): void {
    this.hasResponded = false;
    this.#isHttp10 = isHttp10;
    this.#stripper = null;
    this.#isChunking = false;
  }

  writeInterim(head: ResponseHead): void {
    if (this.#isHttp10 || (this.#transport.bufferedBytes > MAX_UNREAD_BYTES && isDispensable(head))) return;
    this.#transport.writeText(`HTTP/1.1 ${head.status} ${head.reason}\r\n${head.block}\r\n`);
  }

  writeResponse(head: ResponseHead, block: string): boolean {
    this.hasResponded = true;
    if (this.#isHttp10) return this.#writeToHttp10(head, block);
    let close = this.closesAfter ? 'connection: close\r\n\r\n' : '\r\n';
    let { body } = head;
    if (isBodiless(head)) {
      close = `content-length: 0\r\n${close}`;
    } else if (head.framing === 'stream') {
      this.#isChunking = true;
      close = `transfer-encoding: chunked\r\n${close}`;
      if (body !== '') body = `${body.length.toString(16)}\r\n${body}\r\n`;
    }
    return this.#transport.writeText(`HTTP/1.1 ${head.status} ${head.reason}\r\n${block}${close}${body}`);
  }

  /** 101 to a request to upgrade; what follows is written as it is. An upstream of HTTP/2 has said 200 in its place. */
  writeSwitch(request: RequestHead, head: ResponseHead, block: string): boolean {
    this.hasResponded = true;
    const reason = head.status === 101 ? head.reason : 'Switching Protocols';
    const accept = missingAcceptLine(request.block, block);
    return this.#transport.writeText(
      `HTTP/1.1 101 ${reason}\r\n${block}connection: Upgrade\r\nupgrade: ${request.upgrade}\r\n${accept}\r\n${head.body}`,
    );
  }

  /** An answer of the proxy's own. `body` is empty for HEAD, whose answer tells `length` all the same. */
  writeLocalReply(status: number, lines: string, body: string, length: number): void {
    this.hasResponded = true;
    const close = this.closesAfter ? 'connection: close\r\n' : '';
    const reason = reasonPhrases[status] ?? 'Unknown';
    this.#transport.writeText(
      `HTTP/1.1 ${status} ${reason}\r\n${lines}content-length: ${length}\r\n${close}\r\n${body}`,
    );
  }

  writeBody(buffer: Buffer, start: number, end: number, owned: boolean): boolean {
    if (this.#isChunking) return this.#writeChunk(buffer, start, end, owned);
    if (this.#stripper === null) return this.#transport.writeBytes(buffer, start, end, owned);
    const bytes = this.#stripper.strip(buffer.subarray(start, end));
    return this.#transport.writeBytes(bytes, 0, bytes.length, true);
  }

  /** The answer is whole. Trailers have a place only where it is sent in chunks. */
  writeEnd(trailers: string): void {
    if (this.#isChunking) this.#transport.writeText(`0\r\n${trailers}\r\n`);
  }

  #writeToHttp10(head: ResponseHead, block: string): boolean {
    let lines = block;
    let { body } = head;
    if (isBodiless(head)) lines += 'content-length: 0\r\n';
    else if (head.framing === 'stream') this.closesAfter = true;
    if (head.framing === 'chunked') {
      this.closesAfter = true;
      this.#stripper = new ChunkStripper();
      lines = block.replace(/(^|\r\n)transfer-encoding:[^\r]*\r\n/i, '$1');
      body = this.#stripper.strip(Buffer.from(body, 'latin1')).toString('latin1');
    }
    const connection = this.closesAfter ? 'close' : 'keep-alive';
    return this.#transport.writeText(
      `HTTP/1.1 ${head.status} ${head.reason}\r\n${lines}connection: ${connection}\r\n\r\n${body}`,
    );
  }

  #writeChunk(buffer: Buffer, start: number, end: number, owned: boolean): boolean {
    if (start === end) return true; // an empty chunk would be the last
    this.#transport.writeText(`${(end - start).toString(16)}\r\n`);
    this.#transport.writeBytes(buffer, start, end, owned);
    return this.#transport.writeText('\r\n');
  }
}

/** It ended with its head, over HTTP/2; without a word about it a client would wait for the end of the connection. */
function isBodiless({ framing, isComplete, body }: ResponseHead): boolean {
  return framing === 'stream' && isComplete && body === '';
}

/** Of RFC 9110, 6585 and 4918; routes and faults may name any status. */
const reasonPhrases: Readonly<Record<number, string>> = {
  200: 'OK',
  201: 'Created',
  202: 'Accepted',
  204: 'No Content',
  301: 'Moved Permanently',
  302: 'Found',
  303: 'See Other',
  304: 'Not Modified',
  307: 'Temporary Redirect',
  308: 'Permanent Redirect',
  400: 'Bad Request',
  401: 'Unauthorized',
  402: 'Payment Required',
  403: 'Forbidden',
  404: 'Not Found',
  405: 'Method Not Allowed',
  408: 'Request Timeout',
  409: 'Conflict',
  410: 'Gone',
  412: 'Precondition Failed',
  413: 'Content Too Large',
  414: 'URI Too Long',
  415: 'Unsupported Media Type',
  417: 'Expectation Failed',
  421: 'Misdirected Request',
  422: 'Unprocessable Content',
  423: 'Locked',
  425: 'Too Early',
  426: 'Upgrade Required',
  428: 'Precondition Required',
  429: 'Too Many Requests',
  431: 'Request Header Fields Too Large',
  500: 'Internal Server Error',
  501: 'Not Implemented',
  502: 'Bad Gateway',
  503: 'Service Unavailable',
  504: 'Gateway Timeout',
  505: 'HTTP Version Not Supported',
  507: 'Insufficient Storage',
  508: 'Loop Detected',
  511: 'Network Authentication Required',
};
