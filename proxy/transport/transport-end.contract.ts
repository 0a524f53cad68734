import { randomBytes } from 'node:crypto';
import { afterEach, describe, expect, it, vi } from 'vitest';
import type { OpenOver } from './testing/transport-pairs.ts';
import { listen, receive, TransportPairs } from './testing/transport-pairs.ts';

/** How every transport ends, and outlives its peer, over plain TCP and over TLS. */
export function describeTransportEnd(name: string, open: OpenOver): void {
  describe.each(['plain', 'TLS'] as const)(`the end of ${name} over %s`, (kind) => {
    const pairs = new TransportPairs(kind, open);
    const pair = () => pairs.make();

    afterEach(() => pairs.close());

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

    it('may be destroyed in the turn in which it is reset', async () => {
      const closes: Promise<unknown>[] = [];
      for (let round = 0; round < 20; round++) {
        const { transport, peer } = await pair();
        const failed = new Promise((resolve) => peer.once('error', resolve));
        const closed = new Promise((resolve) =>
          transport.setHandler({ onBytes() {}, onEnd() {}, onDrain() {}, onClose: resolve }),
        );
        closes.push(closed);
        transport.startReading();
        peer.on('data', () => {});
        peer.write('of no interest');
        transport.reset();
        transport.destroy();
        expect(await failed).toMatchObject({ code: 'ECONNRESET' });
      }
      await Promise.all(closes);
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
