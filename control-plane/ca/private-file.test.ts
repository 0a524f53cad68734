import { chmod, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { makePrivateDirectory, readFileIfThere, writePrivateFile } from './private-file.ts';

let directory: string;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'heddle-private-'));
});
afterEach(() => rm(directory, { recursive: true }));

const modeOf = async (path: string): Promise<number> => (await stat(path)).mode & 0o777;

describe('makePrivateDirectory', () => {
  it('closes a directory to other users, new or not', async () => {
    const open = join(directory, 'a', 'b');
    await makePrivateDirectory(open);
    expect(await modeOf(open)).toBe(0o700);
    await chmod(open, 0o777);
    await makePrivateDirectory(open);
    expect(await modeOf(open)).toBe(0o700);
  });
});

describe('writePrivateFile', () => {
  it('replaces a file that others could read by one that they cannot, and leaves nothing beside it', async () => {
    const path = join(directory, 'key.pem');
    await writeFile(path, 'old', { mode: 0o644 });
    await writePrivateFile(path, 'new');
    expect(await readFile(path, 'utf8')).toBe('new');
    expect(await modeOf(path)).toBe(0o600);
    expect(await readdir(directory)).toEqual(['key.pem']);
  });

  it('leaves the old file and no temporary when it cannot replace it', async () => {
    const path = join(directory, 'taken');
    await makePrivateDirectory(join(path, 'below'));
    await expect(writePrivateFile(path, 'new')).rejects.toThrow();
    expect(await readdir(directory)).toEqual(['taken']);
  });
});

describe('readFileIfThere', () => {
  it('tells a missing file from one that cannot be read', async () => {
    expect(await readFileIfThere(join(directory, 'none'))).toBeNull();
    await expect(readFileIfThere(directory)).rejects.toThrow('EISDIR');
  });
});
