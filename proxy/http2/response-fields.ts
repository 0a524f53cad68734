import type { Buffer } from 'node:buffer';
import { reasonHeader } from '../../proto/protected-headers.ts';
import type { ResponseHead } from '../message-head.ts';
import {
  RULE_ATTEMPT_COUNT,
  RULE_BAD_EXPECT,
  RULE_BAD_PSEUDO,
  RULE_BAD_VALUE,
  RULE_CONTENT_LENGTH,
  RULE_CUT,
  RULE_HOPS,
  RULE_MALFORMED,
  RULE_ORDINARY,
  RULE_PEER,
  RULE_STATUS,
} from './field-rules.ts';
import type { FieldList } from './hpack/field-list.ts';
import type { HeaderField } from './hpack/header-field.ts';
import type { HpackEncoder } from './hpack/hpack-encoder.ts';

/**
 * Why a response is refused: both reset the stream and become 502 for the client; `headersTooLarge` is told apart for
 * the log.
 */
export type ResponseFault = 'malformed' | 'headersTooLarge';

/**
 * Hot loop: bench/http2/hpack.ts.
 *
 * Reads a response's field list into `head`; returns null, or why the response is refused. `method` is that of the
 * request: an answer to HEAD has no body whatever its length says (RFC 9110 section 9.3.2), and a 2xx to CONNECT opens
 * a tunnel. `endStream` says that HEADERS carried END_STREAM; on an interim response it is malformed (RFC 9113
 * section 8.1). A status of 101 is malformed too (section 8.6).
 *
 * The word of another sidecar (`isSidecar`) for why it has answered itself is kept.
 *
 * A length that the answer cannot have is cut: of 1xx, 204 and 2xx to CONNECT (RFC 9110 section 8.6).
 */
export function readResponseFields(
  list: FieldList,
  endStream: boolean,
  method: string,
  head: ResponseHead,
  isSidecar = false,
): ResponseFault | null {
  const known = list.response;
  if (known !== null && known.changes === list.changes && known.endStream === endStream && known.method === method) {
    head.status = known.head.status;
    head.block = known.head.block;
    head.framing = known.head.framing;
    head.contentLength = known.head.contentLength;
    head.isComplete = endStream;
    head.reason = '';
    head.keepAlive = true;
    head.body = '';
    return null;
  }
  const fault = readFields(list, endStream, method, head, isSidecar);
  if (fault === null && list.places !== null) {
    list.response = { changes: list.changes, endStream, method, head: { ...head } };
  }
  return fault;
}

function readFields(
  list: FieldList,
  endStream: boolean,
  method: string,
  head: ResponseHead,
  isSidecar: boolean,
): ResponseFault | null {
  if (list.tooLarge) return 'headersTooLarge';
  const fields = list.fields;
  const first = fields[0];
  if (list.count === 0 || first === undefined || first.rule !== RULE_STATUS) return 'malformed';
  const status = Number(first.value);
  let contentLength = -1;
  let lengthLine = '';
  let block = '';
  for (let i = 1; i < list.count; i++) {
    const field = fields[i] as HeaderField;
    switch (field.rule) {
      case RULE_CONTENT_LENGTH:
        if (contentLength >= 0) return 'malformed';
        contentLength = Number(field.value);
        lengthLine = field.line;
        break;
      case RULE_CUT:
        if (isSidecar && field.name === reasonHeader) block += field.line;
        break;
      case RULE_PEER:
      case RULE_HOPS:
      case RULE_ATTEMPT_COUNT:
        break;
      case RULE_MALFORMED:
        return 'malformed';
      case RULE_ORDINARY:
      case RULE_BAD_VALUE:
      case RULE_BAD_EXPECT:
        block += field.line;
        break;
      default:
        if (field.rule <= RULE_BAD_PSEUDO) return 'malformed';
        block += field.line;
    }
  }
  head.status = status;
  head.reason = '';
  head.keepAlive = true;
  head.body = '';
  head.isComplete = endStream;
  head.contentLength = 0;
  head.framing = 'none';
  const isTunnel = method === 'CONNECT' && status >= 200 && status < 300;
  if (status < 200 || status === 204 || isTunnel) {
    if (status < 200 && endStream) return 'malformed';
    if (isTunnel) head.framing = 'tunnel';
    head.block = block;
    return null;
  }
  head.block = lengthLine + block;
  if (method === 'HEAD' || status === 304) return null;
  if (endStream && contentLength > 0) return 'malformed';
  if (contentLength < 0) {
    head.framing = 'stream'; // also where it has ended already: a client of HTTP/1 has to be told that there is no body
  } else if (contentLength > 0) {
    head.framing = 'length';
    head.contentLength = contentLength;
  }
  return null;
}

/**
 * Writes the field section of a response, interim or final, to `out[at]`, with room for `maxEncodedSize` of the block,
 * and returns the offset behind it. The answer to an upgrade is a 200 (RFC 8441 section 5): the caller says so.
 */
export function writeResponseFields(
  encoder: HpackEncoder,
  out: Buffer,
  at: number,
  status: number,
  block: string,
): number {
  encoder.begin(out, at);
  encoder.status(status);
  encoder.block(block);
  return encoder.end();
}
