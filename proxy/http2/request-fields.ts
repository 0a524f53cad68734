import type { Buffer } from 'node:buffer';
import type { Failure } from '../failure.ts';
import type { HeaderTrust } from '../message/header-trust.ts';
import { hopsOf } from '../message/hops.ts';
import type { OutgoingRequest, RequestHead } from '../message-head.ts';
import {
  RULE_ATTEMPT_COUNT,
  RULE_AUTHORITY,
  RULE_BAD_EXPECT,
  RULE_BAD_PSEUDO,
  RULE_BAD_VALUE,
  RULE_CONTENT_LENGTH,
  RULE_COOKIE,
  RULE_CUT,
  RULE_EXPECT_CONTINUE,
  RULE_GRPC_CONTENT,
  RULE_HOPS,
  RULE_HOST,
  RULE_METHOD,
  RULE_METHOD_CONNECT,
  RULE_ORDINARY,
  RULE_PATH,
  RULE_PATH_ASTERISK,
  RULE_PEER,
  RULE_PROTOCOL,
  RULE_REQUEST_ID,
  RULE_SCHEME,
  RULE_TRUSTED,
} from './field-rules.ts';
import type { FieldList } from './hpack/field-list.ts';
import type { HeaderField } from './hpack/header-field.ts';
import type { HpackEncoder } from './hpack/hpack-encoder.ts';
import { maxEncodedSize } from './hpack/hpack-encoder.ts';
import { RequestPlan } from './request-plan.ts';

/**
 * Why a request is refused: `malformed` resets its stream with PROTOCOL_ERROR (RFC 9113 section 8.1.1), a failure is
 * answered on it.
 */
export type RequestFault =
  | 'malformed'
  | Extract<Failure, 'badRequest' | 'headersTooLarge' | 'targetTooLong' | 'expectationFailed'>;

/**
 * Hot loop: bench/http2/hpack.ts.
 *
 * Reads a request's field list into `head` by every rule of RFC 9113 sections 8.2 and 8.3; returns null, or why the
 * request is refused (`head` is then half written). `endStream` says that HEADERS carried END_STREAM.
 *
 * The block is what an HTTP/1 request would have brought: `host: ` first, made of `:authority` or the one `host` field
 * in lower case, then the other fields in their order without the mesh's own, and the cookie crumbs as one line at the
 * end (RFC 9113 section 8.2.3). `te` is cut: whoever sends gRPC over HTTP/2 says `te: trailers` of its own.
 *
 * Of CONNECT (RFC 9113 section 8.5) `path` is the authority; of extended CONNECT (RFC 8441) `method` is GET and
 * `upgrade` the protocol. Neither may have a length: what follows is a tunnel.
 */
export function readRequestFields(
  list: FieldList,
  endStream: boolean,
  trust: HeaderTrust,
  head: RequestHead,
  maxTargetBytes = 32_768,
): RequestFault | null {
  if (list.tooLarge) return 'headersTooLarge';
  const { fields, plan } = list;
  if (plan?.fill(fields, endStream, trust, maxTargetBytes, head)) return null;
  let method = '';
  let isConnect = false;
  let scheme = '';
  let path = '';
  let authority: HeaderField | null = null;
  let host: HeaderField | null = null;
  let protocol = '';
  let isPastPseudo = false;
  let contentLength = -1;
  let cookie = '';
  let block = '';
  let requestId = '';
  let hops = 0;
  let hasControls = false;
  let peerMetadata = '';
  let isGrpc = false;
  let expectsContinue = false;
  for (let i = 0; i < list.count; i++) {
    const field = fields[i] as HeaderField;
    const rule = field.rule;
    if (rule === RULE_ORDINARY) {
      isPastPseudo = true;
      block += field.line;
      continue;
    }
    if (rule <= RULE_BAD_PSEUDO) {
      if (isPastPseudo) return 'malformed';
    } else {
      isPastPseudo = true;
    }
    switch (rule) {
      case RULE_METHOD:
      case RULE_METHOD_CONNECT:
        if (method !== '') return 'malformed';
        method = field.value;
        isConnect = rule === RULE_METHOD_CONNECT;
        break;
      case RULE_SCHEME:
        if (scheme !== '') return 'malformed';
        scheme = field.value;
        break;
      case RULE_PATH:
      case RULE_PATH_ASTERISK:
        if (path !== '') return 'malformed';
        path = field.value;
        break;
      case RULE_AUTHORITY:
        if (authority !== null) return 'malformed';
        authority = field;
        break;
      case RULE_PROTOCOL:
        if (protocol !== '') return 'malformed';
        protocol = field.value;
        break;
      case RULE_HOST:
        if (host !== null) return 'badRequest';
        host = field;
        break;
      case RULE_CONTENT_LENGTH:
        if (contentLength >= 0) return 'malformed';
        contentLength = Number(field.value);
        block += field.line;
        break;
      case RULE_COOKIE:
        cookie = cookie === '' ? field.value : `${cookie}; ${field.value}`;
        break;
      case RULE_REQUEST_ID:
        requestId = field.value;
        block += field.line;
        break;
      case RULE_GRPC_CONTENT:
        isGrpc = true;
        block += field.line;
        break;
      case RULE_EXPECT_CONTINUE:
        expectsContinue = true;
        block += field.line;
        break;
      case RULE_PEER:
        if (trust === 'sidecar') peerMetadata = field.value;
        break;
      case RULE_HOPS:
        hops = hopsOf(field.value);
        break;
      case RULE_ATTEMPT_COUNT:
        if (trust === 'sidecar') block += field.line;
        break;
      case RULE_TRUSTED:
        if (field.name.startsWith('x-envoy-')) hasControls = true;
        block += field.line;
        break;
      case RULE_CUT:
        break;
      case RULE_BAD_PSEUDO:
      case RULE_BAD_VALUE:
        return 'badRequest';
      case RULE_BAD_EXPECT:
        return 'expectationFailed';
      default: // what is malformed by itself, and `:status`
        return 'malformed';
    }
  }
  if (method === '') return 'malformed';
  head.upgrade = '';
  head.isAbsoluteForm = false;
  if (isConnect && protocol === '') {
    if (scheme !== '' || path !== '' || authority === null) return 'malformed';
    if (contentLength >= 0 || !/:[0-9]+$/.test(authority.value)) return 'badRequest';
    path = authority.value.toLowerCase();
  } else {
    if (scheme === '' || path === '' || (path === '*' && method !== 'OPTIONS')) return 'malformed';
    if (path.length > maxTargetBytes) return 'targetTooLong';
    if (protocol !== '') {
      if (!isConnect || contentLength >= 0) return 'malformed';
      method = 'GET';
      head.upgrade = protocol.toLowerCase();
    }
  }
  if (endStream && contentLength > 0) return 'malformed'; // RFC 9113 section 8.1.1
  if (host !== null) {
    if (authority === null) authority = host;
    else if (authority.line !== host.line) return 'badRequest';
  } else if (authority === null) {
    return 'badRequest';
  }
  head.method = method;
  head.path = path;
  head.authority = authority.value.toLowerCase();
  head.scheme = scheme === 'https' ? 'https' : 'http';
  head.block = cookie === '' ? authority.line + block : `${authority.line}${block}cookie: ${cookie}\r\n`;
  head.framing = framingOf(endStream || isConnect, contentLength);
  head.contentLength = Math.max(contentLength, 0);
  head.body = '';
  head.isComplete = endStream;
  head.keepAlive = true;
  head.protocol = 'HTTP/2';
  head.expectsContinue = expectsContinue;
  head.peerMetadata = peerMetadata;
  head.requestId = requestId;
  head.hops = hops;
  head.hasControls = hasControls;
  head.isGrpc = isGrpc;
  if (list.places !== null && plan === undefined) {
    list.plan = RequestPlan.of(fields, list.places, endStream, trust, head);
  }
  return null;
}

function framingOf(isBare: boolean, contentLength: number): 'none' | 'length' | 'stream' {
  if (isBare || contentLength === 0) return 'none';
  return contentLength > 0 ? 'length' : 'stream';
}

/**
 * Writes the field section of a request to `out[at]`, with room for `maxRequestSize`, and returns the offset behind it.
 * `:authority` is the block's `host`; an upgrade becomes extended CONNECT (RFC 8441 section 4).
 */
export function writeRequestFields(encoder: HpackEncoder, out: Buffer, at: number, request: OutgoingRequest): number {
  const { method, block, upgrade } = request;
  encoder.begin(out, at);
  if (method === 'CONNECT') encoder.requestPseudo(method, '', '', '', block);
  else encoder.requestPseudo(upgrade === '' ? method : 'CONNECT', request.scheme, request.path, upgrade, block);
  encoder.requestBlock(block);
  encoder.block(request.attemptBlock);
  return encoder.end();
}

/** Octets that the field section of this request needs at most. */
export function maxRequestSize(request: OutgoingRequest): number {
  const { method, path, block, attemptBlock, upgrade } = request;
  return maxEncodedSize(method.length + path.length + upgrade.length + block.length + attemptBlock.length);
}
