import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { sidecarReadiness } from './sidecar-readiness.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

function scripted(reason: string | null, isRefused = false) {
  let becomeReady: () => void = () => {};
  const sidecar = {
    ready: new Promise<void>((resolve) => {
      becomeReady = resolve;
    }),
    notReadyReason: reason,
    isRefused,
  };
  return { sidecar, becomeReady: () => becomeReady() };
}

describe('sidecarReadiness', () => {
  it('says nothing about a sidecar that is soon ready', async () => {
    const said: string[] = [];
    const { sidecar, becomeReady } = scripted('no certificate yet');
    const ready = sidecarReadiness(sidecar, 60_000, (line) => said.push(line));
    await vi.advanceTimersByTimeAsync(1_500);
    becomeReady();
    await ready;
    expect(said).toEqual([]);
    expect(vi.getTimerCount()).toBe(0);
  });

  it('says each thing that it waits for once', async () => {
    const said: string[] = [];
    const { sidecar, becomeReady } = scripted('no certificate yet');
    const ready = sidecarReadiness(sidecar, 60_000, (line) => said.push(line));
    await vi.advanceTimersByTimeAsync(10_000);
    sidecar.notReadyReason = 'no route to cart yet';
    await vi.advanceTimersByTimeAsync(10_000);
    becomeReady();
    await ready;
    expect(said).toEqual(['waiting: no certificate yet', 'waiting: no route to cart yet']);
  });

  it('gives up with the reason and exit code 4', async () => {
    const { sidecar } = scripted('the listeners have no configuration yet');
    const ready = sidecarReadiness(sidecar, 60_000, () => {});
    const refused = expect(ready).rejects.toMatchObject({
      message: expect.stringContaining('no configuration yet'),
      exitCode: 4,
    });
    await vi.advanceTimersByTimeAsync(60_000);
    await refused;
  });

  it('does not wait where the answer was no', async () => {
    const { sidecar } = scripted('the control plane answered: the token has expired', true);
    const refused = expect(sidecarReadiness(sidecar, 0, () => {})).rejects.toMatchObject({
      message: expect.stringContaining('no way into the mesh'),
      hint: expect.stringContaining('heddle control-plane'),
      exitCode: 2,
    });
    await vi.advanceTimersByTimeAsync(200);
    await refused;
  });

  it('waits for ever when told so', async () => {
    const { sidecar, becomeReady } = scripted('no control plane');
    const ready = sidecarReadiness(sidecar, 0, () => {});
    await vi.advanceTimersByTimeAsync(3_600_000);
    becomeReady();
    await expect(ready).resolves.toBeUndefined();
  });
});
