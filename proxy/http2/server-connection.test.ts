import { describe, expect, it } from 'vitest';
import { ScriptedServer } from './testing/scripted-server.ts';
import {
  block,
  data,
  frame,
  headers,
  lastData,
  open,
  PREFACE,
  ping,
  request,
  reset,
  settings,
  windowUpdate,
} from './testing/wire.ts';

const pingAck = ping('heddle/1', 1);

describe('draining a connection', () => {
  it('excludes no stream at first, and says the last one when the client has read that', async () => {
    const server = await new ScriptedServer().start();
    server.send(open(1));
    server.connection.drain();
    expect(await server.said()).toEqual(['GOAWAY 2147483647 NO_ERROR', 'PING']);
    server.send(headers(3)); // sent before the client knew
    server.send(pingAck);
    expect(await server.said()).toEqual(['GOAWAY 3 NO_ERROR']);
    server.receivers[0]?.answer(204);
    expect(server.transport.ending).toBe('open');
    server.receivers[1]?.answer(204);
    expect(server.transport.ending).toBe('ended');
  });

  it('says the last one after the drain time to a client that does not answer', async () => {
    const server = await new ScriptedServer({}, { drainTimeoutMs: 5000 }).start();
    server.send(open(1));
    server.connection.drain();
    await server.said();
    server.pass(4999);
    expect(await server.said()).toEqual([]);
    server.pass(1);
    expect(await server.said()).toEqual(['GOAWAY 1 NO_ERROR']);
    server.send(headers(3));
    expect(server.events).toEqual(['request POST /']);
    expect(server.connection.isReading).toBe(true);
  });

  it('closes a quiet connection as soon as the client has read it', async () => {
    const server = await new ScriptedServer().start();
    server.connection.drain();
    expect(server.transport.ending).toBe('open');
    server.send(pingAck);
    expect(await server.said()).toEqual(['GOAWAY 2147483647 NO_ERROR', 'PING', 'GOAWAY 0 NO_ERROR']);
    expect(server.transport.ending).toBe('ended');
  });

  it('happens once, however often it is asked for', async () => {
    const server = await new ScriptedServer().start();
    server.send(open(1));
    server.connection.drain();
    server.connection.drain();
    expect(await server.said()).toHaveLength(2);
  });

  it('begins when the connection has carried as many requests as it may', async () => {
    const server = await new ScriptedServer({}, { maxRequests: 2 }).start();
    server.onWhole = (receiver) => receiver.answer(204);
    server.send(headers(1));
    expect(await server.said()).toEqual(['HEADERS 1 204.']);
    server.send(headers(3));
    expect(await server.said()).toEqual(['HEADERS 3 204.', 'GOAWAY 2147483647 NO_ERROR', 'PING']);
  });
});

describe('what takes too long', () => {
  it('a preface', async () => {
    const server = new ScriptedServer({}, { headerTimeoutMs: 60_000 });
    server.send(PREFACE.subarray(0, 10));
    for (let i = 0; i < 60; i++) server.pass(1000);
    expect(server.transport.ending).toBe('open');
    server.pass(2000);
    expect(server.transport.ending).toBe('ended');
    expect(server.refused).toEqual(['headerTimeout']);
  });

  it('a frame whose bytes drip in', async () => {
    const server = await new ScriptedServer({}, { headerTimeoutMs: 60_000 }).start();
    const bytes = headers(1);
    for (let i = 0; i < 5; i++) {
      server.send(bytes.subarray(i, i + 1));
      server.pass(14_000);
    }
    expect(server.transport.ending).toBe('open');
    server.send(bytes.subarray(5, 6));
    server.pass(14_000);
    expect((await server.said()).at(-1)).toBe('GOAWAY 0 NO_ERROR');
  });

  it('a header block without an end', async () => {
    const server = await new ScriptedServer({}, { headerTimeoutMs: 60_000 }).start();
    server.send(frame(1, 1, 1, block(request).subarray(0, 10)));
    server.pass(60_000);
    expect(server.transport.ending).toBe('open');
    server.pass(1);
    expect(server.transport.ending).toBe('ended');
  });

  it('not: many frames that each end in time', async () => {
    const server = await new ScriptedServer({}, { headerTimeoutMs: 60_000 }).start();
    server.send(open(1));
    const bytes = data(1, 'abcdef');
    for (let i = 0; i < 20; i++) {
      server.send(bytes.subarray(0, 10));
      server.pass(40_000);
      server.send(bytes.subarray(10));
    }
    expect(server.connection.isReading).toBe(true);
  });

  it('a connection without streams', async () => {
    const server = await new ScriptedServer({}, { idleTimeoutMs: 3_600_000 }).start();
    server.send(open(1));
    server.pass(4_000_000);
    expect(server.transport.ending).toBe('open');
    server.send(reset(1));
    server.pass(3_600_000);
    expect(server.transport.ending).toBe('open');
    server.pass(1);
    expect(await server.said()).toEqual(['GOAWAY 1 NO_ERROR']);
    expect(server.transport.ending).toBe('ended');
  });

  it('a client that takes nothing of a complete answer', async () => {
    const server = await new ScriptedServer({}, { streamIdleTimeoutMs: 300_000 }).start(settings([[4, 10]]));
    server.onWhole = (receiver) => receiver.answer(200, 'x'.repeat(30));
    server.send(headers(1));
    await server.said();
    server.pass(1000);
    server.pass(299_000);
    server.send(windowUpdate(1, 10)); // it takes a little
    server.pass(1000);
    server.pass(300_000);
    expect(await server.said()).toEqual(['DATA 1 10']);
    server.pass(1);
    expect(await server.said()).toEqual(['RST_STREAM 1 CANCEL']);
    expect(server.connection.openStreams).toBe(0);
  });
});

describe('who works on a request', () => {
  it('hears once that the client is gone', async () => {
    for (const end of ['close', 'peerEnds'] as const) {
      const server = await new ScriptedServer().start();
      server.send(open(1), open(3), reset(3));
      server.transport[end]();
      expect(server.events).toEqual(['request POST /', 'request POST /', 'reset', 'reset']);
      expect(server.isClosed).toBe(end === 'close');
    }
  });

  it('is told nothing more once it has answered or been reset', async () => {
    const server = await new ScriptedServer().start();
    server.onRequest = (receiver) => receiver.stream.sendLocalReply(503, '', 'no');
    server.send(open(1), data(1, 'abc'), lastData(1));
    expect(server.events).toEqual(['request POST /']);
    expect(await server.isAlive()).toBe(true);
  });

  it('gets bytes that came while it was paused, in order, and the end behind them', async () => {
    const server = await new ScriptedServer().start();
    server.onRequest = (receiver) => receiver.stream.pauseRequest();
    server.send(open(1), data(1, 'ab'), data(1, 'cd'), headers(1, [['x-sum', '4']]));
    expect(server.events).toEqual(['request POST /']);
    const [receiver] = server.receivers;
    receiver?.stream.resumeRequest();
    expect(server.events).toEqual(['request POST /']); // not within the call
    await server.frames();
    expect(server.events).toEqual(['request POST /', 'body 4', 'end x-sum: 4|']);
    expect(receiver?.body).toBe('abcd');
  });

  it('may pause again in the middle of that', async () => {
    const server = await new ScriptedServer().start();
    server.onRequest = (receiver) => receiver.stream.pauseRequest();
    server.onBody = (receiver) => receiver.stream.pauseRequest();
    server.send(open(1), data(1, 'a'.repeat(2000)), data(1, 'b'.repeat(2000)), lastData(1));
    const [receiver] = server.receivers;
    for (const expected of [['body 2000'], ['body 2000', 'body 2000']]) {
      receiver?.stream.resumeRequest();
      await server.frames();
      expect(server.events.slice(1)).toEqual(expected);
    }
    receiver?.stream.resumeRequest();
    await server.frames();
    expect(server.events.at(-1)).toBe('end');
  });

  it('of a tunnel: each direction ends by itself, in either order', async () => {
    for (const first of ['server', 'client'] as const) {
      const server = await new ScriptedServer().start();
      server.send(open(1, [[':method', 'CONNECT'], [':protocol', 'websocket'], ...request.slice(1)]));
      const [receiver] = server.receivers;
      const head = {
        status: 200,
        reason: '',
        block: '',
        framing: 'tunnel',
        contentLength: 0,
        body: '',
        isComplete: false,
        keepAlive: true,
      } as const;
      receiver?.stream.sendResponse({ ...head }, '');
      if (first === 'server') receiver?.stream.endResponse('');
      else server.send(lastData(1, 'bye'));
      if (first === 'server') server.send(data(1, 'still'), lastData(1, 'bye'));
      else receiver?.stream.endResponse('');
      expect(await server.said()).toEqual(['HEADERS 1 200', 'DATA 1 0.']);
      expect(server.events.at(-1)).toBe('end');
      expect(server.connection.openStreams).toBe(0);
      server.send(headers(3));
      expect(server.receivers.length).toBe(1); // its object is free again
    }
  });
});

describe('memory', () => {
  it('holds what paused streams were sent, and no more than two windows of the connection', async () => {
    const limits = { initialStreamWindowSize: 262_144, initialConnectionWindowSize: 1_048_576 };
    const server = await new ScriptedServer(limits).start();
    server.onRequest = (receiver) => receiver.stream.pauseRequest();
    let window = 1_048_576;
    let held = 0;
    for (let id = 1; id < 200; id += 2) server.send(open(id));
    for (let id = 1; id < 200; id += 2) {
      for (let i = 0; i < 16 && window >= 16_384; i++) {
        server.send(data(id, Buffer.alloc(16_384)));
        window -= 16_384;
        held += 16_384;
        for (const { type, id: stream, payload } of await server.frames()) {
          if (type === 'WINDOW_UPDATE' && stream === 0) window += payload.readUInt32BE(0);
        }
      }
    }
    expect(held).toBeLessThanOrEqual(2 * 1_048_576 + 524_288);
    expect(server.connection.isReading).toBe(true);
    // and gives everything back in the end
    for (const receiver of server.receivers) receiver.stream.resumeRequest();
    for (const { type, id, payload } of await server.frames()) {
      if (type === 'WINDOW_UPDATE' && id === 0) window += payload.readUInt32BE(0);
    }
    expect(window).toBeGreaterThan(524_288);
  });

  it('queues for a window that stays shut 64 KiB and the piece that went over it', async () => {
    const server = await new ScriptedServer().start(settings([[4, 0]]));
    server.onWhole = (receiver) => {
      receiver.begin();
      let sent = 0;
      while (receiver.send(Buffer.alloc(16_384))) sent += 16_384;
      expect(sent).toBeLessThan(65_536);
    };
    server.send(headers(1));
    expect(server.events).toEqual(['request GET /.']);
    server.send(windowUpdate(1, 65_536));
    expect(server.events).toEqual(['request GET /.']); // the connection's window is one byte smaller
    server.send(windowUpdate(0, 1));
    expect(server.events).toEqual(['request GET /.', 'drain']);
  });
});
