import { describe, expect, it } from 'vitest';
import type { Http2Limits } from './http2-limits.ts';
import { ScriptedServer } from './testing/scripted-server.ts';
import {
  block,
  continuation,
  data,
  END_STREAM,
  frame,
  headers,
  open,
  ping,
  post,
  priority,
  request,
  reset,
  settings,
  windowUpdate,
} from './testing/wire.ts';

/** Frames that a client may send without end, and how many of them a connection must not survive. */
type Flood = [name: string, most: number, next: (index: number) => Buffer, before?: Buffer];

const floods: Flood[] = [
  ['rapid reset (CVE-2023-44487)', 1100, (i) => Buffer.concat([headers(2 * i + 1), reset(2 * i + 1)])],
  ['rapid reset of requests with bodies', 1100, (i) => Buffer.concat([open(2 * i + 1), reset(2 * i + 1)])],
  [
    'streams that we must reset (CVE-2025-8671): an empty WINDOW_UPDATE',
    1100,
    (i) => Buffer.concat([open(2 * i + 1), windowUpdate(2 * i + 1, 0)]),
  ],
  [
    'streams that we must reset: PRIORITY of a wrong size',
    1100,
    (i) => Buffer.concat([open(2 * i + 1), frame(2, 0, 2 * i + 1, '1')]),
  ],
  [
    'streams that we must reset: a malformed request',
    1100,
    (i) => headers(2 * i + 1, [['x-first', 'pseudo-header fields come first'], ...request]),
  ],
  [
    'streams that we must reset: DATA behind the end of the request',
    1100,
    (i) => Buffer.concat([headers(2 * i + 1), data(2 * i + 1, 'x')]),
  ],
  ['streams beyond the limit', 2200, (i) => open(2 * i + 1)],
  ['PING (CVE-2019-9512)', 1100, () => ping()],
  ['SETTINGS (CVE-2019-9515)', 1100, () => settings()],
  ['SETTINGS that change every window', 1100, (i) => settings([[4, 65_535 + (i % 2)]])],
  ['unknown frames', 1100, () => frame(0x42, 0, 0, 'x')],
  ['PRIORITY', 110, (i) => priority(2 * i + 1, 0)],
  ['WINDOW_UPDATE', 20, () => windowUpdate(0, 1)],
  ['WINDOW_UPDATE of streams that are over', 20, () => windowUpdate(1, 1), Buffer.concat([open(1), reset(1)])],
  ['empty DATA (CVE-2019-9518)', 2, () => data(1, ''), open(1)],
  ['DATA that is all padding', 2, () => data(1, Buffer.from([3, 0, 0, 0]), 8), open(1)],
  ['CONTINUATION (CVE-2024-27316)', 10, () => continuation(1, 'x', 0), frame(1, END_STREAM, 1, block(request))],
  ['empty CONTINUATION', 3, () => continuation(1, '', 0), frame(1, END_STREAM, 1, block(request))],
  [
    'a header block that grows',
    6,
    () => continuation(1, Buffer.alloc(16_000, 0x80), 0),
    frame(1, END_STREAM, 1, block(request)),
  ],
  [
    'a header list that unfolds (CVE-2026-47774): one long field named by its index',
    60,
    // 0xbe is the newest entry of the dynamic table
    (i) => frame(1, 5, 2 * i + 3, Buffer.concat([block(request), Buffer.alloc(12_000, 0xbe)])),
    frame(
      1,
      5,
      1,
      Buffer.concat([block(request), Buffer.from([0x40, 1, 0x61, 0x7f, 0x81, 0x1e]), Buffer.alloc(3968, 0x62)]),
    ),
  ],
];

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
