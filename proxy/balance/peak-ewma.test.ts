import { describe, expect, it } from 'vitest';
import { candidatesOf, describeBalancer, seededRandom } from './balancer.contract.ts';
import { buildPeakEwma, PeakEwma } from './peak-ewma.ts';

describeBalancer('peak EWMA', buildPeakEwma);

describe('PeakEwma', () => {
  it('begins with the default, believes a slow answer at once and a fast one by and by', () => {
    let now = 0;
    const time = new PeakEwma(() => now);
    expect(time.estimateMs()).toBe(30);
    time.observe(500, false);
    expect(time.estimateMs()).toBe(500);
    now += 10_000;
    time.observe(10, false);
    expect(time.estimateMs()).toBeCloseTo(500 / Math.E + 10 * (1 - 1 / Math.E), 6);
  });

  it('fades while nothing is heard, but never to nothing', () => {
    let now = 0;
    const time = new PeakEwma(() => now);
    now = 10_000;
    expect(time.estimateMs()).toBeCloseTo(30 / Math.E, 6);
    now = 10_000_000;
    expect(time.estimateMs()).toBeGreaterThan(0);
  });

  it('takes no fast failure for a fast answer, and a slow one for a slow answer', () => {
    let now = 0;
    const time = new PeakEwma(() => now);
    now = 1;
    time.observe(0.1, true);
    expect(time.estimateMs()).toBeGreaterThan(29.9);
    time.observe(2_000, true);
    expect(time.estimateMs()).toBe(2_000);
  });
});

describe('buildPeakEwma', () => {
  const fixed = (ms: number) => ({ estimateMs: () => ms });

  it('prefers the faster of its two draws, until that has more to do', () => {
    const candidates = candidatesOf([1, 1]);
    const [slow, fast] = candidates as [never, never];
    Object.assign(slow, { latency: fixed(40) });
    Object.assign(fast, { latency: fixed(10) });
    const picker = buildPeakEwma(candidates, seededRandom(1));
    expect(picker.pick(null, null)).toBe(fast);
    Object.assign(fast, { activeRequests: 4 });
    expect(picker.pick(null, null)).toBe(slow);
  });

  it('divides the cost by weight', () => {
    const candidates = candidatesOf([1, 3]);
    const [light, heavy] = candidates as [never, never];
    Object.assign(light, { latency: fixed(10) });
    Object.assign(heavy, { latency: fixed(20) });
    expect(buildPeakEwma(candidates, seededRandom(1)).pick(null, null)).toBe(heavy);
  });
});
