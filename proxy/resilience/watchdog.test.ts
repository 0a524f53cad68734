import { describe, expect, it } from 'vitest';
import { Watchdog } from './watchdog.ts';

describe('Watchdog', () => {
  it('counts beats that are late by more than 200 ms, and by more than a second', () => {
    const watchdog = new Watchdog(250);
    for (const nowMs of [1_000, 1_250, 1_700, 2_151, 3_402, 3_600]) watchdog.beat(nowMs);
    expect([watchdog.misses, watchdog.megaMisses]).toEqual([2, 1]);
  });
});
