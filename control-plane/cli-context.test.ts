import { chmod, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ContextFileError, readCliContexts, writeCliContext } from './cli-context.ts';

const local = { name: 'local', api: 'http://127.0.0.1:15080', token: 'secret', hostToken: '/state/host-token' };

describe('writeCliContext', () => {
  let directory: string;
  let path: string;

  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'heddle-context-'));
    path = join(directory, 'heddle', 'config.yaml');
  });
  afterEach(() => rm(directory, { recursive: true }));

  it('makes the file, for its owner only, and the context the current one', async () => {
    await writeCliContext(path, local);
    expect((await stat(path)).mode & 0o777).toBe(0o600);
    expect(await readFile(path, 'utf8')).toContain('currentContext: local');
    expect(await readCliContexts(path)).toEqual([local]);
  });

  it('keeps other contexts, comments, unknown keys and the current context', async () => {
    await writeCliContext(path, local);
    const text = '# mine\ncurrentContext: prod\ntheme: dark\ncontexts:\n  - name: prod # careful\n    api: https://p\n';
    await writeFile(path, text);
    await chmod(path, 0o644);
    await writeCliContext(path, local);
    await writeCliContext(path, { ...local, api: 'http://127.0.0.1:1' });
    const written = await readFile(path, 'utf8');
    expect(written.startsWith(text)).toBe(true);
    expect(await readCliContexts(path)).toEqual([
      { name: 'prod', api: 'https://p', token: '', hostToken: '' },
      { ...local, api: 'http://127.0.0.1:1' },
    ]);
    expect((await stat(path)).mode & 0o777).toBe(0o600);
  });

  it.each(['contexts: 7', '- a list', 'contexts: [', 'just words'])('leaves %j as it is', async (text) => {
    await writeCliContext(path, local);
    await writeFile(path, text);
    await expect(writeCliContext(path, local)).rejects.toThrow(ContextFileError);
    expect(await readFile(path, 'utf8')).toBe(text);
  });

  it('reads no contexts where there is no file', async () => {
    expect(await readCliContexts(path)).toEqual([]);
  });
});
