import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { FrameOutput } from './frame-output.ts';
import { FakeTransport } from './testing/fake-transport.ts';
import { readFrames } from './testing/wire.ts';

interface One {
  readonly transport: FakeTransport;
  readonly output: FrameOutput;
}

function outputs(count: number): One[] {
  return Array.from({ length: count }, () => {
    const transport = new FakeTransport();
    return { transport, output: new FrameOutput(transport) };
  });
}

describe('FrameOutput', () => {
  it('writes what was made in one turn with one call', async () => {
    const { transport, output } = outputs(1)[0] as One;
    output.writeSettingsAck();
    output.writeReset(1, 8);
    output.writeData(3, 0, Buffer.from('abc'), 0, 3);
    expect(transport.writes).toBe(0);
    await Promise.resolve();
    expect(transport.writes).toBe(1);
    expect(readFrames(transport.take()).map(({ type }) => type)).toEqual(['SETTINGS', 'RST_STREAM', 'DATA']);
  });

  it('keeps every frame whole and in order, on many connections at once, whatever the kernel takes', async () => {
    const frame = fc.record({
      connection: fc.nat({ max: 4 }),
      size: fc.oneof(fc.nat({ max: 40 }), fc.nat({ max: 16_384 })),
      marksEnd: fc.boolean(),
    });
    const turn = fc.record({
      frames: fc.array(frame, { maxLength: 30 }),
      clogged: fc.array(fc.boolean(), { minLength: 5, maxLength: 5 }),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(turn, { maxLength: 6 }), async (turns) => {
        const all = outputs(5);
        const expected: string[][] = all.map(() => []);
        const read: string[][] = all.map(() => []);
        let serial = 0;
        for (const { frames, clogged } of turns) {
          for (const [i, { transport }] of all.entries()) {
            if (clogged[i]) transport.isTaking = false;
            else transport.drain();
          }
          for (const { connection, size, marksEnd } of frames) {
            const fill = ++serial % 251;
            const output = all[connection]?.output as FrameOutput;
            output.writeData(serial, 0, Buffer.alloc(size, fill), 0, size);
            const ended = marksEnd && output.endWithLastData(serial);
            expect(output.endWithLastData(serial + 1)).toBe(false);
            expected[connection]?.push(`${serial} ${size} ${fill} ${ended}`);
          }
          await Promise.resolve();
          for (const [i, { transport }] of all.entries()) {
            for (const { id, flags, payload } of readFrames(transport.take())) {
              const fill = id % 251;
              if (!payload.every((byte) => byte === fill)) throw new Error('bytes of another frame');
              read[i]?.push(`${id} ${payload.length} ${fill} ${flags === 1}`);
            }
          }
        }
        for (const { transport } of all) transport.drain();
        expect(read).toEqual(expected);
      }),
      { numRuns: 150 },
    );
  });

  it('counts what the kernel has not taken, and forgets it when it has', async () => {
    const { transport, output } = outputs(1)[0] as One;
    transport.isTaking = false;
    for (let i = 0; i < 3; i++) {
      output.writeSettingsAck();
      output.writeData(1, 0, Buffer.from('x'), 0, 1);
      output.flush();
    }
    expect([output.unsentFrames, output.unsentControlFrames]).toEqual([6, 3]);
    transport.drain();
    output.writeSettingsAck();
    output.flush();
    expect([output.unsentFrames, output.unsentControlFrames]).toEqual([0, 0]);
  });

  it('splits a block of any size into frames that every peer takes', () => {
    for (const size of [0, 1, 16_384, 16_385, 32_768, 60_000]) {
      const { transport, output } = outputs(1)[0] as One;
      const at = output.beginBlock(size + 100);
      for (let i = 0; i < size; i++) output.buffer[at + i] = i % 251;
      output.endBlock(7, true, at + size);
      output.writeSettingsAck();
      output.flush();
      const frames = readFrames(transport.take());
      expect(frames.at(-1)?.type).toBe('SETTINGS');
      const block = frames.slice(0, -1);
      expect(block.map(({ type }) => type)).toEqual(block.map((_, i) => (i === 0 ? 'HEADERS' : 'CONTINUATION')));
      expect(block.map(({ flags }) => flags & 4)).toEqual(block.map((_, i) => (i === block.length - 1 ? 4 : 0)));
      const whole = Buffer.concat(block.map(({ payload }) => payload));
      expect(whole.length).toBe(size);
      expect(whole.every((byte, i) => byte === i % 251)).toBe(true);
    }
  });
});
