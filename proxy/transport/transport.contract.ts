import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import type { AddressInfo, Server, Socket } from 'node:net';
import { connect, createServer } from 'node:net';
import { connect as connectTls, createServer as createTlsServer } from 'node:tls';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { createTestMesh } from '../../certs/testing/test-identity.ts';
import type { OpenedTransport } from './open-transport.ts';

const mesh = createTestMesh();

/** What every transport does, over plain TCP and over TLS; `open` makes one over an accepted socket. */
export function describeTransport(name: string, open: (socket: Socket, raw: Socket) => OpenedTransport): void {
  describe.each(['plain', 'TLS'] as const)(`${name} over %s`, (kind) => {
    const servers: Server[] = [];
    const sockets: Socket[] = [];

    afterEach(async () => {
      for (const socket of sockets.splice(0)) socket.destroy();
      for (const server of servers.splice(0)) await new Promise<void>((resolve) => server.close(() => resolve()));
    });

    /** A transport and the ordinary socket at its other end. */
    async function pair(): Promise<{ transport: OpenedTransport; peer: Socket }> {
      let raw: Socket | null = null;
      const accepted = new Promise<Socket>((resolve) => {
        const server =
          kind === 'plain'
            ? createServer({ noDelay: true }, resolve)
            : createTlsServer({ ...mesh.identity('cart'), noDelay: true }, resolve);
        server.prependListener('connection', (socket: Socket) => {
          raw = socket;
        });
        servers.push(server);
        server.listen(0, '127.0.0.1');
      });
      await once(servers.at(-1) as Server, 'listening');
      const port = ((servers.at(-1) as Server).address() as AddressInfo).port;
      const peer =
        kind === 'plain'
          ? connect(port, '127.0.0.1')
          : connectTls({ port, host: '127.0.0.1', ca: mesh.bundlePem, checkServerIdentity: () => undefined });
      peer.on('error', () => {});
      sockets.push(peer);
      // made in the very turn in which the connection comes, as listeners do
      const transport = await accepted.then((socket) => {
        sockets.push(socket);
        return open(socket, raw ?? socket);
      });
      return { transport, peer };
    }

    it('delivers every byte in order, of messages small and large', async () => {
      const { transport, peer } = await pair();
      const hash = createHash('sha256');
      const sent = createHash('sha256');
      let missing = 0;
      const done = new Promise<void>((resolve) => {
        transport.setHandler({
          onBytes: (buffer, length) => {
            hash.update(buffer.subarray(0, length));
            missing -= length;
            if (missing === 0) resolve();
          },
          onEnd() {},
          onDrain() {},
          onClose() {},
        });
      });
      const pieces = [1, 100, 20_000, 3, 500_000, 70, 65_536, 65_537, 1_000_000].map((size) => randomBytes(size));
      for (const piece of pieces) missing += piece.length;
      transport.startReading();
      for (const piece of pieces) {
        sent.update(piece);
        peer.write(piece);
      }
      await done;
      expect(hash.digest('hex')).toBe(sent.digest('hex'));
    });

    it('writes text and bytes in order, and says when to hold back and when to go on', async () => {
      const { transport, peer } = await pair();
      const whole = randomBytes(24_000_000);
      const shared = Buffer.alloc(50_000);
      let at = 0;
      let heldBack = 0;
      const write = (): void => {
        while (at < whole.length) {
          const end = Math.min(at + 50_000, whole.length);
          let isFlowing: boolean;
          if ((at / 50_000) % 3 === 0) {
            isFlowing = transport.writeText(whole.toString('latin1', at, end));
          } else if ((at / 50_000) % 3 === 1) {
            isFlowing = transport.writeBytes(whole, at, end, true);
          } else {
            whole.copy(shared, 0, at, end);
            isFlowing = transport.writeBytes(shared, 0, end - at, false);
            shared.fill(0); // it was not ours to keep
          }
          at = end;
          if (isFlowing) continue;
          heldBack++;
          return;
        }
        transport.end();
      };
      transport.setHandler({ onBytes() {}, onEnd() {}, onDrain: write, onClose() {} });
      transport.startReading();
      write();
      const hash = createHash('sha256');
      for await (const chunk of peer) hash.update(chunk as Buffer);
      expect(hash.digest('hex')).toBe(createHash('sha256').update(whole).digest('hex'));
      expect(heldBack).toBeGreaterThan(0);
    });

    it('delivers nothing while it is paused', async () => {
      const { transport, peer } = await pair();
      let received = 0;
      let onMore = (): void => {};
      transport.setHandler({
        onBytes: (_buffer, length) => {
          received += length;
          onMore();
        },
        onEnd() {},
        onDrain() {},
        onClose() {},
      });
      transport.startReading();
      transport.pause();
      peer.write('hello');
      for (let turn = 0; turn < 20; turn++) await new Promise((resolve) => setImmediate(resolve));
      expect(received).toBe(0);
      const more = new Promise<void>((resolve) => {
        onMore = resolve;
      });
      transport.resume();
      await more;
      expect(received).toBe(5);
    });

    it('holds the end back too while it is paused', async () => {
      const { transport, peer } = await pair();
      const events: string[] = [];
      transport.setHandler({
        onBytes: () => {
          events.push('bytes');
          transport.pause();
        },
        onEnd: () => events.push('end'),
        onDrain() {},
        onClose: () => events.push('close'),
      });
      transport.startReading();
      peer.end('hello');
      await vi.waitFor(() => expect(events).toEqual(['bytes']));
      for (let turn = 0; turn < 20; turn++) await new Promise((resolve) => setImmediate(resolve));
      expect(events).toEqual(['bytes']);
      transport.resume();
      expect(events).toEqual(['bytes']);
      await vi.waitFor(() => expect(events).toEqual(['bytes', 'end', 'close']));
    });

    it('delivers nothing more once it is paused by what it delivers, and all of it in order in the end', async () => {
      const { transport, peer } = await pair();
      const sent = randomBytes(300_000);
      const received: Buffer[] = [];
      let isPaused = false;
      let resumed = 0;
      let deliveredWhilePaused = 0;
      const ended = new Promise<void>((resolve) => {
        transport.setHandler({
          onBytes: (buffer, length) => {
            if (isPaused) deliveredWhilePaused += length;
            received.push(Buffer.from(buffer.subarray(0, length)));
            isPaused = true;
            transport.pause();
            setImmediate(() => {
              resumed++;
              isPaused = false;
              transport.resume();
            });
          },
          onEnd: () => resolve(),
          onDrain() {},
          onClose() {},
        });
      });
      // many records that arrive together: TLS decrypts them all at once
      for (let at = 0; at < sent.length; at += 5_000) peer.write(sent.subarray(at, at + 5_000));
      peer.end();
      transport.startReading();
      await ended;
      expect(deliveredWhilePaused).toBe(0);
      expect(Buffer.concat(received).equals(sent)).toBe(true);
      expect(resumed).toBeGreaterThan(0);
    });

    it('tells the end, and the close once, whichever side began', async () => {
      for (const begin of ['peer ends', 'peer destroys', 'we end', 'we destroy', 'we reset'] as const) {
        const { transport, peer } = await pair();
        const events: string[] = [];
        const closed = new Promise<void>((resolve) => {
          transport.setHandler({
            onBytes() {},
            onEnd: () => {
              events.push('end');
              transport.end();
            },
            onDrain() {},
            onClose: () => {
              events.push('close');
              resolve();
            },
          });
        });
        transport.startReading();
        peer.resume();
        if (begin === 'peer ends') peer.end();
        else if (begin === 'peer destroys') peer.destroy();
        else if (begin === 'we end') transport.end();
        else if (begin === 'we destroy') transport.destroy();
        else transport.reset();
        await closed;
        for (let turn = 0; turn < 5; turn++) await new Promise((resolve) => setImmediate(resolve));
        expect(events.filter((event) => event === 'close')).toHaveLength(1);
        expect(transport.writeText('late')).toBe(true);
        transport.destroy();
      }
    });

    it('delivers what came before reading began, and its end', async () => {
      const { transport, peer } = await pair();
      peer.end('early');
      for (let turn = 0; turn < 20; turn++) await new Promise((resolve) => setImmediate(resolve));
      const { text, events } = listen(transport);
      transport.startReading();
      await vi.waitFor(() => expect(events).toContain('close'));
      expect(text()).toBe('early');
      expect(events).toEqual(['end', 'close']);
    });

    it('goes on writing after the peer has ended, where half-open is allowed', async () => {
      const { transport, peer } = await pair();
      const { text, events } = listen(transport);
      transport.allowHalfOpen(true);
      transport.startReading();
      const received = receive(peer);
      peer.end('question');
      await vi.waitFor(() => expect(events).toEqual(['end']));
      const whole = randomBytes(3_000_000);
      transport.writeBytes(whole, 0, whole.length, true);
      for (let turn = 0; turn < 20; turn++) await new Promise((resolve) => setImmediate(resolve));
      expect(events).not.toContain('close');
      transport.finish();
      expect((await received).equals(whole)).toBe(true);
      await vi.waitFor(() => expect(events).toContain('close'));
      expect(text()).toBe('question');
      expect(events.filter((event) => event !== 'drain')).toEqual(['end', 'close']);
    });

    it('goes on reading after it has finished, and closes when the peer has ended too', async () => {
      const { transport, peer } = await pair();
      peer.allowHalfOpen = true;
      const { text, events } = listen(transport);
      transport.allowHalfOpen(true);
      transport.startReading();
      const received = receive(peer);
      transport.writeText('all I have to say');
      transport.finish();
      expect(transport.writeText('too late')).toBe(true);
      expect((await received).toString()).toBe('all I have to say');
      for (const piece of ['then', ' listen', ' to this']) {
        peer.write(piece);
        await vi.waitFor(() => expect(text()).toMatch(new RegExp(`${piece}$`)));
      }
      expect(events).toEqual([]);
      peer.end();
      await vi.waitFor(() => expect(events).toEqual(['end', 'close']));
    });

    it('still ends a connection that it finished before', async () => {
      const { transport, peer } = await pair();
      peer.allowHalfOpen = true;
      const { text, events } = listen(transport);
      transport.allowHalfOpen(true);
      transport.startReading();
      transport.finish();
      transport.end();
      await receive(peer);
      peer.end('of no interest');
      await vi.waitFor(() => expect(events).toContain('close'));
      expect(text()).toBe('');
    });

    it('relays bytes unchanged to peers that read slowly and at once, many at a time', async () => {
      let relayed = 0;
      const ends: Awaited<ReturnType<typeof pair>>[][] = [];
      for (let relay = 0; relay < 12; relay++) ends.push([await pair(), await pair()]);
      const relays = ends.map(async ([from, to], index) => {
        if (from === undefined || to === undefined) return;
        from.transport.setHandler({
          onBytes: (buffer, length, owned) => {
            if (index % 3 === 0) to.transport.writeText('');
            const middle = index % 2 === 0 ? length : length >> 1;
            to.transport.writeBytes(buffer, 0, middle, owned);
            if (!to.transport.writeBytes(buffer, middle, length, owned)) from.transport.pause();
          },
          onEnd: () => to.transport.end(),
          onDrain() {},
          onClose() {},
        });
        to.transport.setHandler({ onBytes() {}, onEnd() {}, onDrain: () => from.transport.resume(), onClose() {} });
        from.transport.startReading();
        to.transport.startReading();
        const sent = randomBytes(1_500_000 + index * 1001);
        from.peer.end(sent);
        const received = createHash('sha256');
        let length = 0;
        for await (const chunk of to.peer) {
          received.update(chunk as Buffer);
          length += (chunk as Buffer).length;
          if (index % 4 !== 0) await new Promise((resolve) => setImmediate(resolve));
        }
        expect(length).toBe(sent.length);
        relayed++;
        expect(received.digest('hex')).toBe(createHash('sha256').update(sent).digest('hex'));
      });
      await Promise.all(relays);
      expect(relayed).toBe(12);
    });

    it('reads on while a write from what it read before is in flight, and keeps the two apart', async () => {
      const [from, to] = [await pair(), await pair()];
      from.transport.setHandler({
        onBytes: (buffer, length, owned) => {
          if (!to.transport.writeBytes(buffer, 0, length, owned)) from.transport.pause();
        },
        onEnd: () => to.transport.end(),
        onDrain() {},
        onClose() {},
      });
      to.transport.setHandler({ onBytes() {}, onEnd() {}, onDrain: () => from.transport.resume(), onClose() {} });
      from.transport.startReading();
      to.transport.startReading();
      const sent = createHash('sha256');
      // pieces that come one at a time, to somebody who reads nothing until some wait to be written
      for (let waiting = 0; waiting < 5; waiting += to.transport.bufferedBytes > 0 ? 1 : 0) {
        const piece = randomBytes(24_000);
        sent.update(piece);
        await new Promise<unknown>((resolve) => from.peer.write(piece, resolve));
        await new Promise((resolve) => setImmediate(resolve));
      }
      from.peer.end();
      const received = createHash('sha256');
      for await (const chunk of to.peer) received.update(chunk as Buffer);
      expect(received.digest('hex')).toBe(sent.digest('hex'));
    });

    it('resets at once, also when much is still to be sent', async () => {
      for (const bytes of [0, 100, 20_000_000]) {
        const { transport, peer } = await pair();
        const closed = new Promise((resolve) =>
          transport.setHandler({ onBytes() {}, onEnd() {}, onDrain() {}, onClose: resolve }),
        );
        const failed = new Promise((resolve) => peer.once('error', resolve));
        transport.startReading();
        peer.on('data', () => {});
        transport.writeBytes(Buffer.alloc(bytes), 0, bytes, true);
        transport.reset();
        await closed;
        // a peer in the middle of reading may be told by its kernel of an end instead
        if (bytes <= 100) expect(await failed).toMatchObject({ code: 'ECONNRESET' });
      }
    });

    it('outlives peers that vanish in the middle of everything', async () => {
      const closes: Promise<void>[] = [];
      for (let round = 0; round < 60; round++) {
        const { transport, peer } = await pair();
        closes.push(
          new Promise((resolve) => {
            transport.setHandler({
              onBytes: (buffer, length, owned) => {
                if (!transport.writeBytes(buffer, 0, length, owned)) transport.pause();
              },
              onEnd: () => transport.end(),
              onDrain: () => transport.resume(),
              onClose: () => resolve(),
            });
          }),
        );
        transport.startReading();
        peer.write(randomBytes(1 + ((round * 7919) % 300_000)));
        if (round % 3 === 0) peer.once('data', () => peer.destroy());
        else if (round % 3 === 1) setImmediate(() => peer.destroy());
        else if (kind === 'plain') setImmediate(() => peer.resetAndDestroy());
        else peer.destroy();
      }
      await Promise.all(closes);
    });
  });
}

/** Keeps what arrives, and the names of all else that happens. */
function listen(transport: OpenedTransport): { text(): string; events: string[] } {
  let text = '';
  const events: string[] = [];
  transport.setHandler({
    onBytes: (buffer, length) => {
      text += buffer.toString('latin1', 0, length);
    },
    onEnd: () => events.push('end'),
    onDrain: () => events.push('drain'),
    onClose: () => events.push('close'),
  });
  return { text: () => text, events };
}

/** All that comes until the other side has ended. */
async function receive(socket: Socket): Promise<Buffer> {
  const chunks: Buffer[] = [];
  socket.on('data', (chunk: Buffer) => chunks.push(chunk));
  await once(socket, 'end');
  return Buffer.concat(chunks);
}
