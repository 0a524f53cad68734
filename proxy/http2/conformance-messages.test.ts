import { describe, expect, it } from 'vitest';
import type { Row } from './testing/conformance-rows.ts';
import { connection, fine, stream, testRows } from './testing/conformance-rows.ts';
import { responseHead, ScriptedServer } from './testing/scripted-server.ts';
import type { Fields } from './testing/wire.ts';
import { data, END_HEADERS, frame, headers, lastData, open, post, request, reset } from './testing/wire.ts';

const answer = (id: number) => [`HEADERS ${id} 200`, `DATA ${id} 2.`];
const refused = (status: number) => [`HEADERS 1 ${status}`, 'DATA 1 7.'];
const withField = (name: string, value: string): Fields => [...request, [name, value]];
const withLength = (value: string): Fields => [...post, ['content-length', value]];
const without = (name: string): Fields => request.filter(([field]) => field !== name);
const replaced = (name: string, value: string): Fields =>
  request.map(([field, old]) => [field, field === name ? value : old]);
const malformed = stream(1, 'PROTOCOL_ERROR', []);
const trailers = (fields: Fields, flags = 5) => headers(1, fields, flags);

const rows: Row[] = [
  // 8.1: message framing
  ['8.1', 'a request without a body', [headers(1)], fine(answer(1), ['request GET /.'])],
  [
    '8.1',
    'a request with a body and trailers',
    [open(1), data(1, 'abc'), trailers([['x-sum', '3']])],
    fine(answer(1), ['request POST /', 'body 3', 'end x-sum: 3|']),
  ],
  [
    '8.1',
    'trailers without END_STREAM',
    [open(1), data(1, 'abc'), trailers([['x-sum', '3']], END_HEADERS)],
    stream(1, 'PROTOCOL_ERROR', ['request POST /', 'body 3', 'reset']),
  ],
  ['8.1', 'DATA after trailers', [open(1), trailers([['x-sum', '3']]), data(1, 'x')], connection('STREAM_CLOSED')],
  [
    '8.1',
    'a pseudo-header field in trailers',
    [open(1), trailers([[':method', 'GET']])],
    stream(1, 'PROTOCOL_ERROR', ['request POST /', 'reset']),
  ],
  ['8.1', 'a status in trailers', [open(1), trailers([[':status', '200']])], stream(1, 'PROTOCOL_ERROR')],
  ['8.1', 'an upper-case name in trailers', [open(1), trailers([['X-Sum', '3']])], stream(1, 'PROTOCOL_ERROR')],
  [
    '8.1',
    'a length in trailers is cut',
    [
      open(1),
      trailers([
        ['content-length', '3'],
        ['x-a', 'b'],
      ]),
    ],
    fine(answer(1), ['request POST /', 'end x-a: b|']),
  ],
  [
    '8.1.1',
    'content-length and as many bytes',
    [open(1, withLength('4')), data(1, 'ab'), lastData(1, 'cd')],
    fine(answer(1), ['request POST /', 'body 4', 'end']),
  ],
  [
    '8.1.1',
    'content-length and fewer bytes',
    [open(1, withLength('4')), lastData(1, 'abc')],
    stream(1, 'PROTOCOL_ERROR'),
  ],
  [
    '8.1.1',
    'content-length and fewer bytes, in two frames',
    [open(1, withLength('4')), data(1, 'ab'), lastData(1, 'c')],
    stream(1, 'PROTOCOL_ERROR'),
  ],
  [
    '8.1.1',
    'content-length and more bytes',
    [open(1, withLength('4')), data(1, 'abcde')],
    stream(1, 'PROTOCOL_ERROR', ['request POST /', 'reset']),
  ],
  [
    '8.1.1',
    'content-length and fewer bytes before trailers',
    [open(1, withLength('4')), data(1, 'abc'), trailers([['x-a', 'b']])],
    stream(1, 'PROTOCOL_ERROR', ['request POST /', 'body 3', 'reset']),
  ],
  ['8.1.1', 'content-length and no body at all', [headers(1, withLength('4'))], malformed],
  ['8.1.1', 'content-length of 0 and no body', [headers(1, withLength('0'))], fine(answer(1))],
  [
    '8.1.1',
    'content-length of 0 and a byte',
    [open(1, withLength('0')), lastData(1, 'x')],
    stream(1, 'PROTOCOL_ERROR'),
  ],
  ['8.1.1', 'two lengths', [open(1, [...withLength('4'), ['content-length', '4']])], malformed],
  ['8.1.1', 'a length that is not a number', [open(1, withLength('+4'))], malformed],
  // 8.2: header fields
  ['8.2.1', 'an upper-case name', [headers(1, withField('X-A', 'b'))], malformed],
  ['8.2.1', 'an empty name', [headers(1, withField('', 'b'))], malformed],
  ['8.2.1', 'a blank in a name', [headers(1, withField('x a', 'b'))], malformed],
  ['8.2.1', 'a colon in a name', [headers(1, withField('x:a', 'b'))], malformed],
  ['8.2.1', 'a byte above 0x7f in a name', [headers(1, withField('x\xe9', 'b'))], malformed],
  ['8.2.1', 'CR LF in a value', [headers(1, withField('x-a', 'b\r\nx-evil: 1'))], malformed],
  ['8.2.1', 'NUL in a value', [headers(1, withField('x-a', 'b\0'))], malformed],
  ['8.2.1', 'LF in a value', [headers(1, withField('x-a', 'b\nc'))], malformed],
  ['8.2.1', 'a blank before a value', [headers(1, withField('x-a', ' b'))], malformed],
  ['8.2.1', 'a tab behind a value', [headers(1, withField('x-a', 'b\t'))], malformed],
  ['8.2.1', 'bytes above 0x7f in a value', [headers(1, withField('x-a', 'caf\xe9'))], fine(answer(1))],
  ['8.2.1', 'an empty value', [headers(1, withField('x-a', ''))], fine(answer(1))],
  ['8.2.2', 'connection', [headers(1, withField('connection', 'close'))], malformed],
  ['8.2.2', 'keep-alive', [headers(1, withField('keep-alive', 'timeout=1'))], malformed],
  ['8.2.2', 'proxy-connection', [headers(1, withField('proxy-connection', 'close'))], malformed],
  ['8.2.2', 'transfer-encoding', [headers(1, withField('transfer-encoding', 'chunked'))], malformed],
  ['8.2.2', 'upgrade', [headers(1, withField('upgrade', 'h2c'))], malformed],
  ['8.2.2', 'te: trailers', [headers(1, withField('te', 'trailers'))], fine(answer(1))],
  ['8.2.2', 'te with anything else', [headers(1, withField('te', 'gzip, trailers'))], malformed],
  // 8.3: pseudo-header fields
  ['8.3', 'an unknown pseudo-header field', [headers(1, [...request, [':test', 'x']])], malformed],
  ['8.3', 'a pseudo-header field of answers', [headers(1, [...request, [':status', '200']])], malformed],
  ['8.3', 'a pseudo-header field behind another field', [headers(1, [['x-a', 'b'], ...request])], malformed],
  ['8.3.1', 'no method', [headers(1, without(':method'))], malformed],
  ['8.3.1', 'no scheme', [headers(1, without(':scheme'))], malformed],
  ['8.3.1', 'no path', [headers(1, without(':path'))], malformed],
  ['8.3.1', 'an empty path', [headers(1, replaced(':path', ''))], malformed],
  ['8.3.1', 'a path without a slash', [headers(1, replaced(':path', 'a'))], malformed],
  ['8.3.1', 'a path with a blank', [headers(1, replaced(':path', '/a b'))], malformed],
  ['8.3.1', 'a path with CR LF', [headers(1, replaced(':path', '/a\r\nx: y'))], malformed],
  ['8.3.1', 'a path with a fragment is answered', [headers(1, replaced(':path', '/a#b'))], fine(refused(400), [])],
  [
    '8.3.1',
    'a path with bytes above 0x7e is answered',
    [headers(1, replaced(':path', '/\xe9'))],
    fine(refused(400), []),
  ],
  [
    '8.3.1',
    'an asterisk with OPTIONS',
    [
      headers(1, [
        [':method', 'OPTIONS'],
        [':scheme', 'http'],
        [':path', '*'],
        [':authority', 'a'],
      ]),
    ],
    fine(answer(1), ['request OPTIONS *.']),
  ],
  ['8.3.1', 'an asterisk with GET', [headers(1, replaced(':path', '*'))], malformed],
  ['8.3.1', 'two methods', [headers(1, [[':method', 'GET'], ...request])], malformed],
  ['8.3.1', 'two schemes', [headers(1, [[':scheme', 'http'], ...request])], malformed],
  ['8.3.1', 'two paths', [headers(1, [[':path', '/'], ...request])], malformed],
  ['8.3.1', 'two authorities', [headers(1, [[':authority', 'a'], ...request])], malformed],
  ['8.3.1', 'a method that is no token', [headers(1, replaced(':method', 'GET /x'))], malformed],
  ['8.3.1', 'a lower-case method is answered', [headers(1, replaced(':method', 'get'))], fine(refused(400), [])],
  [
    '8.3.1',
    'user information in the authority is answered',
    [headers(1, replaced(':authority', 'u@x'))],
    fine(refused(400), []),
  ],
  [
    '8.3.1',
    'a blank in the authority is answered',
    [headers(1, replaced(':authority', 'x y'))],
    fine(refused(400), []),
  ],
  [
    '8.3.1',
    'host in place of an authority',
    [headers(1, [...without(':authority'), ['host', 'example.com']])],
    fine(answer(1)),
  ],
  [
    '8.3.1',
    'a host that is not the authority is answered',
    [headers(1, withField('host', 'evil.example'))],
    fine(refused(400), []),
  ],
  ['8.3.1', 'neither host nor authority is answered', [headers(1, without(':authority'))], fine(refused(400), [])],
  // 8.4: push
  ['8.4', 'a client pushes nothing', [frame(5, END_HEADERS, 1, '\0\0\0\x02')], connection('PROTOCOL_ERROR')],
  // 8.5: CONNECT
  [
    '8.5',
    'CONNECT with a path',
    [
      headers(1, [
        [':method', 'CONNECT'],
        [':path', '/'],
        [':authority', 'a:80'],
      ]),
    ],
    malformed,
  ],
  ['8.5', 'CONNECT without an authority', [headers(1, [[':method', 'CONNECT']])], malformed],
  [
    '8.5',
    'CONNECT is refused: nobody tunnels here',
    [
      headers(1, [
        [':method', 'CONNECT'],
        [':authority', 'a:80'],
      ]),
    ],
    fine(refused(403), []),
  ],
  [
    '8441 4',
    'extended CONNECT',
    [open(1, [[':method', 'CONNECT'], [':protocol', 'websocket'], ...request.slice(1)])],
    fine([], ['request GET /']),
  ],
  [
    '8441 4',
    'extended CONNECT without a path',
    [
      open(1, [
        [':method', 'CONNECT'],
        [':protocol', 'websocket'],
        [':authority', 'a'],
      ]),
    ],
    malformed,
  ],
  ['8441 4', 'a protocol with another method', [headers(1, [[':protocol', 'websocket'], ...request])], malformed],
];

describe('RFC 9113, messages', () => {
  testRows(rows);
});

describe('RFC 9113, answers', () => {
  it('8.1 sends trailers as a second HEADERS that ends the stream', async () => {
    const server = await new ScriptedServer().start();
    server.send(headers(1));
    const [receiver] = server.receivers;
    receiver?.begin();
    receiver?.send(Buffer.from('abc'));
    receiver?.stream.endResponse('grpc-status: 0\r\n');
    expect(await server.said()).toEqual(['HEADERS 1 200', 'DATA 1 3', 'HEADERS 1 grpc-status=0.']);
  });

  it('8.1 ends a stream with the last DATA frame where nothing has been sent since', async () => {
    const server = await new ScriptedServer().start();
    server.onWhole = (receiver) => {
      receiver.begin();
      receiver.send(Buffer.from('abc'));
      receiver.stream.endResponse('');
    };
    server.send(headers(1));
    expect(await server.said()).toEqual(['HEADERS 1 200', 'DATA 1 3.']);
  });

  it('8.1 sends interim answers before the final one, and never 101', async () => {
    const server = await new ScriptedServer().start();
    server.onWhole = (receiver) => {
      receiver.stream.sendInterim(responseHead(103, 'link: </a>\r\n'));
      receiver.stream.sendInterim(responseHead(101, ''));
      receiver.answer(204);
    };
    server.send(headers(1));
    expect(await server.said()).toEqual(['HEADERS 1 103', 'HEADERS 1 204.']);
  });

  it('8.1 leaves interim answers out for a client that does not read, and never the one that it waits for', async () => {
    const server = await new ScriptedServer().start();
    server.send(headers(1));
    const [receiver] = server.receivers;
    server.transport.isTaking = false;
    for (let i = 0; i < 100; i++) {
      receiver?.stream.sendInterim(responseHead(103, `x: ${'y'.repeat(3_000)}\r\n`));
      await new Promise((resolve) => setImmediate(resolve));
    }
    expect(server.transport.bufferedBytes).toBeGreaterThan(60_000);
    expect(server.transport.bufferedBytes).toBeLessThan(200_000);
    receiver?.stream.sendInterim(responseHead(100, ''));
    receiver?.answer(204);
    expect((await server.said()).slice(-2)).toEqual(['HEADERS 1 100', 'HEADERS 1 204.']);
  });

  it('8.1 answers HEAD with the head alone, also an answer of its own', async () => {
    const server = await new ScriptedServer().start();
    server.onWhole = (receiver) => receiver.stream.sendLocalReply(404, '', 'not here');
    server.send(headers(1, replaced(':method', 'HEAD')));
    expect(await server.said()).toEqual(['HEADERS 1 404.']);
  });

  it('8.2.2 takes the chunks of HTTP/1 apart, and sends its trailers', async () => {
    const server = await new ScriptedServer().start();
    server.send(headers(1));
    const [receiver] = server.receivers;
    const head = responseHead(200, 'transfer-encoding: chunked\r\n');
    head.framing = 'chunked';
    head.body = '3\r\nabc\r\n';
    receiver?.stream.sendResponse(head, head.block);
    receiver?.send(Buffer.from('2\r\nde\r\n0\r\nx-sum: 5\r\n\r\n'));
    receiver?.stream.endResponse('');
    expect(await server.said()).toEqual(['HEADERS 1 200', 'DATA 1 3', 'DATA 1 2', 'HEADERS 1 x-sum=5.']);
  });

  it('8.6 turns the answer that changes protocols in HTTP/1 into one of success', async () => {
    const server = await new ScriptedServer().start();
    server.send(open(1, [[':method', 'CONNECT'], [':protocol', 'websocket'], ...request.slice(1)]));
    const [receiver] = server.receivers;
    expect(receiver?.head).toMatchObject({ method: 'GET', upgrade: 'websocket', isComplete: false });
    const head = responseHead(101, 'upgrade: websocket\r\nconnection: upgrade\r\n');
    head.framing = 'tunnel';
    receiver?.stream.sendResponse(head, head.block);
    server.send(data(1, 'ping'));
    receiver?.send(Buffer.from('pong'));
    expect(await server.said()).toEqual(['HEADERS 1 200', 'DATA 1 4']);
    expect(server.events).toEqual(['request GET /', 'body 4']);
  });

  it('8.7 an answer that broke off is reset, never ended', async () => {
    const server = await new ScriptedServer().start();
    server.send(headers(1));
    server.receivers[0]?.begin();
    server.receivers[0]?.send(Buffer.from('abc'));
    server.receivers[0]?.stream.reset();
    expect(await server.said()).toEqual(['HEADERS 1 200', 'DATA 1 3', 'RST_STREAM 1 INTERNAL_ERROR']);
  });

  it('splits a head that is larger than a frame', async () => {
    const server = await new ScriptedServer().start();
    const lines = Array.from({ length: 40 }, (_, i) => `x-${i}: ${'v'.repeat(1000)}\r\n`).join('');
    server.onWhole = (receiver) => receiver.answer(200, '', lines);
    server.send(headers(1));
    const frames = await server.frames();
    expect(frames.map(({ type, flags }) => [type, flags])).toEqual([
      ['HEADERS', 1],
      ['CONTINUATION', 0],
      ['CONTINUATION', END_HEADERS],
    ]);
  });
});

describe('a body that has come with its head', () => {
  it('is part of the head, so that the request can be sent again', async () => {
    const server = await new ScriptedServer().start();
    server.send(Buffer.concat([open(1), data(1, 'ab'), lastData(1, 'cd'), headers(3)]));
    expect(server.events).toEqual(['request POST / +4.', 'request GET /.']);
    expect(server.receivers[0]?.head).toMatchObject({ body: 'abcd', isComplete: true });
  });

  it('is not when other frames stand between, or it is too large, or cut off', async () => {
    const server = await new ScriptedServer().start();
    server.send(Buffer.concat([open(1), headers(3), lastData(1, 'ab')]));
    server.send(
      Buffer.concat([open(5), ...Array.from({ length: 5 }, () => data(5, Buffer.alloc(16_000))), lastData(5)]),
    );
    server.send(Buffer.concat([open(7), data(7, 'ab')]), lastData(7));
    expect(server.events.filter((event) => event.startsWith('request'))).toEqual([
      'request POST /',
      'request GET /.',
      'request POST /',
      'request POST /',
    ]);
  });

  it('counts against the windows', async () => {
    const server = await new ScriptedServer({ initialConnectionWindowSize: 65_535 }).start();
    server.send(Buffer.concat([open(1), data(1, Buffer.alloc(16_384)), lastData(1, Buffer.alloc(16_384))]));
    expect(await server.said()).toEqual(['WINDOW_UPDATE 0 32768']);
  });

  it('leaves a stream object free for the next stream once it is answered', async () => {
    const server = await new ScriptedServer().start();
    server.onWhole = (receiver) => receiver.answer();
    for (let id = 1; id < 200; id += 2) server.send(headers(id));
    server.send(open(201), reset(201), headers(203));
    expect(server.receivers.length).toBe(1);
    expect(server.connection.openStreams).toBe(0);
  });
});
