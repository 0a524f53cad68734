import { describe, expect, it } from 'vitest';
import { ConcurrencyLimit } from './concurrency-limit.ts';

describe('ConcurrencyLimit', () => {
  it('grants up to its maximum, counts what it refuses, and grants again after a release', () => {
    const limit = new ConcurrencyLimit(2);
    expect([limit.tryAcquire(), limit.tryAcquire(), limit.tryAcquire()]).toEqual([true, true, false]);
    expect(limit).toMatchObject({ active: 2, overflows: 1, remaining: 0 });
    limit.release();
    expect(limit.remaining).toBe(1);
    expect(limit.tryAcquire()).toBe(true);
    expect(limit.overflows).toBe(1);
  });

  it('grants nothing when its maximum is 0', () => {
    expect(new ConcurrencyLimit(0).tryAcquire()).toBe(false);
  });

  it('takes nothing back when its maximum falls below what is in use', () => {
    const limit = new ConcurrencyLimit(3);
    for (let i = 0; i < 3; i++) limit.tryAcquire();
    limit.max = 1;
    expect(limit).toMatchObject({ active: 3, remaining: 0 });
    limit.release();
    limit.release();
    expect(limit.tryAcquire()).toBe(false);
    limit.release();
    expect(limit.tryAcquire()).toBe(true);
  });

  it('refuses to take back what it never gave', () => {
    expect(() => new ConcurrencyLimit(1).release()).toThrow('released more than was acquired');
  });
});
