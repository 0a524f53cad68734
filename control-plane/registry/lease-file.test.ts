import { mkdtemp, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
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

  it('is readable by its owner only and leaves nothing else behind', async () => {
    const file = new LeaseFile(path);
    await file.close(new Registry());
    expect((await stat(path)).mode & 0o777).toBe(0o600);
    expect(await readdir(directory)).toEqual(['leases.json']);
  });

  it.each(['', '{"format":1', '[]', 'null', '{"format":2,"registrations":[]}', '{"format":1,"registrations":7}'])(
    'takes %j for no leases',
    async (text) => {
      await writeFile(path, text);
      expect(await new LeaseFile(path).load()).toEqual([]);
    },
  );

  it('takes a missing file for no leases, and reports one that it cannot write', async () => {
    const errors: Error[] = [];
    const file = new LeaseFile(join(path, 'below a file'), { onError: (error) => errors.push(error) });
    await writeFile(path, '');
    expect(await file.load()).toEqual([]);
    await file.close(new Registry());
    expect(errors).toHaveLength(1);
  });
});
