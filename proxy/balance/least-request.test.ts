import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { candidatesOf, describeBalancer, seededRandom } from './balancer.contract.ts';
import { buildLeastRequest } from './least-request.ts';

describeBalancer('least request', buildLeastRequest);

/** Notes in `compared` that its load was looked at. */
class WatchedCandidate {
  readonly name: string;
  readonly key: string;
  readonly weight = 1;
  readonly warmth = 1;
  readonly latency = null;
  readonly #compared: Set<string>;

  constructor(name: string, compared: Set<string>) {
    this.name = name;
    this.key = name;
    this.#compared = compared;
  }

  get activeRequests(): number {
    this.#compared.add(this.name);
    return 0;
  }
}

/** Gives the listed numbers one after the other. */
function script(...numbers: number[]): () => number {
  return () => numbers.shift() ?? 0;
}

describe('buildLeastRequest', () => {
  it('keeps the less loaded one of its two draws', () => {
    const candidates = candidatesOf([1, 1, 1]);
    const [a, b, c] = candidates as [never, never, never];
    Object.assign(a, { activeRequests: 5 });
    Object.assign(b, { activeRequests: 2 });
    Object.assign(c, { activeRequests: 0 });
    expect(buildLeastRequest(candidates, script(0, 0)).pick(null, null)).toBe(b);
    expect(buildLeastRequest(candidates, script(0, 0.6)).pick(null, null)).toBe(c);
    expect(buildLeastRequest(candidates, script(0.4, 0)).pick(null, null)).toBe(b);
  });

  it('keeps the first draw on a tie', () => {
    const candidates = candidatesOf([1, 1]);
    expect(buildLeastRequest(candidates, script(0.9, 0)).pick(null, null)).toBe(candidates[1]);
    expect(buildLeastRequest(candidates, script(0, 0)).pick(null, null)).toBe(candidates[0]);
  });

  it('prefers an idle candidate of weight 2 to an idle one of weight 1, until it has a request', () => {
    const candidates = candidatesOf([1, 2]);
    const picker = buildLeastRequest(candidates, () => 0);
    expect(picker.pick(null, null)).toBe(candidates[1]);
    Object.assign(candidates[1] as object, { activeRequests: 1 });
    expect(picker.pick(null, null)).toBe(candidates[0]);
  });

  it('never compares a candidate with itself', () => {
    const draw = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });
    fc.assert(
      fc.property(fc.integer({ min: 2, max: 20 }), draw, draw, fc.option(fc.nat()), (count, first, second, choice) => {
        const compared = new Set<string>();
        const candidates = Array.from({ length: count }, (_, index) => new WatchedCandidate(String(index), compared));
        const excluded = choice === null ? null : (candidates[choice % count] ?? null);
        buildLeastRequest(candidates, script(first, second)).pick(excluded, null);
        const others = excluded === null ? count : count - 1;
        expect(compared.size).toBe(others > 1 ? 2 : 0);
        if (excluded !== null) expect(compared).not.toContain(excluded.name);
      }),
    );
  });

  it('never picks the busiest of all when there are two', () => {
    fc.assert(
      fc.property(fc.nat({ max: 100 }), fc.nat({ max: 100 }), fc.integer(), (first, second, seed) => {
        fc.pre(first !== second);
        const candidates = candidatesOf([1, 1]);
        Object.assign(candidates[0] as object, { activeRequests: first });
        Object.assign(candidates[1] as object, { activeRequests: second });
        const picked = buildLeastRequest(candidates, seededRandom(seed)).pick(null, null);
        expect(picked?.activeRequests).toBe(Math.min(first, second));
      }),
    );
  });

  it('evens out the load of candidates that never finish', () => {
    const candidates = candidatesOf([1, 1, 1, 1, 1]);
    const picker = buildLeastRequest(candidates, seededRandom(11));
    for (let i = 0; i < 1000; i++) {
      const picked = picker.pick(null, null);
      if (picked !== null) picked.activeRequests++;
    }
    for (const candidate of candidates) expect(Math.abs(candidate.activeRequests - 200)).toBeLessThan(10);
  });

  it('shares load by weight when requests stay', () => {
    const candidates = candidatesOf([1, 3]);
    const picker = buildLeastRequest(candidates, seededRandom(11));
    for (let i = 0; i < 400; i++) {
      const picked = picker.pick(null, null);
      if (picked !== null) picked.activeRequests++;
    }
    expect(candidates[1]?.activeRequests).toBeGreaterThanOrEqual(298);
    expect(candidates[1]?.activeRequests).toBeLessThanOrEqual(302);
  });

  it('leaves out a candidate that starts slowly as often as it is cold, however idle it is', () => {
    const candidates = candidatesOf([1, 1]);
    const [busy, cold] = candidates as [never, never];
    Object.assign(busy, { activeRequests: 9 });
    Object.assign(cold, { warmth: 0.25 });
    expect(buildLeastRequest(candidates, script(0, 0, 0.24)).pick(null, null)).toBe(cold);
    expect(buildLeastRequest(candidates, script(0, 0, 0.25)).pick(null, null)).toBe(busy);
  });
});
