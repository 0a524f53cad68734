import type { ResponseHead } from '../message-head.ts';
import type { HeadLimits } from './head-limits.ts';
import { defaultHeadLimits } from './head-limits.ts';
import { HeaderLines } from './header-lines.ts';

/**
 * Strict parser of HTTP/1.1 response heads (RFC 9112 section 4), with the same rules for header lines as requests.
 * What it refuses never reaches a client: the answer becomes 502 and the upstream connection is closed.
 */
export class ResponseParser {
  readonly #limits: HeadLimits;
  readonly #lines: HeaderLines;

  /** `isSidecar`: the answers are those of another sidecar, which mutual TLS has proven. */
  constructor(limits: HeadLimits = defaultHeadLimits, isSidecar = false) {
    this.#limits = limits;
    this.#lines = new HeaderLines(isSidecar);
  }

  /** What the head that was read last says the connection changes to, lower case; empty when it says nothing. */
  get upgrade(): string {
    return this.#lines.upgrade;
  }

  /** Value of `Keep-Alive` in the head that was read last; empty when it has none. */
  get keepAlive(): string {
    return this.#lines.keepAlive;
  }

  /**
   * Reads the head that ends at `text[end)` into `head`. `method` is that of the request, because an answer to
   * HEAD has no body whatever its headers say (RFC 9112 section 6.3). False when the head is malformed.
   */
  parse(text: string, from: number, end: number, method: string, head: ResponseHead): boolean {
    if (end - from > this.#limits.maxHeadBytes) return false;
    headPattern.lastIndex = from;
    if (!headPattern.test(text) || headPattern.lastIndex !== end) return false;
    const status =
      (text.charCodeAt(from + 9) - 48) * 100 + (text.charCodeAt(from + 10) - 48) * 10 + text.charCodeAt(from + 11) - 48;
    const lineEnd = text.indexOf('\r\n', from) + 2;
    const lines = this.#lines;
    lines.read(text, lineEnd, end - 2, this.#limits.maxHeaders, 'application');
    if (lines.fault !== null) return false;
    const isHttp10 = text.charCodeAt(from + 7) === 48;
    if (isHttp10 && lines.framing === 'chunked') return false;
    head.status = status;
    head.reason = text.slice(from + 13, lineEnd - 2); // empty also where the blank before it is missing
    head.block = lines.block;
    head.keepAlive = !lines.hasClose && (!isHttp10 || lines.hasKeepAlive);
    head.body = '';
    head.isComplete = false;
    head.contentLength = 0;
    if (status < 200 || status === 204) {
      if (lines.framing !== 'none') stripFraming(head);
      head.framing = status === 101 ? 'tunnel' : 'none';
      return true;
    }
    if (method === 'HEAD' || status === 304) {
      head.framing = 'none';
      return true;
    }
    head.framing = lines.framing === 'none' ? 'stream' : lines.framing;
    if (lines.framing === 'length') {
      head.contentLength = lines.contentLength;
      if (lines.contentLength === 0) head.framing = 'none';
    }
    if (head.framing === 'stream') head.keepAlive = false;
    return true;
  }
}

/**
 * Takes away what an answer without a body says of one (RFC 9110 section 8.6, RFC 9112 section 6.1). A client that
 * believed it would take the next answer for that body; and whoever wrote it may send one, so the connection ends.
 */
function stripFraming(head: ResponseHead): void {
  head.block = head.block.replace(framingLine, '$1');
  head.keepAlive = false;
}

const framingLine = /(^|\r\n)(?:content-length|transfer-encoding):[^\r]*\r\n/i;

/** Whether what has arrived of a head can still become one; called only while its end is missing. */
export function isResponseBeginning(text: string): boolean {
  return 'HTTP/1.'.startsWith(text.slice(0, 7)) && !bareLineFeed.test(text);
}

const bareLineFeed = /(?:^|[^\r])\n/;

const headPattern =
  /HTTP\/1\.[01] [1-5][0-9][0-9](?: [\t\x20-\x7e\x80-\xff]*)?\r\n(?:[!#$%&'*+\-.^_`|~0-9A-Za-z]+:[\t\x20-\x7e\x80-\xff]*\r\n)*\r\n/y;
