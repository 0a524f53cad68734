import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { Debounce } from './debounce.ts';

describe('Debounce', () => {
  beforeEach(() => {
    vi.useFakeTimers({ now: 1000, toFake: ['Date', 'setTimeout', 'clearTimeout'] });
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  it('acts once, after 10 ms without a call, with the time of the first', () => {
    const action = vi.fn();
    const debounce = new Debounce(action);
    debounce.call();
    vi.advanceTimersByTime(9);
    debounce.call();
    vi.advanceTimersByTime(9);
    expect(action).not.toHaveBeenCalled();
    vi.advanceTimersByTime(1);
    expect(action.mock.calls).toEqual([[1000]]);
  });

  it('acts 100 ms after the first call, however many follow', () => {
    const action = vi.fn();
    const debounce = new Debounce(action);
    for (let passed = 0; passed < 100; passed += 5) {
      debounce.call();
      vi.advanceTimersByTime(5);
    }
    expect(action.mock.calls).toEqual([[1000]]);
    debounce.call();
    vi.advanceTimersByTime(10);
    expect(action.mock.calls).toEqual([[1000], [1100]]);
  });

  it('does not act after it is closed', () => {
    const action = vi.fn();
    const debounce = new Debounce(action);
    debounce.call();
    debounce.close();
    vi.advanceTimersByTime(1000);
    expect(action).not.toHaveBeenCalled();
  });
});
