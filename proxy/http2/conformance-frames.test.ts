import { describe, expect, it } from 'vitest';
import type { Row } from './testing/conformance-rows.ts';
import { connection, fine, stream, testRows } from './testing/conformance-rows.ts';
import { ScriptedServer } from './testing/scripted-server.ts';
import {
  ACK,
  block,
  continuation,
  data,
  END_HEADERS,
  END_STREAM,
  frame,
  goaway,
  headers,
  lastData,
  open,
  PADDED,
  PRIORITIZED,
  ping,
  priority,
  request,
  reset,
  settings,
  uint32,
  windowUpdate,
} from './testing/wire.ts';

const answer = (id: number) => [`HEADERS ${id} 200`, `DATA ${id} 2.`];
const wholeBlock = block(request);
const padded = (length: number, ...content: Buffer[]) =>
  Buffer.concat([Buffer.from([length]), ...content, Buffer.alloc(length)]);

const rows: Row[] = [
  // 6.1: DATA
  ['6.1', 'DATA on stream 0', [data(0, 'x')], connection('PROTOCOL_ERROR')],
  [
    '6.1',
    'padding as long as the payload',
    [open(1), data(1, Buffer.from([4, 1, 1, 1]), PADDED)],
    connection('PROTOCOL_ERROR'),
  ],
  [
    '6.1',
    'padding that leaves no data',
    [open(1), frame(0, PADDED | END_STREAM, 1, padded(3))],
    fine(answer(1), ['request POST /', 'end']),
  ],
  [
    '6.1',
    'padding of 0',
    [open(1), frame(0, PADDED | END_STREAM, 1, padded(0, Buffer.from('ab')))],
    fine(answer(1), ['request POST /', 'body 2', 'end']),
  ],
  ['6.1', 'a padded frame without payload', [open(1), frame(0, PADDED, 1)], connection('PROTOCOL_ERROR')],
  [
    '6.1',
    'padding that is not zero is not looked at',
    [open(1), frame(0, PADDED | END_STREAM, 1, Buffer.from([1, 97, 9]))],
    fine(answer(1), ['request POST /', 'body 1', 'end']),
  ],
  ['6.1', 'one empty frame', [open(1), data(1, ''), lastData(1)], fine(answer(1), ['request POST /', 'end'])],
  // 6.2: HEADERS
  ['6.2', 'HEADERS on stream 0', [headers(0)], connection('PROTOCOL_ERROR')],
  ['6.2', 'padding', [frame(1, END_STREAM | END_HEADERS | PADDED, 1, padded(20, wholeBlock))], fine(answer(1))],
  [
    '6.2',
    'padding as long as the payload',
    [frame(1, END_STREAM | END_HEADERS | PADDED, 1, Buffer.from([5, 1, 1, 1, 1]))],
    connection('PROTOCOL_ERROR'),
  ],
  [
    '6.2',
    'a padded frame without payload',
    [frame(1, END_STREAM | END_HEADERS | PADDED, 1)],
    connection('PROTOCOL_ERROR'),
  ],
  [
    '6.2',
    'padding and priority',
    [frame(1, END_STREAM | END_HEADERS | PADDED | PRIORITIZED, 1, padded(3, uint32(3), Buffer.from([1]), wholeBlock))],
    fine(answer(1)),
  ],
  [
    '6.2',
    'padding that reaches into the priority',
    [frame(1, END_STREAM | END_HEADERS | PADDED | PRIORITIZED, 1, Buffer.from([4, 0, 0, 0, 3, 1, 0, 0]))],
    connection('FRAME_SIZE_ERROR'),
  ],
  [
    '6.2',
    'no room for the priority',
    [frame(1, END_STREAM | END_HEADERS | PRIORITIZED, 1, '1234')],
    connection('FRAME_SIZE_ERROR'),
  ],
  // 6.3: PRIORITY
  ['6.3', 'PRIORITY on stream 0', [priority(0, 1)], connection('PROTOCOL_ERROR')],
  [
    '6.3',
    'PRIORITY of four bytes',
    [open(1), frame(2, 0, 1, '1234')],
    stream(1, 'FRAME_SIZE_ERROR', ['request POST /', 'reset']),
  ],
  ['6.3', 'PRIORITY of six bytes', [open(1), frame(2, 0, 1, '123456')], stream(1, 'FRAME_SIZE_ERROR')],
  [
    '6.3',
    'PRIORITY of four bytes on an idle stream, which cannot be reset',
    [frame(2, 0, 1, '1234')],
    connection('FRAME_SIZE_ERROR'),
  ],
  // 6.4: RST_STREAM
  ['6.4', 'RST_STREAM on stream 0', [reset(0)], connection('PROTOCOL_ERROR')],
  ['6.4', 'RST_STREAM of three bytes', [open(1), frame(3, 0, 1, '123')], connection('FRAME_SIZE_ERROR')],
  ['6.4', 'RST_STREAM of five bytes', [open(1), frame(3, 0, 1, '12345')], connection('FRAME_SIZE_ERROR')],
  ['6.4', 'RST_STREAM with an unknown code', [open(1), reset(1, 0xdeadbeef)], fine([], ['request POST /', 'reset'])],
  // 6.5: SETTINGS
  ['6.5', 'SETTINGS on a stream', [frame(4, 0, 1)], connection('PROTOCOL_ERROR')],
  ['6.5', 'an ACK with a payload', [frame(4, ACK, 0, '123456')], connection('FRAME_SIZE_ERROR')],
  ['6.5', 'SETTINGS of five bytes', [frame(4, 0, 0, '12345')], connection('FRAME_SIZE_ERROR')],
  ['6.5', 'no settings at all', [settings()], fine([])],
  ['6.5.2', 'ENABLE_PUSH 2', [settings([[2, 2]])], connection('PROTOCOL_ERROR')],
  ['6.5.2', 'ENABLE_PUSH 0 and 1', [settings([[2, 0]]), settings([[2, 1]])], fine([])],
  ['6.5.2', 'INITIAL_WINDOW_SIZE above 2^31-1', [settings([[4, 0x8000_0000]])], connection('FLOW_CONTROL_ERROR')],
  ['6.5.2', 'INITIAL_WINDOW_SIZE of 2^31-1', [settings([[4, 0x7fff_ffff]])], fine([])],
  ['6.5.2', 'MAX_FRAME_SIZE below 16 384', [settings([[5, 16_383]])], connection('PROTOCOL_ERROR')],
  ['6.5.2', 'MAX_FRAME_SIZE above 16 777 215', [settings([[5, 16_777_216]])], connection('PROTOCOL_ERROR')],
  [
    '6.5.2',
    'MAX_FRAME_SIZE at its bounds',
    [
      settings([
        [5, 16_384],
        [5, 16_777_215],
      ]),
    ],
    fine([]),
  ],
  ['6.5.2', 'HEADER_TABLE_SIZE of 2^32-1', [settings([[1, 0xffff_ffff]]), headers(1)], fine(answer(1))],
  ['6.5.2', 'MAX_CONCURRENT_STREAMS of 0 is about what we open', [settings([[3, 0]]), headers(1)], fine(answer(1))],
  ['8441 3', 'ENABLE_CONNECT_PROTOCOL 2', [settings([[8, 2]])], connection('PROTOCOL_ERROR')],
  [
    '8441 3',
    'ENABLE_CONNECT_PROTOCOL taken back',
    [settings([[8, 1]]), settings([[8, 0]])],
    connection('PROTOCOL_ERROR'),
  ],
  // 6.6: PUSH_PROMISE
  [
    '6.6',
    'PUSH_PROMISE of a client',
    [open(1), frame(5, END_HEADERS, 1, Buffer.concat([uint32(2), wholeBlock]))],
    connection('PROTOCOL_ERROR'),
  ],
  // 6.7: PING
  ['6.7', 'PING is answered', [ping('abcdefgh')], fine(['PING ACK'])],
  ['6.7', 'an ACK is not', [ping('abcdefgh', ACK)], fine([])],
  ['6.7', 'PING on a stream', [frame(6, 0, 1, '12345678')], connection('PROTOCOL_ERROR')],
  ['6.7', 'PING of six bytes', [frame(6, 0, 0, '123456')], connection('FRAME_SIZE_ERROR')],
  // 6.8: GOAWAY
  ['6.8', 'GOAWAY on a stream', [frame(7, 0, 1, Buffer.alloc(8))], connection('PROTOCOL_ERROR')],
  ['6.8', 'GOAWAY of seven bytes', [frame(7, 0, 0, Buffer.alloc(7))], connection('FRAME_SIZE_ERROR')],
  // 6.9: WINDOW_UPDATE
  ['6.9', 'an increment of 0 on the connection', [windowUpdate(0, 0)], connection('PROTOCOL_ERROR')],
  [
    '6.9',
    'an increment of 0 on a stream',
    [open(1), windowUpdate(1, 0)],
    stream(1, 'PROTOCOL_ERROR', ['request POST /', 'reset']),
  ],
  ['6.9', 'WINDOW_UPDATE of three bytes', [frame(8, 0, 0, '123')], connection('FRAME_SIZE_ERROR')],
  ['6.9', 'WINDOW_UPDATE of five bytes', [open(1), frame(8, 0, 1, '12345')], connection('FRAME_SIZE_ERROR')],
  [
    '6.9.1',
    'a window of the connection above 2^31-1',
    [windowUpdate(0, 0x7fff_ffff)],
    connection('FLOW_CONTROL_ERROR'),
  ],
  [
    '6.9.1',
    'a window of a stream above 2^31-1',
    [open(1), windowUpdate(1, 0x7fff_ffff)],
    stream(1, 'FLOW_CONTROL_ERROR'),
  ],
  [
    '6.9.1',
    'windows of exactly 2^31-1',
    [windowUpdate(0, 0x7fff_0000), open(1), windowUpdate(1, 0x7fff_0000), lastData(1)],
    fine(answer(1)),
  ],
  [
    '6.9.2',
    'a new INITIAL_WINDOW_SIZE takes a window above 2^31-1',
    [open(1), windowUpdate(1, 0x7fff_0000), settings([[4, 0x7fff_ffff]])],
    connection('FLOW_CONTROL_ERROR'),
  ],
  // 6.10: CONTINUATION
  [
    '6.10',
    'three parts',
    [
      frame(1, END_STREAM, 1, wholeBlock.subarray(0, 3)),
      continuation(1, wholeBlock.subarray(3, 9), 0),
      continuation(1, wholeBlock.subarray(9)),
    ],
    fine(answer(1)),
  ],
  ['6.10', 'an empty last part', [frame(1, END_STREAM, 1, wholeBlock), continuation(1, '')], fine(answer(1))],
  ['6.10', 'CONTINUATION on stream 0', [continuation(0, wholeBlock)], connection('PROTOCOL_ERROR')],
  ['6.10', 'CONTINUATION after END_HEADERS', [open(1), continuation(1, wholeBlock)], connection('PROTOCOL_ERROR')],
  [
    '6.10',
    'CONTINUATION after DATA',
    [open(1), data(1, 'x'), continuation(1, wholeBlock)],
    connection('PROTOCOL_ERROR'),
  ],
];

describe('RFC 9113, frames', () => {
  testRows(rows);
});

describe('RFC 9113, settings and windows of the peer', () => {
  it('6.8 answers what is open when the client goes away, and then closes', async () => {
    const server = await new ScriptedServer().start();
    server.onWhole = (receiver) => receiver.answer();
    server.send(open(1), goaway(0));
    expect(await server.said()).toEqual(['GOAWAY 1 NO_ERROR']);
    server.send(lastData(1), headers(3));
    expect(await server.said()).toEqual(['HEADERS 1 200.']);
    expect(server.transport.ending).toBe('ended');
  });

  it('6.5.3 acknowledges every SETTINGS frame', async () => {
    const server = await new ScriptedServer().start();
    server.send(settings(), settings([[1, 0]]), settings());
    expect(await server.said()).toEqual(['SETTINGS ACK', 'SETTINGS ACK', 'SETTINGS ACK']);
  });

  it('6.5.2 takes the last of several values for one setting', async () => {
    const server = await new ScriptedServer().start(
      settings([
        [4, 100],
        [4, 1],
      ]),
    );
    server.onWhole = (receiver) => receiver.answer(200, 'abc');
    server.send(headers(1));
    expect(await server.said()).toEqual(['HEADERS 1 200', 'DATA 1 1']);
  });

  it('6.9 sends nothing into an empty window, and goes on when it grows', async () => {
    const server = await new ScriptedServer().start(settings([[4, 0]]));
    server.onWhole = (receiver) => receiver.answer(200, 'abc');
    server.send(headers(1));
    expect(await server.said()).toEqual(['HEADERS 1 200']);
    server.send(windowUpdate(1, 1));
    expect(await server.said()).toEqual(['DATA 1 1']);
    server.send(windowUpdate(1, 5));
    expect(await server.said()).toEqual(['DATA 1 2.']);
  });

  it('6.9.2 adjusts open streams, also below zero', async () => {
    const server = await new ScriptedServer().start(settings([[4, 3]]));
    server.onWhole = (receiver) => receiver.answer(200, 'abcdefgh');
    server.send(headers(1));
    expect(await server.said()).toEqual(['HEADERS 1 200', 'DATA 1 3']);
    server.send(settings([[4, 1]]), windowUpdate(1, 2)); // the window is now 0, after -2
    expect(await server.said()).toEqual(['SETTINGS ACK']);
    server.send(settings([[4, 3]]));
    expect(await server.said()).toEqual(['SETTINGS ACK', 'DATA 1 2']);
  });

  it('6.9.2 leaves the window of the connection alone when INITIAL_WINDOW_SIZE changes', async () => {
    const server = await new ScriptedServer().start(settings([[4, 1_000_000]]));
    server.onWhole = (receiver) => receiver.begin();
    server.send(headers(1));
    server.receivers[0]?.send(Buffer.alloc(100_000));
    const sent = (await server.frames()).filter(({ type }) => type === 'DATA');
    expect(sent.reduce((sum, { payload }) => sum + payload.length, 0)).toBe(65_535);
  });

  it('6.9.1 ends the connection when its window is overrun', async () => {
    const limits = { initialStreamWindowSize: 1_000_000, initialConnectionWindowSize: 65_535 };
    const server = await new ScriptedServer(limits).start();
    server.onRequest = (receiver) => receiver.stream.pauseRequest();
    server.send(open(1), open(3));
    // what paused streams hold is given back up to one window; the second one is the connection's last
    for (let i = 0; i < 12; i++) server.send(data(i % 2 === 0 ? 1 : 3, Buffer.alloc(16_384)));
    expect((await server.said()).at(-1)).toBe('GOAWAY 3 FLOW_CONTROL_ERROR');
  });

  it('6.9.1 ends a stream whose window is overrun, padding included', async () => {
    const server = await new ScriptedServer({ initialStreamWindowSize: 100 }).start();
    server.onRequest = (receiver) => receiver.stream.pauseRequest();
    server.send(open(1), data(1, padded(49, Buffer.alloc(50)), PADDED), data(1, 'x'));
    expect(await server.said()).toEqual(['RST_STREAM 1 FLOW_CONTROL_ERROR']);
    expect(await server.isAlive()).toBe(true);
  });

  it('6.9 gives windows back in steps of half of them, and a paused stream nothing', async () => {
    const limits = { initialStreamWindowSize: 40_000, initialConnectionWindowSize: 100_000 };
    const server = await new ScriptedServer(limits).start();
    server.send(open(1), data(1, Buffer.alloc(10_000)));
    expect(await server.said()).toEqual([]);
    server.send(data(1, Buffer.alloc(10_000)));
    expect(await server.said()).toEqual(['WINDOW_UPDATE 1 20000']);
    server.receivers[0]?.stream.pauseRequest();
    server.send(data(1, Buffer.alloc(16_000)), data(1, Buffer.alloc(16_000)));
    expect(await server.said()).toEqual(['WINDOW_UPDATE 0 52000']);
    server.receivers[0]?.stream.resumeRequest();
    expect(await server.said()).toEqual(['WINDOW_UPDATE 1 32000']);
  });

  it('6.9 counts padding against the windows and gives it back', async () => {
    const server = await new ScriptedServer({ initialStreamWindowSize: 200 }).start();
    server.send(open(1), data(1, padded(99, Buffer.from('x')), PADDED));
    expect(await server.said()).toEqual(['WINDOW_UPDATE 1 101']);
  });
});
