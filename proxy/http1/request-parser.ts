import type { Failure } from '../failure.ts';
import { isAuthority } from '../message/authority.ts';
import type { HeaderTrust } from '../message/header-trust.ts';
import type { RequestHead } from '../message-head.ts';
import type { HeadLimits } from './head-limits.ts';
import { defaultHeadLimits } from './head-limits.ts';
import { HeaderLines } from './header-lines.ts';
import { findExcess, judgeRequestLine } from './partial-head.ts';

/**
 * Hot loop: bench/load (scenarios http1-plain and http1-mtls).
 *
 * Strict parser of HTTP/1.1 request heads (RFC 9112). One sticky expression validates every character of the head,
 * then a walk reads the few headers that matter. What the RFC leaves to the recipient's leniency is refused: bare
 * LF, obs-fold, blanks before the colon, control characters, a fragment or bytes above 0x7e in the target.
 */
export class RequestParser {
  readonly #limits: HeadLimits;
  readonly #trust: HeaderTrust;
  readonly #lines = new HeaderLines();
  /** The last authority that was found well-formed: requests on one connection repeat it. */
  #lastHost = '';
  #lastAuthority = '';

  constructor(trust: HeaderTrust, limits: HeadLimits = defaultHeadLimits) {
    this.#trust = trust;
    this.#limits = limits;
  }

  /**
   * Reads the head that ends at `text[end)`, the offset behind its empty line, into `head`.
   * Returns null, or why the request is refused; the connection must then be closed.
   */
  parse(text: string, end: number, head: RequestHead): Failure | null {
    if (end > this.#limits.maxTargetBytes) {
      const excess = findExcess(end === text.length ? text : text.slice(0, end), this.#limits);
      if (excess !== null) return excess;
    }
    headPattern.lastIndex = 0;
    if (!headPattern.test(text) || headPattern.lastIndex !== end) return diagnose(text);
    const methodEnd = text.indexOf(' ');
    const targetEnd = text.indexOf(' ', methodEnd + 1);
    if (targetEnd - methodEnd > this.#limits.maxTargetBytes) return 'targetTooLong';
    const lineEnd = targetEnd + 11; // " HTTP/1.x\r\n"
    const lines = this.#lines;
    lines.read(text, lineEnd, end - 2, this.#limits.maxHeaders, this.#trust);
    if (lines.fault !== null) return lines.fault;
    const isHttp10 = text.charCodeAt(targetEnd + 8) === 48;
    if (isHttp10 && lines.framing === 'chunked') return 'badRequest'; // RFC 9112 section 6.1
    if (!lines.hasHost && !isHttp10) return 'badRequest';
    head.protocol = isHttp10 ? 'HTTP/1.0' : 'HTTP/1.1';
    head.method = text.substring(0, methodEnd);
    head.block = lines.block;
    head.framing = lines.framing === 'length' && lines.contentLength === 0 ? 'none' : lines.framing;
    head.contentLength = lines.framing === 'length' ? lines.contentLength : 0;
    head.keepAlive = !lines.hasClose && (!isHttp10 || lines.hasKeepAlive);
    // what changes the protocol in the middle of a body, or of an HTTP/1.0 connection, is ignored (RFC 9110 section 7.8)
    head.upgrade =
      lines.upgrade !== '' && head.method === 'GET' && head.framing === 'none' && !isHttp10 ? lines.upgrade : '';
    head.expectsContinue = lines.expects !== '';
    head.peerMetadata = lines.peerMetadata;
    head.requestId = lines.requestId;
    head.hops = lines.hops;
    head.hasControls = lines.hasControls;
    head.body = '';
    head.isComplete = false;
    if (lines.expects !== '' && lines.expects !== '100-continue') return 'expectationFailed';
    return this.#target(text, methodEnd + 1, targetEnd, head, lines.host);
  }

  #target(text: string, from: number, to: number, head: RequestHead, host: string): Failure | null {
    if (host === this.#lastHost) {
      head.authority = this.#lastAuthority;
    } else {
      if (host !== '' && !isAuthority(host)) return 'badRequest';
      head.authority = this.#lastAuthority = host.toLowerCase();
      this.#lastHost = host;
    }
    head.isAbsoluteForm = false;
    const target = text.substring(from, to);
    head.path = target;
    if (text.charCodeAt(from) === 47 && head.method !== 'CONNECT') {
      return target.includes('%00') ? 'badRequest' : null;
    }
    return readOtherForm(target, head);
  }
}

/**
 * Everything a request head may consist of: method, one blank, target, one blank, version, then `token ":" value`
 * lines. A method is a token without lower-case letters: every registered one is, methods are told apart by case
 * (RFC 9110 section 9.1), and an application that took `get` for GET would answer what a rule about GET never saw.
 * Field values hold tabs, visible ASCII and bytes above 0x7f (obs-text); targets only visible ASCII, no `#`.
 */
const headPattern =
  /[!#$%&'*+\-.^_`|~0-9A-Z]+ [!"$-~]+ HTTP\/1\.[01]\r\n(?:[!#$%&'*+\-.^_`|~0-9A-Za-z]+:[\t\x20-\x7e\x80-\xff]*\r\n)*\r\n/y;

/** Absolute form, authority form and asterisk form (RFC 9112 sections 3.2.2 to 3.2.4). */
function readOtherForm(target: string, head: RequestHead): Failure | null {
  if (head.method === 'CONNECT') {
    // content of CONNECT has no meaning (RFC 9110 section 9.3.6): one would skip it, another read it as a request
    if (!isAuthority(target) || !/:[0-9]+$/.test(target) || head.framing !== 'none') return 'badRequest';
    head.authority = target.toLowerCase();
    return null;
  }
  if (target === '*') return head.method === 'OPTIONS' ? null : 'badRequest';
  const match = absolutePattern.exec(target);
  if (match === null) return 'badRequest';
  const authority = match[1] ?? '';
  const path = match[2] ?? '';
  if (!isAuthority(authority) || target.includes('%00')) return 'badRequest';
  // the target's authority wins over Host, and is what everyone behind us must see
  head.authority = authority.toLowerCase();
  head.isAbsoluteForm = true;
  head.path = path === '' ? (head.method === 'OPTIONS' ? '*' : '/') : path.startsWith('?') ? `/${path}` : path;
  head.block = `host: ${head.authority}\r\n${withoutHost(head.block)}`;
  return null;
}

const absolutePattern = /^http:\/\/([^/?]+)((?:[/?].*)?)$/i;

function withoutHost(block: string): string {
  return block.replace(/(^|\r\n)host:[^\r]*\r\n/i, '$1');
}

/** Says why a head did not match: only malformed requests come here, so this may take its time. */
function diagnose(text: string): Failure {
  return judgeRequestLine(text.slice(0, text.indexOf('\r\n'))) ?? 'badRequest';
}
