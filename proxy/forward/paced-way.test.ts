import { Buffer } from 'node:buffer';
import { describe, expect, it } from 'vitest';
import { noBandwidth, SharedBandwidth } from '../filter/shared-bandwidth.ts';
import { TimerWheel } from '../resilience/timer-wheel.ts';
import { PacedWay } from './paced-way.ts';

/** A way through limits of so many bytes a second, none of which begins with a burst. */
function scene(...rates: readonly number[]) {
  let nowMs = 0;
  const wheel = new TimerWheel(() => nowMs);
  const now = () => nowMs;
  const paces = rates.map((rate) => {
    const bandwidth = new SharedBandwidth(rate, 50, { wheel, now });
    bandwidth.take(rate);
    return { bandwidth, counters: noBandwidth() };
  });
  const said: string[] = [];
  const flow = {
    send: (buffer: Buffer, start: number, end: number) => {
      said.push(buffer.toString('latin1', start, end));
      return true;
    },
    end: (trailers: string) => said.push(`end ${trailers}`),
    pauseSource: () => said.push('pause'),
    resumeSource: () => said.push('resume'),
  };
  return {
    way: new PacedWay(paces, flow, now),
    counters: paces.map((pace) => pace.counters),
    wheel,
    said: () => said.splice(0),
    advance(ms: number) {
      for (let i = 0; i < ms; i += 10) {
        nowMs += 10;
        wheel.advance();
      }
    },
  };
}

const put = (way: PacedWay, text: string) => way.take(Buffer.from(text), 0, text.length, true);
const bytesIn = (said: readonly string[]) => said.filter((text) => /^[a-j]+$/.test(text)).join('');
const alphabet = 'abcdefghij'.repeat(10);

describe('PacedWay', () => {
  it.each([
    ['narrow before wide', [200, 1000]],
    ['wide before narrow', [1000, 200]],
    ['three', [500, 200, 1000]],
  ])('passes bytes in order, as fast as the slowest allows: %s', (_name, rates) => {
    const { way, said, advance } = scene(...rates);
    put(way, alphabet);
    way.end('a: b\r\n');
    advance(200);
    const before = bytesIn(said());
    expect(before.length).toBeGreaterThan(10);
    expect(before.length).toBeLessThanOrEqual(40);
    advance(600);
    const after = said();
    expect(before + bytesIn(after)).toBe(alphabet);
    expect(after.at(-1)).toBe('end a: b\r\n');
  });

  it('has its source read again when nothing is kept any more', () => {
    const { way, said, advance, wheel } = scene(200, 1000);
    put(way, alphabet);
    advance(400);
    expect(said()).not.toContain('resume');
    expect(way.isHolding).toBe(true);
    advance(300);
    expect(said().at(-1)).toBe('resume');
    expect([way.isHolding, wheel.armedCount]).toEqual([false, 0]);
  });

  it('passes nothing on while the receiver takes nothing', () => {
    const { way, said, advance } = scene(1000, 1000);
    way.block();
    put(way, alphabet);
    advance(1000);
    expect([bytesIn(said()), way.isHolding]).toEqual(['', false]);
    way.unblock();
    advance(300);
    expect(bytesIn(said())).toBe(alphabet);
  });

  it('drops what each of them keeps when it is given up', () => {
    const { way, said, advance, counters, wheel } = scene(1000, 200);
    put(way, alphabet);
    advance(50);
    way.cancel();
    said();
    advance(1000);
    expect([said(), wheel.armedCount]).toEqual([[], 0]);
    expect(counters).toMatchObject([{ pending: 0 }, { pending: 0 }]);
  });
});
