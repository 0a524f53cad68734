import { chmod, mkdtemp, readdir, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { StateDirectory } from './state-directory.ts';

let path: string;

beforeEach(async () => {
  path = await mkdtemp(join(tmpdir(), 'heddle-state-'));
});
afterEach(() => rm(path, { recursive: true, force: true }));

const mode = async (of: string) => (await stat(of)).mode & 0o777;

describe('StateDirectory', () => {
  it('belongs to its owner alone, also when it was open to others before', async () => {
    await chmod(path, 0o755);
    const directory = await StateDirectory.open(path);
    await directory.write('identity.json', 'secret');
    expect(await mode(path)).toBe(0o700);
    expect(await mode(join(path, 'identity.json'))).toBe(0o600);
  });

  it('replaces a file whole and leaves nothing beside it', async () => {
    const directory = await StateDirectory.open(join(path, 'deep', 'inside'));
    await directory.write('a', 'one');
    await directory.write('a', 'two');
    expect(await readdir(directory.path)).toEqual(['a']);
    expect((await directory.read('a', 100))?.toString()).toBe('two');
  });

  it('answers null for a file that is not there, and refuses one that is too large or a link', async () => {
    const directory = await StateDirectory.open(path);
    await writeFile(join(path, 'large'), 'x'.repeat(11));
    await symlink('/etc/hostname', join(path, 'link'));
    expect(await directory.read('missing', 10)).toBeNull();
    await expect(directory.read('large', 10)).rejects.toThrow('has 11 bytes; at most 10');
    await expect(directory.read('link', 10)).rejects.toThrow();
  });

  it('removes a file, and does not mind when there is none', async () => {
    const directory = await StateDirectory.open(path);
    await directory.write('a', '1');
    await directory.remove('a');
    await directory.remove('a');
    expect(await directory.read('a', 10)).toBeNull();
  });
});
