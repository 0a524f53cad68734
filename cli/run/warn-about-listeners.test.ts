import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { OpenListener } from './open-listeners.ts';
import { warnAboutListeners } from './warn-about-listeners.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

describe('warnAboutListeners', () => {
  it('warns once about each socket, also about one that opens late', async () => {
    const open: OpenListener[] = [];
    const warnings: string[] = [];
    const end = warnAboutListeners({ look: async () => open, warn: (line) => warnings.push(line) });
    await vi.advanceTimersByTimeAsync(5_000);
    expect(warnings).toEqual([]);
    open.push({ address: '0.0.0.0', port: 8080 });
    await vi.advanceTimersByTimeAsync(3_600_000);
    open.push({ address: '[::]', port: 9090 });
    await vi.advanceTimersByTimeAsync(3_600_000);
    expect(warnings).toEqual([
      expect.stringMatching(/0\.0\.0\.0:8080.*without mTLS.*Try:/),
      expect.stringContaining('[::]:9090'),
    ]);
    end();
  });

  it('looks within two seconds, and no more once it has ended', async () => {
    let looks = 0;
    const end = warnAboutListeners({
      look: async () => {
        looks += 1;
        return [];
      },
      warn: () => {},
    });
    await vi.advanceTimersByTimeAsync(2_000);
    expect(looks).toBe(1);
    end();
    await vi.advanceTimersByTimeAsync(3_600_000);
    expect(looks).toBe(1);
  });
});
