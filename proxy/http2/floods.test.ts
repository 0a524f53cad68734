import { describe, expect, it } from 'vitest';
import type { Http2Limits } from './http2-limits.ts';
import { floods } from './testing/floods.ts';
import { ScriptedServer } from './testing/scripted-server.ts';
import {
  data,
  END_STREAM,
  headers,
  open,
  ping,
  post,
  priority,
  reset,
  settings,
  windowUpdate,
} from './testing/wire.ts';

describe('a flood', () => {
  it.each(floods)(
    '%s ends the connection after at most %i, and the socket within a second',
    async (_name, most, next, before) => {
      const server = await new ScriptedServer().start();
      if (before !== undefined) server.send(before);
      let sent = 0;
      while (server.connection.isReading && sent < 3 * most) server.send(next(sent++));
      expect(sent).toBeLessThanOrEqual(most);
      expect((await server.said()).at(-1)).toMatch(/^GOAWAY \d+ ENHANCE_YOUR_CALM$/);
      expect(server.transport.isPaused).toBe(true);
      expect(server.connection.openStreams).toBe(0);
      server.pass(1000);
      expect(server.transport.ending).toBe('destroyed');
      // every receiver that was told of a request has been told of its end
      const count = (kind: string) => server.events.filter((event) => event.startsWith(kind)).length;
      expect(count('reset')).toBe(count('request'));
    },
  );

  it.each(floods)('%s in one read does no more', async (_name, most, next, before) => {
    const server = await new ScriptedServer().start();
    if (before !== undefined) server.send(before);
    server.send(Buffer.concat(Array.from({ length: 2 * most }, (_, i) => next(i))));
    expect((await server.said()).at(-1)).toMatch(/^GOAWAY \d+ ENHANCE_YOUR_CALM$/);
  });

  it('of requests whose answers nobody reads stops the reading, and ends at the limit of frames', async () => {
    const server = await new ScriptedServer({ maxOutboundFrames: 500 }).start();
    server.onWhole = (receiver) => receiver.answer(200, '', `x-long: ${'v'.repeat(4000)}\r\n`);
    server.transport.isTaking = false;
    let id = 1;
    while (!server.transport.isPaused) {
      server.send(headers(id));
      id += 2;
    }
    expect(server.connection.isReading).toBe(true);
    expect(server.transport.bufferedBytes).toBeLessThan(300_000);
    server.transport.drain();
    expect(server.transport.isPaused).toBe(false);
    server.transport.isTaking = false;
    server.onWhole = (receiver) => receiver.answer(204);
    while (server.connection.isReading) {
      server.send(headers(id));
      id += 2;
    }
    expect((await server.said()).at(-1)).toMatch(/ENHANCE_YOUR_CALM$/);
  });

  it('of PING whose answers nobody reads ends at the limit of control frames', async () => {
    const server = await new ScriptedServer({ maxControlBurst: 1_000_000, maxOutboundControlFrames: 100 }).start();
    server.transport.isTaking = false;
    let sent = 0;
    while (server.connection.isReading) {
      server.send(ping());
      sent++;
    }
    expect(sent).toBeLessThan(110);
  });
});

describe('what is no flood', () => {
  /** A connection that lives for many hours and does what clients do. */
  async function live(limits: Partial<Http2Limits>, round: (server: ScriptedServer, index: number) => void) {
    const server = await new ScriptedServer(limits).start(settings([[4, 1_000_000]]));
    server.onWhole = (receiver) => receiver.answer(200, 'x'.repeat(2000));
    for (let i = 0; i < 5000 && server.connection.isReading; i++) {
      round(server, i);
      server.pass(1000);
    }
    return server;
  }

  it.each<[string, (server: ScriptedServer, index: number) => void]>([
    ['a cancelled request in every second', (server, i) => server.send(open(2 * i + 1), reset(2 * i + 1))],
    ['a PING with every request', (server, i) => server.send(headers(2 * i + 1), ping(), windowUpdate(0, 2000))],
    ['PRIORITY for every request', (server, i) => server.send(priority(2 * i + 1, 0), headers(2 * i + 1))],
    [
      'a WINDOW_UPDATE of stream and connection for every DATA frame',
      (server, i) => server.send(headers(2 * i + 1), windowUpdate(2 * i + 1, 2000), windowUpdate(0, 2000)),
    ],
    [
      'one empty DATA frame in each body',
      (server, i) => server.send(open(2 * i + 1), data(2 * i + 1, ''), data(2 * i + 1, 'x', END_STREAM)),
    ],
    ['new settings with every request', (server, i) => server.send(settings([[1, 4096]]), headers(2 * i + 1))],
  ])('%s', async (_what, round) => {
    const server = await live({}, round);
    expect(server.connection.isReading).toBe(true);
  });

  it('as many requests at once as were announced', async () => {
    const server = await new ScriptedServer().start();
    for (let i = 0; i < 1024; i++) server.send(open(2 * i + 1, post));
    expect(await server.isAlive()).toBe(true);
    expect(server.connection.openStreams).toBe(1024);
  });
});
