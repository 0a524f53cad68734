import { describe, expect, it } from 'vitest';
import { answerHeaders, ScriptedClient, wholeAnswer } from './testing/scripted-client.ts';
import type { Fields } from './testing/wire.ts';
import {
  data,
  END_HEADERS,
  END_STREAM,
  errorCodes,
  frame,
  goaway,
  headers,
  lastData,
  ping,
  reset,
  settings,
  uint32,
  windowUpdate,
} from './testing/wire.ts';

const post = { method: 'POST', isComplete: false, framing: 'stream' } as const;
const code = (name: (typeof errorCodes)[number]) => errorCodes.indexOf(name);

describe('Http2ClientConnection', () => {
  it('says the preface and its settings at once, and carries nothing before the server has said its own', async () => {
    const client = new ScriptedClient();
    expect(client.connection.hasRoom).toBe(false);
    expect(await client.said()).toEqual(['SETTINGS', 'WINDOW_UPDATE 0 983041']);
    client.send(settings());
    expect(await client.said()).toEqual(['SETTINGS ACK']);
    expect(client.connection.hasRoom).toBe(true);
    expect(client.log).toEqual(['ready']);
  });

  it('gives up a server that does not say its settings in time', async () => {
    const client = new ScriptedClient();
    client.connection.sweep(client.clock.nowMs + 10_000);
    expect(client.log).toEqual([]);
    client.connection.sweep(client.clock.nowMs + 10_001);
    expect(client.log).toEqual(['closed']);
  });

  it.each([
    ['HTTP/1', Buffer.from('HTTP/1.1 400 Bad Request\r\nconnection: close\r\n\r\n')],
    ['another frame first', ping()],
    ['an empty first read and a frame that is too large', Buffer.from([255, 255, 255, 4, 0, 0, 0, 0, 0])],
  ])('ends a connection to a server that speaks %s, before any request', async (_what, bytes) => {
    const client = new ScriptedClient();
    client.send(bytes);
    expect(client.log).toEqual(['closed']);
    expect(client.transport.ending).toBe('ended');
  });

  it('carries exchanges side by side, each answer to its own', async () => {
    const client = await new ScriptedClient().start();
    const [one, two, three] = [client.ask(), client.ask({ path: '/2' }), client.ask({ path: '/3' })];
    expect(await client.said()).toEqual(['HEADERS 1 /.', 'HEADERS 3 /2.', 'HEADERS 5 /3.']);
    client.send(answerHeaders(5, 200), answerHeaders(1, 200), data(5, 'c'), data(1, 'aa'), wholeAnswer(3));
    client.send(lastData(1), lastData(5));
    expect(one.events).toEqual(['response 200', 'body 2', 'end']);
    expect(two.events).toEqual(['response 204.']);
    expect(three.events).toEqual(['response 200', 'body 1', 'end']);
    expect([one, two, three].map(({ stream }) => stream.isReused)).toEqual([false, true, true]);
    expect(client.connection.isUnused).toBe(true);
  });

  it('sends a whole request with its body at once', async () => {
    const client = await new ScriptedClient().start();
    client.ask({ method: 'POST', body: 'hello', framing: 'length', contentLength: 5 });
    expect(await client.said()).toEqual(['HEADERS 1 /', 'DATA 1 5.']);
  });

  it('sends body and trailers as they come', async () => {
    const client = await new ScriptedClient().start();
    const { stream } = client.ask(post);
    stream.sendBody(Buffer.from('xabcx'), 1, 4, false);
    stream.endRequest('x-sum: 3\r\n');
    expect(await client.said()).toEqual(['HEADERS 1 /', 'DATA 1 3', 'HEADERS 1 x-sum=3.']);
  });

  it('takes chunks apart, trailers included', async () => {
    const client = await new ScriptedClient().start();
    const { stream } = client.ask({ ...post, framing: 'chunked', body: '3\r\nabc\r\n1' });
    stream.sendBody(Buffer.from('0\r\n0123456789abcdef\r\n0\r\nx-sum: 19\r\n\r\n'), 0, 43, false);
    stream.endRequest('');
    expect(await client.said()).toEqual(['HEADERS 1 /', 'DATA 1 3', 'DATA 1 16', 'HEADERS 1 x-sum=19.']);
  });

  it('hands a small answer over whole', async () => {
    const client = await new ScriptedClient().start();
    const exchange = client.ask();
    client.send(Buffer.concat([answerHeaders(1, 200, [['content-length', '5']]), lastData(1, 'hello')]));
    expect(exchange.events).toEqual(['response 200 +5.']);
    expect(exchange.body).toBe('hello');
  });

  it('hands interim answers and trailers over', async () => {
    const client = await new ScriptedClient().start();
    const exchange = client.ask();
    client.send(answerHeaders(1, 100), answerHeaders(1, 103), answerHeaders(1, 200), data(1, 'x'));
    client.send(headers(1, [['grpc-status', '0']], END_STREAM | END_HEADERS));
    expect(exchange.events).toEqual(['interim 100', 'interim 103', 'response 200', 'body 1', 'end grpc-status: 0|']);
  });

  it('counts a hundred interim answers and no more', async () => {
    const client = await new ScriptedClient().start();
    const exchange = client.ask();
    for (let i = 0; i < 101; i++) client.send(answerHeaders(1, 103));
    expect(exchange.events.slice(99)).toEqual(['interim 103', 'failure upstreamProtocol']);
    expect(await client.said()).toContain('RST_STREAM 1 PROTOCOL_ERROR');
  });

  it('opens a tunnel by extended CONNECT where the server has said that it knows it', async () => {
    const client = await new ScriptedClient().start(settings([[8, 1]]));
    const exchange = client.ask({ upgrade: 'websocket', isComplete: false });
    exchange.releasesAtEnd = false;
    client.send(answerHeaders(1, 200), data(1, 'hi'), lastData(1));
    expect(exchange.events).toEqual(['response 200 tunnel', 'body 2', 'end']);
    exchange.stream.sendBody(Buffer.from('ho'), 0, 2, true);
    exchange.stream.endRequest('');
    expect(await client.said()).toEqual(['HEADERS 1 /', 'DATA 1 2.']);
  });

  it('refuses an upgrade where the server has not, without a word to it', async () => {
    const client = await new ScriptedClient().start();
    const exchange = client.ask({ upgrade: 'websocket', isComplete: false });
    expect(await client.said()).toEqual([]);
    expect(exchange.events).toEqual(['failure upgradeNotSupported']);
    expect(client.connection.isUnused).toBe(true);
  });

  it('resets a stream that is given up, and ignores what still comes of it', async () => {
    const client = await new ScriptedClient().start();
    const exchange = client.ask();
    await client.said();
    exchange.stream.abort();
    expect(await client.said()).toEqual(['RST_STREAM 1 CANCEL']);
    client.send(answerHeaders(1, 200), data(1, 'x'), windowUpdate(1, 1), reset(1));
    expect(exchange.events).toEqual([]);
    expect(await client.isAlive()).toBe(true);
  });

  it('lets a server stop the rest of a request that it has answered', async () => {
    const client = await new ScriptedClient().start(settings([[4, 1]]));
    const exchange = client.ask(post);
    exchange.releasesAtEnd = false;
    exchange.stream.sendBody(Buffer.from('abc'), 0, 3, true);
    client.send(wholeAnswer(1, 413), reset(1, code('NO_ERROR')));
    expect(exchange.events).toEqual(['response 413.']);
    exchange.stream.abort();
    expect(await client.said()).toEqual(['HEADERS 1 /', 'DATA 1 1']);
    expect(client.connection.isUnused).toBe(true);
  });

  it('keeps the order of bytes and end for a receiver that pauses, and gives back nothing meanwhile', async () => {
    const client = await new ScriptedClient({ initialStreamWindowSize: 40_000 }).start();
    const exchange = client.ask();
    client.send(answerHeaders(1, 200));
    exchange.stream.pauseResponse();
    client.send(data(1, Buffer.alloc(16_000)), data(1, Buffer.alloc(16_000)), lastData(1, Buffer.alloc(8000)));
    expect(exchange.events).toEqual(['response 200']);
    exchange.stream.resumeResponse();
    expect(await client.said()).toEqual(['HEADERS 1 /.']);
    expect(exchange.events).toEqual(['response 200', 'body 16000', 'body 16000', 'body 8000', 'end']);
    expect(client.connection.isUnused).toBe(true);
  });

  it('keeps what a paused receiver has not heard when its request ends after the answer', async () => {
    const client = await new ScriptedClient().start();
    const exchange = client.ask(post);
    exchange.stream.pauseResponse();
    client.send(answerHeaders(1, 200), data(1, 'abc'), lastData(1, 'de'));
    exchange.stream.endRequest('');
    exchange.stream.resumeResponse();
    await client.said();
    expect(exchange.events).toEqual(['response 200', 'body 5', 'end']);
    expect(client.connection.isUnused).toBe(true);
  });

  it('asks to hold back at 64 KiB, and says when to go on', async () => {
    const client = await new ScriptedClient().start(settings([[4, 0]]));
    const exchange = client.ask(post);
    const piece = Buffer.alloc(32_768);
    expect(exchange.stream.sendBody(piece, 0, piece.length, true)).toBe(true);
    expect(exchange.stream.sendBody(piece, 0, piece.length, true)).toBe(false);
    client.send(windowUpdate(1, 65_535));
    expect(exchange.events).toEqual([]);
    client.send(windowUpdate(0, 1), windowUpdate(1, 1));
    expect(exchange.events).toEqual(['drain']);
  });
});

describe('a failure of one stream', () => {
  const withStatus = (fields: Fields) => frame(1, END_HEADERS, 1, headers(1, fields).subarray(9));

  it.each<[what: string, sent: Buffer, failure: string, said: string[]]>([
    ['refused', reset(1, code('REFUSED_STREAM')), 'upstreamRefused', []],
    ['reset', reset(1, code('INTERNAL_ERROR')), 'upstreamRemoteReset', []],
    ['reset without an error and without an answer', reset(1, code('NO_ERROR')), 'upstreamRemoteReset', []],
    ['no status', withStatus([['x-a', 'b']]), 'upstreamProtocol', ['RST_STREAM 1 PROTOCOL_ERROR']],
    ['two statuses', answerHeaders(1, 200, [[':status', '200']]), 'upstreamProtocol', ['RST_STREAM 1 PROTOCOL_ERROR']],
    ['status 101', answerHeaders(1, 101), 'upstreamProtocol', ['RST_STREAM 1 PROTOCOL_ERROR']],
    ['an upper-case name', answerHeaders(1, 200, [['X-A', 'b']]), 'upstreamProtocol', ['RST_STREAM 1 PROTOCOL_ERROR']],
    [
      'CR LF in a value',
      answerHeaders(1, 200, [['a', 'b\r\nc: d']]),
      'upstreamProtocol',
      ['RST_STREAM 1 PROTOCOL_ERROR'],
    ],
    [
      'a connection header',
      answerHeaders(1, 200, [['connection', 'close']]),
      'upstreamProtocol',
      ['RST_STREAM 1 PROTOCOL_ERROR'],
    ],
    [
      'an interim answer that ends the stream',
      wholeAnswer(1, 103),
      'upstreamProtocol',
      ['RST_STREAM 1 PROTOCOL_ERROR'],
    ],
    ['an increment of 0', windowUpdate(1, 0), 'upstreamProtocol', ['RST_STREAM 1 PROTOCOL_ERROR']],
  ])('%s', async (_what, sent, failure, said) => {
    const client = await new ScriptedClient().start();
    const exchange = client.ask();
    const other = client.ask();
    await client.said();
    client.send(sent);
    expect(exchange.events).toEqual([`failure ${failure}`]);
    expect(await client.said()).toEqual(said);
    client.send(wholeAnswer(3));
    expect(other.events).toEqual(['response 204.']);
  });

  it.each<[what: string, sent: Buffer[]]>([
    ['reset in the middle of a body', [reset(1)]],
    ['more bytes than the length says', [data(1, 'abcdef')]],
    ['fewer bytes than the length says', [lastData(1, 'abc')]],
    ['fewer bytes than the length says before trailers', [data(1, 'abc'), headers(1, [['a', 'b']])]],
    ['a second answer', [answerHeaders(1, 200)]],
    ['trailers with a status', [wholeAnswer(1, 200)]],
  ])('%s breaks the answer off', async (_what, sent) => {
    const client = await new ScriptedClient().start();
    const exchange = client.ask();
    client.send(answerHeaders(1, 200, [['content-length', '5']]), ...sent);
    expect(exchange.events.at(-1)).toBe('failure upstreamResetInBody');
    expect(exchange.events).not.toContain('end');
    expect(await client.isAlive()).toBe(true);
  });

  it.each([
    ['HEAD', 200],
    ['GET', 204],
    ['GET', 304],
  ])('a body in answer to %s with %i is one', async (method, status) => {
    const client = await new ScriptedClient().start();
    const exchange = client.ask({ method });
    client.send(answerHeaders(1, status, [['content-length', '1']]), lastData(1, 'x'));
    expect(exchange.events.at(-1)).toBe('failure upstreamResetInBody');
  });

  it.each([
    ['HEAD', 200],
    ['GET', 204],
    ['GET', 304],
  ])('an empty DATA frame in answer to %s with %i is none', async (method, status) => {
    const client = await new ScriptedClient().start();
    const exchange = client.ask({ method });
    client.send(Buffer.concat([answerHeaders(1, status, [['content-length', '1']]), lastData(1)]));
    expect(exchange.events).toEqual([`response ${status}.`]);
  });
});

describe('a failure of the connection', () => {
  it.each<[what: string, sent: Buffer, said: string]>([
    ['PUSH_PROMISE', frame(5, END_HEADERS, 1, uint32(2)), 'PROTOCOL_ERROR'],
    ['HEADERS of a stream of the server', answerHeaders(2, 200), 'PROTOCOL_ERROR'],
    ['HEADERS of a stream that was not opened', answerHeaders(3, 200), 'PROTOCOL_ERROR'],
    ['DATA of a stream that was not opened', data(3, 'x'), 'PROTOCOL_ERROR'],
    ['ENABLE_PUSH of a server', settings([[2, 1]]), 'PROTOCOL_ERROR'],
    ['a block that cannot be decoded', frame(1, END_HEADERS, 1, Buffer.from([0xff, 0xff])), 'COMPRESSION_ERROR'],
    ['a frame that is too large', frame(0, 0, 1, Buffer.alloc(16_385)), 'FRAME_SIZE_ERROR'],
  ])('%s', async (_what, sent, said) => {
    const client = await new ScriptedClient().start();
    const exchange = client.ask();
    client.send(sent);
    expect((await client.said()).at(-1)).toBe(`GOAWAY 0 ${said}`);
    expect(exchange.events).toEqual(['failure upstreamReset']);
    expect(client.log).toEqual(['ready', 'closed']);
    expect(client.connection.hasRoom).toBe(false);
  });

  it('breaks off what has begun and fails what has not, when the server is gone', async () => {
    const client = await new ScriptedClient().start();
    const [begun, waiting] = [client.ask(), client.ask()];
    client.send(answerHeaders(1, 200));
    client.transport.close();
    expect(begun.events).toEqual(['response 200', 'failure upstreamResetInBody']);
    expect(waiting.events).toEqual(['failure upstreamReset']);
    expect(client.log).toEqual(['ready', 'closed']);
  });

  it('destroys the socket of a server that floods', async () => {
    const client = await new ScriptedClient().start();
    for (let i = 0; i < 1100; i++) client.send(ping());
    expect(client.transport.ending).toBe('destroyed');
  });

  it('destroys the socket of a server that resets what is over again and again', async () => {
    const client = await new ScriptedClient().start();
    client.ask();
    for (let i = 0; i < 1100; i++) client.send(reset(1));
    expect(client.transport.ending).toBe('destroyed');
  });

  it('bears a server that resets whatever it is asked, as many as it is asked', async () => {
    const client = await new ScriptedClient().start();
    for (let id = 1; id < 4000; id += 2) {
      const exchange = client.ask();
      client.send(reset(id, code('INTERNAL_ERROR')));
      expect(exchange.events).toEqual(['failure upstreamRemoteReset']);
    }
    expect([client.connection.hasRoom, await client.isAlive()]).toEqual([true, true]);
  });

  it('rests when its server blames it for as many as it can bear', async () => {
    const client = await new ScriptedClient().start();
    for (let id = 1; client.connection.hasRoom; id += 2) {
      client.ask();
      client.send(reset(id, code('PROTOCOL_ERROR')));
    }
    expect(client.connection.lentStreams).toBe(900);
    expect(await client.isAlive()).toBe(true);
  });
});

describe('GOAWAY from the server', () => {
  it('takes no more, fails what was not looked at so that it may be sent again, and closes after the rest', async () => {
    const client = await new ScriptedClient().start();
    const [kept, refused] = [client.ask(post), client.ask()];
    client.send(goaway(1));
    expect(client.connection.hasRoom).toBe(false);
    expect(refused.events).toEqual(['failure upstreamRefused']);
    expect(kept.events).toEqual([]);
    kept.stream.endRequest('');
    client.send(wholeAnswer(1));
    expect(kept.events).toEqual(['response 204.']);
    expect(client.transport.ending).toBe('ended');
    expect(client.log).toEqual(['ready', 'closed']);
  });

  it('in two steps, as a server drains', async () => {
    const client = await new ScriptedClient().start();
    const exchange = client.ask();
    client.send(goaway(0x7fff_ffff));
    expect(client.connection.hasRoom).toBe(false);
    client.send(goaway(1), wholeAnswer(1));
    expect(exchange.events).toEqual(['response 204.']);
    expect(client.transport.ending).toBe('ended');
  });

  it('on a quiet connection closes it', async () => {
    const client = await new ScriptedClient().start();
    client.send(goaway(0));
    expect(client.transport.ending).toBe('ended');
  });
});
