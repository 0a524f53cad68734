import { Buffer } from 'node:buffer';
import type { HeaderTrust } from '../../message/header-trust.ts';
import { OutgoingRequest, RequestHead, ResponseHead } from '../../message-head.ts';
import type { FuzzTarget } from '../../testing/fuzz/fuzz-target.ts';
import { maxRequestSize, readRequestFields, writeRequestFields } from '../request-fields.ts';
import { readResponseFields } from '../response-fields.ts';
import { ReferenceDecoder } from '../testing/reference-hpack.ts';
import { readTrailerFields } from '../trailer-fields.ts';
import { FieldList } from './field-list.ts';
import { HeaderField } from './header-field.ts';
import { HpackDecoder } from './hpack-decoder.ts';
import { HpackEncoder } from './hpack-encoder.ts';

const limits = { maxHeadBytes: 61_440, maxHeaders: 100 };
const request = '\x82\x86\x84\x41\x01a';

/**
 * Sections of one connection, each behind an octet with its length, decode to what a simple-minded decoder reads, and
 * become the same request heads whether or not templates and plans take part; what was read can be written and read again.
 */
export const hpackTarget: FuzzTarget = {
  name: 'hpack',
  seeds: [
    section('\x82\x86\x84\x41\x0fwww.example.com') + section('\x82\x86\x84\xbe\x58\x08no-cache'),
    section('\x82\x86\x84\x41\x8c\xf1\xe3\xc2\xe5\xf2:k\xa0\xab\x90\xf4\xff') + section('\x82\x87\x85\xbe'),
    section(`${request}\x40\x0cx-request-id\x02id`) + `${section('\x82\x86\x84\xbf\x0f\x2f\x02ab')}`.repeat(3),
    section(`\x83${request.slice(1)}\x0f\x0d\x0212\x00\x06cookie\x03a=b`).repeat(2),
    section('\x88\x0f\x0d\x0212\x61\x01x\x0f\x13\x01e').repeat(2) +
      section('\x88\x0f\x0d\x0213\xbe\x0f\x13\x01e').repeat(2),
    section('\x40\x0bgrpc-status\x010') + section('\xbe').repeat(2),
    section('\x20\x3f\xe1\x1f\x82') + section('\x3f\x09\x40\x01a\x01b') + section('\xbe\xbe\xbe'),
    section('\x02\x07CONNECT\x00\x09:protocol\x09websocket\x86\x04\x05/chat\x01\x01a').repeat(2),
  ],
  tokens: [
    request,
    '\x82',
    '\x88',
    '\x48\x03103',
    '\x86',
    '\x84',
    '\xbe',
    '\xbf',
    '\x20',
    '\x3f\xe1\x1f',
    '\x0f\x0d\x011',
    '\x00\x0cx-request-id\x01a',
    '\x00\x06cookie\x01a',
    '\x40\x04host\x01a',
    '\x00\x02te\x08trailers',
    '\x10\x0dx-heddle-peer\x01a',
    '\x7f\xff\xff\xff\xff\x0f',
    '\x81\x1f',
    '\x84\xff\xff\xff\xff',
  ],
  run(bytes) {
    const decoder = new HpackDecoder();
    const reference = new ReferenceDecoder();
    const wire = { encoder: new HpackEncoder(), decoder: new HpackDecoder() };
    let outcome = '';
    for (let at = 0; at < bytes.length; ) {
      const end = Math.min(bytes.length, at + 1 + (bytes[at] as number));
      const one = bytes.subarray(at + 1, end);
      at = end;
      // a section that leaves the table alone is read by a template the second time
      for (let time = 0; time < 2; time++) {
        outcome = readOne(decoder, reference, Buffer.from(one), wire);
        if (outcome === 'broken' || outcome === 'excessiveLoad') return outcome;
      }
    }
    return outcome;
  },
};

function section(bytes: string): string {
  return String.fromCharCode(bytes.length) + bytes;
}

function readOne(
  decoder: HpackDecoder,
  reference: ReferenceDecoder,
  bytes: Buffer,
  wire: { encoder: HpackEncoder; decoder: HpackDecoder },
): string {
  const list = decoder.decode(bytes, 0, bytes.length, limits);
  if (list === 'excessiveLoad') return list;
  const fields = reference.decode(bytes);
  if ((fields === null) !== (list === 'compressionError')) throw new Error(`one decoder refuses it: ${String(fields)}`);
  if (fields === null || typeof list === 'string') return 'broken';
  if (list.tooLarge) return 'tooLarge';
  const fresh = new FieldList();
  for (const [name, value] of fields) fresh.fields[fresh.count++] = HeaderField.of(name, value);
  expectSame(list.fields.slice(0, list.count).map(textOf), fresh.fields.map(textOf));
  let outcome = '';
  for (const [trust, endStream] of situations) {
    const head = new RequestHead();
    const fault = readRequestFields(list, endStream, trust, head);
    const freshHead = new RequestHead();
    if (fault !== readRequestFields(fresh, endStream, trust, freshHead)) throw new Error(`a plan changes the verdict`);
    if (fault === null) {
      expectSame(head, freshHead);
      sendOn(head, wire);
    }
    outcome += ` ${fault ?? head.framing}`;
  }
  for (const method of ['GET', 'GET', 'HEAD', 'CONNECT']) {
    const [head, freshHead] = [new ResponseHead(), new ResponseHead()];
    const fault = readResponseFields(list, false, method, head);
    if (fault !== readResponseFields(fresh, false, method, freshHead))
      throw new Error('what is known changes the verdict');
    if (fault === null) {
      expectSame(head, freshHead);
      outcome += ` ${head.framing}`;
    }
  }
  const trailers = readTrailerFields(list);
  expectSame(trailers, readTrailerFields(fresh));
  return outcome + (trailers === null ? '' : ' trailers');
}

const situations: readonly [HeaderTrust, boolean][] = [
  ['sidecar', false],
  ['sidecar', false],
  ['application', false],
  ['sidecar', true],
];

/** What one sidecar forwards, the next must read in the same way; gRPC's `te` is said anew, and then cut. */
function sendOn(head: RequestHead, wire: { encoder: HpackEncoder; decoder: HpackDecoder }): void {
  const { method, scheme, path, block, upgrade } = head;
  const outgoing = Object.assign(new OutgoingRequest(), { method, scheme, path, block, upgrade });
  const out = Buffer.alloc(maxRequestSize(outgoing));
  const end = writeRequestFields(wire.encoder, out, 0, outgoing);
  if (end > out.length) throw new Error(`${end} octets where ${out.length} were promised`);
  const list = wire.decoder.decode(out, 0, end, { maxHeadBytes: 1 << 20, maxHeaders: 1000 });
  if (typeof list === 'string') throw new Error(list);
  const read = new RequestHead();
  const fault = readRequestFields(list, false, 'sidecar', read);
  if (fault !== null) throw new Error(`the next sidecar says ${fault}`);
  expectSame([read.method, read.path, read.block], [method, path, block]);
}

function textOf(field: HeaderField): string {
  return `${field.name}: ${field.value}, ${field.rule} ${field.line}`;
}

function expectSame(actual: unknown, expected: unknown): void {
  const [one, other] = [JSON.stringify(actual), JSON.stringify(expected)];
  if (one !== other) throw new Error(`${one} instead of ${other}`);
}
