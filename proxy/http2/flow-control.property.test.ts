import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { ScriptedReceiver } from './testing/scripted-server.ts';
import { ScriptedServer } from './testing/scripted-server.ts';
import { data, headers, lastData, open, PREFACE, ping, request, settings, windowUpdate } from './testing/wire.ts';

/** What the sending property does, step by step; numbers are taken modulo what makes sense at that moment. */
type Step =
  | { readonly kind: 'send'; readonly stream: number; readonly size: number }
  | { readonly kind: 'window'; readonly stream: number; readonly size: number }
  | { readonly kind: 'connection'; readonly size: number }
  | { readonly kind: 'initial'; readonly size: number }
  | { readonly kind: 'clog' }
  | { readonly kind: 'drain' };

const STREAMS = 3;
const stream = fc.nat({ max: STREAMS - 1 });
const size = fc.integer({ min: 1, max: 60_000 });
const step: fc.Arbitrary<Step> = fc.oneof(
  fc.record({ kind: fc.constant('send' as const), stream, size }),
  fc.record({ kind: fc.constant('send' as const), stream, size }),
  fc.record({ kind: fc.constant('window' as const), stream, size }),
  fc.record({ kind: fc.constant('connection' as const), size }),
  fc.record({ kind: fc.constant('initial' as const), size: fc.nat({ max: 100_000 }) }),
  fc.record({ kind: fc.constant('clog' as const) }),
  fc.record({ kind: fc.constant('drain' as const) }),
);

const idOf = (index: number) => 2 * index + 1;
/** Bytes that say where they belong. */
const pattern = (from: number, length: number) => Buffer.from(Array.from({ length }, (_, i) => (from + i) % 251));

describe('sending', () => {
  it('delivers every byte in order, and never exceeds a window, whatever the windows do', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 60 }), async (steps) => {
        let initial = 65_535;
        let connectionWindow = 65_535;
        const server = await new ScriptedServer({
          maxInboundWindowUpdateFramesPerDataFrameSent: 1e6,
          maxControlBurst: 1e6,
        }).start();
        const windows = Array.from({ length: STREAMS }, () => initial);
        const given = Array.from({ length: STREAMS }, () => 0);
        const taken: Buffer[][] = Array.from({ length: STREAMS }, () => []);
        const ended = new Set<number>();
        for (let i = 0; i < STREAMS; i++) server.send(headers(idOf(i)));
        for (const receiver of server.receivers) receiver.begin();

        const look = async (): Promise<void> => {
          for (const { type, id, flags, payload } of await server.frames()) {
            if (type === 'GOAWAY' || type === 'RST_STREAM') throw new Error(type);
            if (type !== 'DATA') continue;
            const index = (id - 1) / 2;
            windows[index] = (windows[index] as number) - payload.length;
            connectionWindow -= payload.length;
            if (payload.length > 0) expect(windows[index]).toBeGreaterThanOrEqual(0);
            expect(connectionWindow).toBeGreaterThanOrEqual(0);
            taken[index]?.push(payload);
            if ((flags & 1) === 1) ended.add(index);
          }
        };
        const act: { [K in Step['kind']]: (step: Extract<Step, { kind: K }>) => void } = {
          send: ({ stream, size }) => {
            server.receivers[stream]?.send(pattern(given[stream] as number, size));
            given[stream] = (given[stream] as number) + size;
          },
          window: ({ stream, size }) => {
            windows[stream] = (windows[stream] as number) + size;
            server.send(windowUpdate(idOf(stream), size));
          },
          connection: ({ size }) => {
            connectionWindow += size;
            server.send(windowUpdate(0, size));
          },
          initial: ({ size }) => {
            for (let i = 0; i < STREAMS; i++) windows[i] = (windows[i] as number) + size - initial;
            initial = size;
            server.send(settings([[4, size]]));
          },
          clog: () => {
            server.transport.isTaking = false;
          },
          drain: () => server.transport.drain(),
        };
        // the first DATA frame opens the budget for WINDOW_UPDATE frames
        for (const one of [{ kind: 'send', stream: 0, size: 1 } as const, ...steps]) {
          act[one.kind](one as never);
          await look();
        }
        // everything that is still queued comes once there is room
        for (const receiver of server.receivers) receiver.stream.endResponse('');
        server.transport.drain();
        connectionWindow += 20_000_000;
        server.send(windowUpdate(0, 20_000_000));
        for (let i = 0; i < STREAMS; i++) act.window({ kind: 'window', stream: i, size: 10_000_000 });
        await look();
        for (let i = 0; i < STREAMS; i++) {
          const all = Buffer.concat(taken[i] as Buffer[]);
          expect(all.length).toBe(given[i]);
          expect(all.equals(pattern(0, all.length))).toBe(true);
        }
        expect(ended.size).toBe(STREAMS);
        expect(server.connection.openStreams).toBe(0);
      }),
      { numRuns: 150 },
    );
  }, 60_000);

  it('shares a narrow window of the connection fairly', async () => {
    const server = await new ScriptedServer().start(settings([[4, 10_000_000]]));
    for (let i = 0; i < 4; i++) server.send(headers(idOf(i)));
    for (const receiver of server.receivers) receiver.begin();
    // each sends on as soon as it may, the first one much more than the others
    server.onDrain = (receiver) => receiver.send(Buffer.alloc(receiver === server.receivers[0] ? 1_000_000 : 70_000));
    for (const receiver of server.receivers) receiver.send(Buffer.alloc(140_000));
    await server.frames();
    const sent = new Map<number, number>();
    for (let i = 0; i < 100; i++) {
      server.send(windowUpdate(0, 16_384));
      for (const { type, id, payload } of await server.frames()) {
        if (type === 'DATA') sent.set(id, (sent.get(id) ?? 0) + payload.length);
      }
    }
    expect(sent.size).toBe(4);
    expect(Math.max(...sent.values()) - Math.min(...sent.values())).toBeLessThanOrEqual(2 * 16_384);
  });
});

describe('receiving', () => {
  type Piece = { readonly size: number; readonly padding: number; readonly pauses: boolean };
  const piece: fc.Arbitrary<Piece> = fc.record({
    size: fc.integer({ min: 1, max: 9000 }),
    padding: fc.integer({ min: -1, max: 255 }),
    pauses: fc.boolean(),
  });

  it('delivers every byte in order, within the windows it gave, whatever pauses', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(piece, { maxLength: 60 }), fc.nat(), async (pieces, seed) => {
        const limits = { initialStreamWindowSize: 30_000, initialConnectionWindowSize: 65_535 };
        const server = await new ScriptedServer(limits).start();
        let streamWindow = 30_000;
        let connectionWindow = 65_535;
        server.send(open(1));
        const receiver = server.receivers[0] as ScriptedReceiver;
        const look = async (): Promise<void> => {
          for (const { type, id, payload } of await server.frames()) {
            if (type !== 'WINDOW_UPDATE') continue;
            if (id === 0) connectionWindow += payload.readUInt32BE(0);
            else streamWindow += payload.readUInt32BE(0);
          }
        };
        let sent = 0;
        for (const [index, { size, padding, pauses }] of pieces.entries()) {
          const flow = size + padding + 1;
          if (pauses && (index + seed) % 3 === 0) receiver.stream.pauseRequest();
          if (flow > streamWindow || flow > connectionWindow) {
            receiver.stream.resumeRequest();
            await look();
            continue;
          }
          streamWindow -= flow;
          connectionWindow -= flow;
          const content = pattern(sent, size);
          const payload =
            padding < 0 ? content : Buffer.concat([Buffer.from([padding]), content, Buffer.alloc(padding)]);
          server.send(data(1, payload, padding < 0 ? 0 : 8));
          sent += size;
          await look();
        }
        server.send(lastData(1));
        receiver.stream.resumeRequest();
        await look();
        expect(server.events.at(-1)).toBe('end');
        expect(Buffer.from(receiver.body, 'latin1').equals(pattern(0, sent))).toBe(true);
      }),
      { numRuns: 200 },
    );
  }, 60_000);

  it('is the same in any split of the bytes', async () => {
    const session = Buffer.concat([
      PREFACE,
      settings([[4, 100_000]]),
      headers(1),
      open(3),
      ping(),
      data(3, 'abc'),
      open(5, [[':method', 'POST'], ...request.slice(1), ['content-length', '4']]),
      data(5, Buffer.from([2, 97, 98, 99, 100, 0, 0]), 9),
      lastData(3, Buffer.alloc(3000, 'x')),
      windowUpdate(0, 10),
      headers(7, [...request, ['x-long', 'v'.repeat(5000)]]),
    ]);
    const run = async (cuts: readonly number[]) => {
      const server = new ScriptedServer();
      server.onWhole = (receiver) => receiver.answer(200, `${receiver.body.length}`);
      let from = 0;
      for (const cut of [...cuts].sort((a, b) => a - b).concat(session.length)) {
        server.send(session.subarray(from, cut));
        from = cut;
      }
      return { said: await server.said(), bodies: server.receivers.map(({ body }) => body.length).length };
    };
    const whole = (await run([])).said.sort();
    await fc.assert(
      fc.asyncProperty(fc.array(fc.nat({ max: session.length }), { maxLength: 12 }), async (cuts) => {
        expect((await run(cuts)).said.sort()).toEqual(whole);
      }),
      { numRuns: 150 },
    );
  });
});
