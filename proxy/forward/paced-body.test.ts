import { Buffer } from 'node:buffer';
import { describe, expect, it } from 'vitest';
import { noBandwidth, SharedBandwidth } from '../filter/shared-bandwidth.ts';
import { TimerWheel } from '../resilience/timer-wheel.ts';
import { PacedBody } from './paced-body.ts';

function scene(bytesPerSecond = 1000) {
  let nowMs = 0;
  const wheel = new TimerWheel(() => nowMs);
  const now = () => nowMs;
  const bandwidth = new SharedBandwidth(bytesPerSecond, 50, { wheel, now });
  bandwidth.take(bytesPerSecond); // no burst
  const counters = noBandwidth();
  const said: string[] = [];
  let isTaken = true;
  const make = () =>
    new PacedBody(
      { bandwidth, counters },
      {
        send: (buffer, start, end) => {
          said.push(buffer.toString('latin1', start, end));
          return isTaken;
        },
        end: (trailers) => said.push(`end ${trailers}`),
        pauseSource: () => said.push('pause'),
        resumeSource: () => said.push('resume'),
      },
      now,
    );
  return {
    body: make(),
    make,
    counters,
    wheel,
    said: () => said.splice(0),
    refuse: () => {
      isTaken = false;
    },
    accept: () => {
      isTaken = true;
    },
    advance(ms: number) {
      for (let i = 0; i < ms; i += 10) {
        nowMs += 10;
        wheel.advance();
      }
    },
  };
}

const put = (body: PacedBody, text: string, owned = true) =>
  body.take(Buffer.from(`..${text}.`), 2, 2 + text.length, owned);
const x = (length: number) => 'x'.repeat(length);

describe('PacedBody', () => {
  it('passes on at once what the bandwidth allows', () => {
    const { body, said, advance } = scene();
    advance(20);
    put(body, x(15));
    body.end('');
    expect(said()).toEqual([x(15), 'end ']);
  });

  it('keeps the rest, stops the source and goes on when it may', () => {
    const { body, said, advance } = scene();
    advance(20);
    put(body, `${x(20)}${'y'.repeat(60)}`);
    expect(said()).toEqual([x(20), 'pause']);
    advance(50);
    expect(said()).toEqual(['y'.repeat(50)]);
    advance(50);
    expect(said()).toEqual(['y'.repeat(10), 'resume']);
  });

  it('keeps bytes that are not its own to keep', () => {
    const { body, said, advance } = scene();
    const bytes = Buffer.alloc(2000, 'x');
    body.take(bytes, 0, 2000, false);
    bytes.fill('!');
    advance(2100);
    expect(said().join('')).toBe(`pause${x(2000)}resume`);
  });

  it('tells the end, with its trailers, behind the last byte', () => {
    const { body, said, advance } = scene();
    put(body, x(50));
    body.end('a: b\r\n');
    expect(said()).toEqual(['pause']);
    advance(50);
    expect(said()).toEqual([x(50), 'end a: b\r\n']);
  });

  it('spends nothing while the receiver takes nothing', () => {
    const { body, make, said, refuse, accept, advance } = scene();
    refuse();
    put(body, x(100));
    advance(50);
    expect(said()).toEqual(['pause', x(50)]);
    const other = make();
    accept();
    put(other, x(100));
    advance(100);
    expect(said()).toEqual(['pause', x(50), x(50), 'resume']);
    body.unblock();
    advance(50);
    expect(said()).toEqual([x(50), 'resume']);
  });

  it('lets the source go on when the receiver does and nothing is kept', () => {
    const { body, said, refuse, accept, advance } = scene();
    advance(50);
    refuse();
    put(body, x(50));
    expect(said()).toEqual([x(50), 'pause']);
    accept();
    body.unblock();
    expect(said()).toEqual(['resume']);
  });

  it('keeps what comes before the receiver takes anything', () => {
    const { body, said, advance } = scene();
    advance(1000);
    body.block();
    put(body, x(10));
    body.end('');
    advance(100);
    expect(said()).toEqual(['pause', 'pause']);
    body.unblock();
    advance(50);
    expect(said()).toEqual([x(10), 'end ']);
  });

  it('says nothing more once it is given up, and leaves the queue', () => {
    const { body, make, counters, said, wheel, advance } = scene();
    put(body, x(5000));
    const other = make();
    put(other, x(50));
    body.cancel();
    body.cancel();
    advance(50);
    expect(said()).toEqual(['pause', 'pause', x(50), 'resume']);
    body.unblock();
    put(body, 'more');
    body.end('');
    other.cancel();
    advance(50);
    expect(said()).toEqual([]);
    expect([counters.pending, wheel.armedCount]).toEqual([0, 0]);
  });

  it('stops in the middle where the receiver gives it up', () => {
    const { said, counters, advance, make } = scene();
    const body = make();
    put(body, x(2000));
    put(body, x(2000), false);
    advance(20);
    body.cancel();
    advance(2000);
    expect([said(), counters.allowedBytes]).toEqual([['pause', 'pause'], 0]);
  });

  it('counts bodies, those that were held up, and bytes', () => {
    const { body, make, counters, advance } = scene();
    advance(20);
    put(body, x(20));
    const other = make();
    put(other, x(100));
    expect(counters).toEqual({ enabled: 2, enforced: 1, pending: 2, incomingBytes: 120, allowedBytes: 20 });
    other.end('');
    body.end('');
    advance(100);
    expect(counters).toMatchObject({ pending: 0, allowedBytes: 120 });
    expect([other.transferMs, other.delayMs, body.transferMs, body.delayMs]).toEqual([100, 100, 0, 0]);
  });
});
