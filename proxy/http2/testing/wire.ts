import { Buffer } from 'node:buffer';
import { HpackDecoder } from '../hpack/hpack-decoder.ts';

/** HTTP/2 as a test writes and reads it: frames by hand, with nothing of the codec under test but HPACK's reading side. */

export const PREFACE = Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n');

const types = [
  'DATA',
  'HEADERS',
  'PRIORITY',
  'RST_STREAM',
  'SETTINGS',
  'PUSH_PROMISE',
  'PING',
  'GOAWAY',
  'WINDOW_UPDATE',
  'CONTINUATION',
] as const;

export const errorCodes = [
  'NO_ERROR',
  'PROTOCOL_ERROR',
  'INTERNAL_ERROR',
  'FLOW_CONTROL_ERROR',
  'SETTINGS_TIMEOUT',
  'STREAM_CLOSED',
  'FRAME_SIZE_ERROR',
  'REFUSED_STREAM',
  'CANCEL',
  'COMPRESSION_ERROR',
  'CONNECT_ERROR',
  'ENHANCE_YOUR_CALM',
  'INADEQUATE_SECURITY',
  'HTTP_1_1_REQUIRED',
] as const;

export const END_STREAM = 1;
export const ACK = 1;
export const END_HEADERS = 4;
export const PADDED = 8;
export const PRIORITIZED = 32;

export function frame(type: number, flags: number, id: number, payload: Buffer | string = ''): Buffer {
  const bytes = typeof payload === 'string' ? Buffer.from(payload, 'latin1') : payload;
  const header = Buffer.alloc(9);
  header.writeUIntBE(bytes.length, 0, 3);
  header[3] = type;
  header[4] = flags;
  header.writeUInt32BE(id, 5);
  return Buffer.concat([header, bytes]);
}

export function uint32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
}

export const data = (id: number, payload: Buffer | string, flags = 0) => frame(0, flags, id, payload);
export const lastData = (id: number, payload: Buffer | string = '') => frame(0, END_STREAM, id, payload);
export const priority = (id: number, dependsOn: number) =>
  frame(2, 0, id, Buffer.concat([uint32(dependsOn), Buffer.from([15])]));
export const reset = (id: number, code = 8) => frame(3, 0, id, uint32(code));
export const ping = (text = '12345678', flags = 0) => frame(6, flags, 0, text);
export const goaway = (last: number, code = 0, debug = '') =>
  frame(7, 0, 0, Buffer.concat([uint32(last), uint32(code), Buffer.from(debug)]));
export const windowUpdate = (id: number, increment: number) => frame(8, 0, id, uint32(increment));
export const settingsAck = () => frame(4, ACK, 0);

export function settings(values: readonly (readonly [id: number, value: number])[] = []): Buffer {
  const payload = Buffer.concat(
    values.map(([id, value]) => Buffer.concat([Buffer.from([id >> 8, id & 255]), uint32(value)])),
  );
  return frame(4, 0, 0, payload);
}

export type Fields = readonly (readonly [name: string, value: string])[];

/** A header block of literals that are not indexed and not compressed. */
export function block(fields: Fields): Buffer {
  return Buffer.concat(fields.flatMap(([name, value]) => [Buffer.from([0]), literal(name), literal(value)]));
}

function literal(text: string): Buffer {
  const bytes = Buffer.from(text, 'latin1');
  if (bytes.length < 127) return Buffer.concat([Buffer.from([bytes.length]), bytes]);
  const prefix = [127];
  let rest = bytes.length - 127;
  for (; rest > 127; rest >>= 7) prefix.push((rest & 127) | 128);
  prefix.push(rest);
  return Buffer.concat([Buffer.from(prefix), bytes]);
}

export const request: Fields = [
  [':method', 'GET'],
  [':scheme', 'http'],
  [':path', '/'],
  [':authority', 'example.com'],
];

export const post: Fields = [[':method', 'POST'], ...request.slice(1)];

export const headers = (id: number, fields: Fields = request, flags = END_STREAM | END_HEADERS) =>
  frame(1, flags, id, block(fields));

/** HEADERS of a request whose body follows. */
export const open = (id: number, fields: Fields = post) => headers(id, fields, END_HEADERS);

export const continuation = (id: number, payload: Buffer | string, flags = END_HEADERS) => frame(9, flags, id, payload);

export interface ReadFrame {
  readonly type: string;
  readonly flags: number;
  readonly id: number;
  readonly payload: Buffer;
}

/** Takes bytes apart that must be whole frames, the client's preface before them or not. */
export function readFrames(bytes: Buffer): ReadFrame[] {
  const frames: ReadFrame[] = [];
  let at = bytes.subarray(0, PREFACE.length).equals(PREFACE) ? PREFACE.length : 0;
  while (at < bytes.length) {
    const size = bytes.readUIntBE(at, 3);
    const end = at + 9 + size;
    if (end > bytes.length) throw new Error('half a frame was written');
    if (size > 16_384) throw new Error('a frame is larger than the peer allows');
    const type = types[bytes[at + 3] as number] ?? 'unknown';
    frames.push({
      type,
      flags: bytes[at + 4] as number,
      id: bytes.readUInt32BE(at + 5),
      payload: bytes.subarray(at + 9, end),
    });
    at = end;
  }
  return frames;
}

/** Reads header blocks of one direction of one connection. */
export class BlockReader {
  readonly #decoder = new HpackDecoder();

  read(payload: Buffer): [string, string][] {
    const list = this.#decoder.decode(payload, 0, payload.length, { maxHeadBytes: 1_000_000, maxHeaders: 10_000 });
    if (typeof list === 'string') throw new Error(list);
    return list.fields.slice(0, list.count).map(({ name, value }) => [name, value]);
  }
}

/** One line for each frame, as the tables write what is expected; DATA and HEADERS with `.` when they end the stream. */
export function describeFrame({ type, flags, id, payload }: ReadFrame, blocks: BlockReader): string {
  const end = (flags & END_STREAM) === 0 ? '' : '.';
  switch (type) {
    case 'DATA':
      return `DATA ${id} ${payload.length}${end}`;
    case 'HEADERS': {
      const fields = blocks.read(payload);
      const status = fields.find(([name]) => name === ':status' || name === ':path');
      return `HEADERS ${id} ${status?.[1] ?? fields.map(([name, value]) => `${name}=${value}`).join(' ')}${end}`;
    }
    case 'RST_STREAM':
      return `RST_STREAM ${id} ${errorCodes[payload.readUInt32BE(0)]}`;
    case 'GOAWAY':
      return `GOAWAY ${payload.readUInt32BE(0)} ${errorCodes[payload.readUInt32BE(4)]}`;
    case 'WINDOW_UPDATE':
      return `WINDOW_UPDATE ${id} ${payload.readUInt32BE(0)}`;
    case 'SETTINGS':
    case 'PING':
      return (flags & ACK) === 0 ? type : `${type} ACK`;
    default:
      return type;
  }
}
