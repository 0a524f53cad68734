import { mkdtemp, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest';
import { LeaseFile } from './lease-file.ts';
import { Registry } from './registry.ts';
import { registration } from './testing/registration.ts';

describe('LeaseFile', () => {
  let directory: string;
  let path: string;

  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'heddle-leases-'));
    path = join(directory, 'leases.json');
  });
  afterEach(() => rm(directory, { recursive: true }));

  it('brings what was registered to the next process', async () => {
    const registry = new Registry();
    const file = new LeaseFile(path, { delayMs: 3600_000 });
    file.follow(registry);
    registry.register(registration({ name: 'a' }));
    await file.close(registry);

    const next = new Registry();
    next.restore(await new LeaseFile(path).load());
    expect(next.view().workloads).toEqual(registry.view().workloads);
  });

  it('brings what is remembered to the next process', async () => {
    const registry = new Registry();
    const file = new LeaseFile(path, { delayMs: 3600_000 });
    file.follow(registry);
    registry.register(registration({ name: 'a' }));
    registry.withdraw('default/a', registration({ name: 'a' }));
    await file.close(registry);

    const next = new Registry();
    next.restore(await new LeaseFile(path).load());
    expect(next.view().remembered).toMatchObject([{ service: 'cart', ports: [8080] }]);
    expect(next.view().remembered).toEqual(registry.view().remembered);
  });

  it('is written after changes and not after renewals', async () => {
    vi.useFakeTimers();
    onTestFinished(() => {
      vi.useRealTimers();
    });
    const registry = new Registry();
    const file = new LeaseFile(path, { delayMs: 1000 });
    file.follow(registry);
    registry.register(registration({ name: 'a' }));
    expect(vi.getTimerCount()).toBe(1);
    vi.advanceTimersByTime(1000);
    for (let renewals = 0; renewals < 100; renewals++) {
      vi.advanceTimersByTime(3000);
      expect(registry.renew('default/a', registration({ name: 'a' }))).toBe(true);
      registry.sweep();
    }
    expect(vi.getTimerCount()).toBe(0);
    registry.withdraw('default/a', registration({ name: 'a' }));
    expect(vi.getTimerCount()).toBe(1);
    await file.close(registry);
  });

  it('takes a file from before there was a memory', async () => {
    const registrations = [registration({ name: 'a' })];
    await writeFile(path, JSON.stringify({ format: 1, registrations }));
    expect(await new LeaseFile(path).load()).toEqual({ registrations, remembered: [] });
  });

  it('is readable by its owner only and leaves nothing else behind', async () => {
    const file = new LeaseFile(path);
    await file.close(new Registry());
    expect((await stat(path)).mode & 0o777).toBe(0o600);
    expect(await readdir(directory)).toEqual(['leases.json']);
  });

  it.each([
    '',
    '{"format":1',
    '[]',
    'null',
    '{"format":2,"registrations":[]}',
    '{"format":1,"registrations":7}',
    '{"format":1,"registrations":[],"remembered":{}}',
  ])('takes %j for no leases', async (text) => {
    await writeFile(path, text);
    expect(await new LeaseFile(path).load()).toEqual({ registrations: [], remembered: [] });
  });

  it('takes a missing file for no leases, and reports one that it cannot write', async () => {
    const errors: Error[] = [];
    const file = new LeaseFile(join(path, 'below a file'), { onError: (error) => errors.push(error) });
    await writeFile(path, '');
    expect(await file.load()).toEqual({ registrations: [], remembered: [] });
    await file.close(new Registry());
    expect(errors).toHaveLength(1);
  });
});
