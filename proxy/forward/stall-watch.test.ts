import { describe, expect, it } from 'vitest';
import { CoarseClock } from '../transport/coarse-clock.ts';
import { StallWatch } from './stall-watch.ts';

function watched() {
  let nowMs = 0;
  const clock = new CoarseClock(() => nowMs);
  const watch = new StallWatch(clock);
  watch.begin();
  return {
    watch,
    pass: (ms: number) => {
      nowMs += ms;
      clock.tick();
    },
    faultAfter: (idleTimeoutMs: number, requestTimeoutMs: number) =>
      watch.faultAt(clock.nowMs, idleTimeoutMs, requestTimeoutMs),
  };
}

describe('StallWatch', () => {
  it('finds a request idle on which nothing has moved for longer than it may', () => {
    const { watch, pass, faultAfter } = watched();
    pass(2000);
    expect(faultAfter(1000, 0)).toBeNull();
    pass(1);
    expect(faultAfter(1000, 0)).toBe('streamIdleTimeout');
    watch.touch();
    expect(faultAfter(1000, 0)).toBeNull();
  });

  it('finds a request too slow that is still being sent, whatever moves', () => {
    const { watch, pass, faultAfter } = watched();
    pass(3001);
    watch.touch();
    expect(faultAfter(1000, 2000)).toBe('requestTooSlow');
    expect(faultAfter(1000, 0)).toBeNull();
  });

  it('takes nothing for idle that has moved since the clock was last looked at', () => {
    const { watch, pass, faultAfter } = watched();
    for (let second = 0; second < 5; second++) {
      watch.touch(); // just before the clock moves on
      pass(1000);
      expect(faultAfter(400, 0)).toBeNull();
    }
  });

  it('begins anew with each request', () => {
    const { watch, pass, faultAfter } = watched();
    pass(5000);
    watch.begin();
    expect(faultAfter(1000, 2000)).toBeNull();
  });
});
