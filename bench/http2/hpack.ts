import { Buffer } from 'node:buffer';
import { defaultFieldLimits } from '../../proxy/http2/hpack/field-list.ts';
import { HpackDecoder } from '../../proxy/http2/hpack/hpack-decoder.ts';
import { HpackEncoder } from '../../proxy/http2/hpack/hpack-encoder.ts';
import { readRequestFields, writeRequestFields } from '../../proxy/http2/request-fields.ts';
import { readResponseFields, writeResponseFields } from '../../proxy/http2/response-fields.ts';
import { readTrailerFields, writeTrailerFields } from '../../proxy/http2/trailer-fields.ts';
import { OutgoingRequest, RequestHead, ResponseHead } from '../../proxy/message-head.ts';
import { report } from '../measure.ts';

const COUNT = 300_000;
const out = Buffer.alloc(4096);
const requestBlock =
  'host: cart.default.svc.cluster.local\r\nuser-agent: bench/1.0\r\naccept: application/json\r\n' +
  'accept-encoding: gzip, br\r\naccept-language: en-US,en;q=0.9\r\nx-version: v2\r\n' +
  'authorization-mode: none\r\ncontent-type: application/grpc\r\ngrpc-accept-encoding: identity, deflate, gzip\r\n';
const responseBlock =
  'server: nginx\r\ncontent-type: application/json\r\ncontent-length: 1024\r\nlast-modified: Mon, 21 Oct 2013 20:13:21 GMT\r\n' +
  'etag: "5265a9c1-400"\r\naccept-ranges: bytes\r\nvary: accept-encoding\r\n';
const ids = Array.from(
  { length: 64 },
  (_, index) => `x-request-id: 6a5f6a1e-6e9c-4bb1-9a67-1b2f3c4d5e${index + 10}\r\n`,
);

/** Request sections as a second, third… request on a connection would carry them, one per id. */
function sections(path: string, lines: readonly string[]): { decoder: HpackDecoder; blocks: Buffer[] } {
  const encoder = new HpackEncoder();
  const decoder = new HpackDecoder();
  const request = Object.assign(new OutgoingRequest(), { method: 'POST', scheme: 'http', path, block: requestBlock });
  const write = (line: string): Buffer => {
    request.attemptBlock = line;
    const section = Buffer.from(out.subarray(0, writeRequestFields(encoder, out, 0, request)));
    decoder.decode(section, 0, section.length, defaultFieldLimits);
    return section;
  };
  for (let i = 0; i < 3; i++) for (const line of lines.slice(0, 3)) write(line);
  return { decoder, blocks: lines.map(write) };
}

const head = new RequestHead();
function decodeRequests(path: string, lines: readonly string[]): (count: number) => void {
  const { decoder, blocks } = sections(path, lines);
  return (count) => {
    for (let i = 0; i < count; i++) {
      const block = blocks[i & (blocks.length - 1)] as Buffer;
      const list = decoder.decode(block, 0, block.length, defaultFieldLimits);
      if (typeof list === 'string') throw new Error(list);
      if (readRequestFields(list, true, 'sidecar', head) !== null) throw new Error('refused');
    }
  };
}

report('read a request: every field by index', decodeRequests('/cart.Cart/Get', ['']), COUNT);
report('read a request: the same and an id of its own', decodeRequests('/cart.Cart/Get', ids), COUNT);

function encodeRequests(lines: readonly string[]): (count: number) => void {
  const encoder = new HpackEncoder();
  const request = Object.assign(new OutgoingRequest(), { method: 'POST', scheme: 'http', path: '/cart.Cart/Get' });
  const blocks = lines.map((line) => requestBlock + line);
  return (count) => {
    for (let i = 0; i < count; i++) {
      request.block = blocks[i & (blocks.length - 1)] as string;
      writeRequestFields(encoder, out, 0, request);
    }
  };
}

report('write a request: every field by index', encodeRequests(['']), COUNT);
report('write a request: the same and an id of its own', encodeRequests(ids), COUNT);

const responseHead = new ResponseHead();
const responseEncoder = new HpackEncoder();
const responseDecoder = new HpackDecoder();
report(
  'write and read a response of seven lines',
  (count) => {
    for (let i = 0; i < count; i++) {
      const end = writeResponseFields(responseEncoder, out, 0, 200, responseBlock);
      const list = responseDecoder.decode(out, 0, end, defaultFieldLimits);
      if (typeof list === 'string' || readResponseFields(list, false, 'GET', responseHead) !== null) throw new Error();
    }
  },
  COUNT,
);
report(
  'write and read the trailers of gRPC',
  (count) => {
    for (let i = 0; i < count; i++) {
      const end = writeTrailerFields(responseEncoder, out, 0, 'grpc-status: 0\r\n');
      const list = responseDecoder.decode(out, 0, end, defaultFieldLimits);
      if (typeof list === 'string' || readTrailerFields(list) === null) throw new Error();
    }
  },
  COUNT,
);
