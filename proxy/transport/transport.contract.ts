import { createHash, randomBytes } from 'node:crypto';
import { afterEach, describe, expect, it, vi } from 'vitest';
import type { OpenOver } from './testing/transport-pairs.ts';
import { TransportPairs } from './testing/transport-pairs.ts';

/** What every transport does with bytes, over plain TCP and over TLS. */
export function describeTransport(name: string, open: OpenOver): void {
  describe.each(['plain', 'TLS'] as const)(`${name} over %s`, (kind) => {
    const pairs = new TransportPairs(kind, open);
    const pair = () => pairs.make();

    afterEach(() => pairs.close());

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
  });
}
