import { Buffer } from 'node:buffer';
import { noBandwidth, SharedBandwidth } from '../../proxy/filter/shared-bandwidth.ts';
import { PacedBody } from '../../proxy/forward/paced-body.ts';
import { TimerWheel } from '../../proxy/resilience/timer-wheel.ts';
import { report } from '../measure.ts';

/** So many bytes a second that nothing ever waits. */
const wide = 2 ** 50;
const bytes = Buffer.alloc(16_384, 'x');
let passed = 0;
let nowMs = 0;
const wheel = new TimerWheel(() => nowMs);
const flow = {
  send: (_buffer: Buffer, start: number, end: number) => {
    passed += end - start;
    return true;
  },
  end: () => {},
  pauseSource: () => {},
  resumeSource: () => {},
};
const free = new PacedBody(
  { bandwidth: new SharedBandwidth(wide, 50, { wheel, now: () => nowMs }), counters: noBandwidth() },
  flow,
  () => nowMs,
);
report('bandwidth limit: a piece of 16 KiB that passes at once', (count) => {
  for (let i = 0; i < count; i++) {
    nowMs++;
    free.take(bytes, 0, bytes.length, true);
  }
});

const narrow = new SharedBandwidth(20 * bytes.length, 50, { wheel, now: () => nowMs }); // one piece in each interval
const counters = noBandwidth();
const held = new PacedBody({ bandwidth: narrow, counters }, flow, () => nowMs);
const rounds = 200_000;
report(
  'bandwidth limit: a piece of 16 KiB that waits for its turn',
  (count) => {
    for (let i = 0; i < count; i++) {
      narrow.take(Number.POSITIVE_INFINITY); // others have taken what there was
      held.take(bytes, 0, bytes.length, true);
      nowMs += 70; // an interval, and the two ticks by which a deadline may be late
      wheel.advance();
    }
  },
  rounds,
);
if (held.waitingBytes > 0 || held.delayMs < 8 * rounds * 50) throw new Error('the pieces have not waited, or still do');

const pace = { bandwidth: new SharedBandwidth(wide, 50, { wheel, now: () => nowMs }), counters: noBandwidth() };
report('bandwidth limit: an answer of 100 bytes, from its head to its end', (count) => {
  for (let i = 0; i < count; i++) {
    nowMs++;
    const body = new PacedBody(pace, flow, () => nowMs);
    body.take(bytes, 0, 100, true);
    body.end('');
  }
});
if (passed === 0) throw new Error('nothing was measured');
