import { describe, expect, it } from 'vitest';
import type { Row } from './testing/conformance-rows.ts';
import { connection, fine, stream, testRows } from './testing/conformance-rows.ts';
import { ScriptedServer } from './testing/scripted-server.ts';
import {
  block,
  continuation,
  data,
  END_HEADERS,
  END_STREAM,
  frame,
  headers,
  lastData,
  open,
  PADDED,
  PREFACE,
  PRIORITIZED,
  ping,
  post,
  priority,
  request,
  reset,
  settings,
  uint32,
  windowUpdate,
} from './testing/wire.ts';

const answer = (id: number) => [`HEADERS ${id} 200`, `DATA ${id} 2.`];
const wholeBlock = block(request);

const rows: Row[] = [
  // 4.1: frame format
  ['4.1', 'a frame of an unknown type is ignored', [frame(0x16, 0xff, 0, '12345678')], fine([])],
  [
    '4.1',
    'a frame of an unknown type on an idle stream is ignored',
    [frame(0xfe, 0, 7, 'x'), headers(1)],
    fine(answer(1)),
  ],
  ['4.1', 'flags that a frame does not have are ignored', [frame(6, 0xfe, 0, '12345678')], fine(['PING ACK'])],
  [
    '4.1',
    'the reserved bit before a stream identifier is ignored',
    [frame(1, END_STREAM | END_HEADERS, 0x8000_0001, wholeBlock)],
    fine(answer(1)),
  ],
  [
    '4.1',
    'the reserved bit of an increment is ignored',
    [open(1), frame(8, 0, 1, uint32(0x8000_0064)), lastData(1)],
    fine(answer(1)),
  ],
  // 4.2: frame size
  ['4.2', 'DATA of exactly 16 384 bytes', [open(1), lastData(1, Buffer.alloc(16_384))], fine(answer(1))],
  ['4.2', 'DATA of 16 385 bytes', [open(1), data(1, Buffer.alloc(16_385))], connection('FRAME_SIZE_ERROR')],
  ['4.2', 'HEADERS of 16 385 bytes', [frame(1, 5, 1, Buffer.alloc(16_385))], connection('FRAME_SIZE_ERROR')],
  [
    '4.2',
    'an unknown frame of 16 385 bytes',
    [frame(0x20, 0, 0, Buffer.alloc(16_385))],
    connection('FRAME_SIZE_ERROR'),
  ],
  // 4.3: field section compression
  [
    '4.3',
    'a block that refers to no entry',
    [frame(1, 5, 1, Buffer.from([0xff, 0x7f]))],
    connection('COMPRESSION_ERROR'),
  ],
  [
    '4.3',
    'a block with a broken Huffman code',
    [frame(1, 5, 1, Buffer.from([0x00, 0x81, 0x00]))],
    connection('COMPRESSION_ERROR'),
  ],
  [
    '4.3',
    'a table larger than was allowed',
    [frame(1, 5, 1, Buffer.from([0x3f, 0xe2, 0x1f]))],
    connection('COMPRESSION_ERROR'),
  ],
  ['4.3', 'a block that is cut off', [frame(1, 5, 1, wholeBlock.subarray(0, -3))], connection('COMPRESSION_ERROR')],
  [
    '4.3',
    'a broken trailer section',
    [open(1), frame(1, 5, 1, Buffer.from([0x80]))],
    connection('COMPRESSION_ERROR', ['request POST /', 'reset']),
  ],
  [
    '4.3',
    'a block in two parts',
    [frame(1, END_STREAM, 1, wholeBlock.subarray(0, 5)), continuation(1, wholeBlock.subarray(5))],
    fine(answer(1)),
  ],
  [
    '4.3',
    'a frame of another type within a block',
    [frame(1, END_STREAM, 1, wholeBlock.subarray(0, 5)), ping()],
    connection('PROTOCOL_ERROR'),
  ],
  [
    '4.3',
    'an unknown frame within a block',
    [frame(1, END_STREAM, 1, wholeBlock.subarray(0, 5)), frame(0x16, 0, 0, 'x')],
    connection('PROTOCOL_ERROR'),
  ],
  [
    '4.3',
    'HEADERS of another stream within a block',
    [frame(1, END_STREAM, 1, wholeBlock.subarray(0, 5)), headers(3)],
    connection('PROTOCOL_ERROR'),
  ],
  [
    '4.3',
    'CONTINUATION of another stream within a block',
    [frame(1, END_STREAM, 1, wholeBlock.subarray(0, 5)), continuation(3, wholeBlock.subarray(5))],
    connection('PROTOCOL_ERROR'),
  ],
  // 5.1: stream states
  ['5.1', 'idle: DATA', [data(1, 'x')], connection('PROTOCOL_ERROR')],
  ['5.1', 'idle: RST_STREAM', [reset(1)], connection('PROTOCOL_ERROR')],
  ['5.1', 'idle: WINDOW_UPDATE', [windowUpdate(1, 100)], connection('PROTOCOL_ERROR')],
  ['5.1', 'idle: CONTINUATION', [continuation(1, wholeBlock)], connection('PROTOCOL_ERROR')],
  ['5.1', 'idle: PRIORITY is allowed', [priority(1, 0), headers(1)], fine(answer(1))],
  ['5.1', 'a stream of the server: DATA', [data(2, 'x')], connection('PROTOCOL_ERROR')],
  ['5.1', 'a stream of the server: RST_STREAM', [reset(2)], connection('PROTOCOL_ERROR')],
  ['5.1', 'a stream of the server: WINDOW_UPDATE', [windowUpdate(2, 1)], connection('PROTOCOL_ERROR')],
  [
    '5.1',
    'open: everything is allowed',
    [open(1), priority(1, 0), windowUpdate(1, 1), data(1, 'x'), lastData(1)],
    fine(answer(1)),
  ],
  ['5.1', 'open: reset by the client', [open(1), reset(1)], fine([], ['request POST /', 'reset'])],
  [
    '5.1',
    'half-closed (remote): PRIORITY, WINDOW_UPDATE',
    [headers(1), priority(1, 0), windowUpdate(1, 1)],
    fine(answer(1)),
  ],
  ['5.1', 'closed: DATA after both have ended', [headers(1), data(1, 'x')], connection('STREAM_CLOSED')],
  ['5.1', 'closed: HEADERS after both have ended', [headers(1), headers(1)], connection('STREAM_CLOSED')],
  [
    '5.1',
    'closed: CONTINUATION after both have ended',
    [headers(1), continuation(1, wholeBlock)],
    connection('PROTOCOL_ERROR'),
  ],
  ['5.1', 'closed: WINDOW_UPDATE after both have ended', [headers(1), windowUpdate(1, 1)], fine(answer(1))],
  ['5.1', 'closed: PRIORITY after both have ended', [headers(1), priority(1, 0)], fine(answer(1))],
  ['5.1', 'closed: RST_STREAM after both have ended', [headers(1), reset(1)], fine(answer(1))],
  ['5.1', 'closed: DATA after the client has reset it', [open(1), reset(1), data(1, 'x')], connection('STREAM_CLOSED')],
  [
    '5.1',
    'closed: HEADERS after the client has reset it',
    [open(1), reset(1), headers(1)],
    connection('STREAM_CLOSED'),
  ],
  ['5.1', 'closed: WINDOW_UPDATE after the client has reset it', [open(1), reset(1), windowUpdate(1, 1)], fine([])],
  [
    '5.1',
    'closed: everything is ignored that the client may have sent before it read our RST_STREAM',
    [open(1), windowUpdate(1, 0), data(1, 'x'), windowUpdate(1, 1), lastData(1), reset(1)],
    stream(1, 'PROTOCOL_ERROR', ['request POST /', 'reset']),
  ],
  [
    '5.1',
    'closed: trailers that cross our RST_STREAM are decoded and dropped',
    [open(1), windowUpdate(1, 0), headers(1, [['x-trailer', '1']]), headers(3)],
    fine(['RST_STREAM 1 PROTOCOL_ERROR', ...answer(3)]),
  ],
  // 5.1.1: stream identifiers
  ['5.1.1', 'an even stream identifier', [headers(2)], connection('PROTOCOL_ERROR')],
  ['5.1.1', 'a smaller stream identifier', [headers(5), headers(3)], connection('PROTOCOL_ERROR')],
  ['5.1.1', 'identifiers may be passed over', [headers(1), headers(7)], fine([...answer(1), ...answer(7)])],
  ['5.1.1', 'the largest identifier', [headers(0x7fff_ffff)], fine(answer(0x7fff_ffff))],
  // 5.3: priority, which is read over
  [
    '5.3.1',
    'HEADERS that depend on themselves',
    [frame(1, END_STREAM | END_HEADERS | PRIORITIZED, 1, Buffer.concat([uint32(1), Buffer.from([0]), wholeBlock]))],
    stream(1, 'PROTOCOL_ERROR'),
  ],
  ['5.3.1', 'PRIORITY that depends on itself', [open(1), priority(1, 1)], stream(1, 'PROTOCOL_ERROR')],
  [
    '5.3.2',
    'HEADERS with priority',
    [
      frame(
        1,
        END_STREAM | END_HEADERS | PRIORITIZED,
        1,
        Buffer.concat([uint32(0x8000_0000), Buffer.from([200]), wholeBlock]),
      ),
    ],
    fine(answer(1)),
  ],
  // 5.4: errors
  [
    '5.4.1',
    'a connection error ends every stream',
    [open(1), open(3), ping('short')],
    connection('FRAME_SIZE_ERROR', ['request POST /', 'request POST /', 'reset', 'reset']),
  ],
  [
    '5.4.2',
    'a stream error ends its stream alone',
    [open(1), open(3), windowUpdate(1, 0), lastData(3)],
    fine(['RST_STREAM 1 PROTOCOL_ERROR', ...answer(3)]),
  ],
  // 5.5: extensions
  ['5.5', 'an unknown setting is ignored', [settings([[0xfff0, 1]]), headers(1)], fine(answer(1))],
];

describe('RFC 9113, frames and streams', () => {
  testRows(rows);
});

describe('RFC 9113, starting HTTP/2', () => {
  it('3.4 says SETTINGS first, before anything is heard', async () => {
    const server = new ScriptedServer();
    expect((await server.said())[0]).toBe('SETTINGS');
  });

  it.each([
    ['HTTP/1.1', Buffer.from('GET / HTTP/1.1\r\nhost: example.com\r\n\r\n')],
    ['another magic', Buffer.from('PRI * HTTP/2.0\r\n\r\nXX\r\n\r\n')],
    ['the magic, then no SETTINGS', Buffer.concat([PREFACE, ping()])],
    ['the magic, then an ACK', Buffer.concat([PREFACE, frame(4, 1, 0)])],
    ['the magic, then a request', Buffer.concat([PREFACE, headers(1)])],
  ])('3.4 ends a connection that begins with %s', async (_what, bytes) => {
    const server = new ScriptedServer();
    server.send(bytes);
    expect((await server.said()).at(-1)).toBe('GOAWAY 0 PROTOCOL_ERROR');
    expect(server.transport.ending).toBe('ended');
    expect(server.receivers).toEqual([]);
  });

  it('3.4 takes the preface byte by byte', async () => {
    const server = new ScriptedServer();
    server.onWhole = (receiver) => receiver.answer();
    const bytes = Buffer.concat([PREFACE, settings(), headers(1)]);
    for (let at = 0; at < bytes.length; at++) server.send(bytes.subarray(at, at + 1));
    expect((await server.said()).slice(2)).toEqual(['SETTINGS ACK', 'HEADERS 1 200.']);
  });

  it('5.1.2 refuses a stream beyond the announced limit, so that it can be tried again', async () => {
    const server = await new ScriptedServer({ maxConcurrentStreams: 2 }).start();
    server.send(open(1), open(3), headers(5));
    expect(await server.said()).toEqual(['RST_STREAM 5 REFUSED_STREAM']);
    server.send(reset(1), headers(7));
    expect(server.events).toEqual(['request POST /', 'request POST /', 'reset', 'request GET /.']);
  });

  it('5.1 ends a stream of which the client still sends with NO_ERROR, once it is answered', async () => {
    const server = await new ScriptedServer().start();
    server.onRequest = (receiver) => receiver.answer(403, 'no');
    server.send(open(1), data(1, 'ignored'));
    expect(await server.said()).toEqual(['HEADERS 1 403', 'DATA 1 2.', 'RST_STREAM 1 NO_ERROR']);
    expect(await server.isAlive()).toBe(true);
  });

  it('5.1 half-closed (remote): DATA and HEADERS are errors of the stream', async () => {
    for (const late of [data(1, 'x'), headers(1, [['x-trailer', '1']])]) {
      const server = await new ScriptedServer().start();
      server.send(headers(1), late);
      expect(await server.said()).toEqual(['RST_STREAM 1 STREAM_CLOSED']);
      expect(server.events).toEqual(['request GET /.', 'reset']);
      expect(await server.isAlive()).toBe(true);
    }
  });

  it('5.1 remembers many streams that it has reset', async () => {
    const server = await new ScriptedServer({ maxConcurrentStreams: 0 }).start();
    for (let id = 1; id < 1600; id += 2) server.send(open(id, post));
    for (let id = 1; id < 1600; id += 2) server.send(data(id, 'x'));
    expect(await server.isAlive()).toBe(true);
  });

  it('6.1 drops the padding of a frame', async () => {
    const server = await new ScriptedServer().start();
    server.send(open(1), data(1, Buffer.from([3, 97, 98, 0, 0, 0]), PADDED), lastData(1));
    expect(server.receivers[0]?.body).toBe('ab');
  });
});
