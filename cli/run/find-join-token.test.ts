import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { findJoinToken } from './find-join-token.ts';

const token = [1, 2, 3].map((part) => String(part).repeat(30)).join('.');
let folder: string;
let file: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'heddle-token-'));
  file = join(folder, 'web.token');
  writeFileSync(file, `${token}\n`);
  writeFileSync(join(folder, 'empty'), '\n');
});
afterAll(() => rmSync(folder, { recursive: true }));

describe('findJoinToken', () => {
  it('reads the file it is given', async () => expect(await findJoinToken(file, null)).toBe(token));
  it('takes a token as it is', async () => expect(await findJoinToken(token, null)).toBe(token));
  it('falls back on the host’s own', async () => expect(await findJoinToken(undefined, file)).toBe(token));
  it('prefers what it is given', async () =>
    expect(await findJoinToken('a'.repeat(20).concat('.').repeat(3).slice(0, -1), file)).not.toBe(token));
  it('has none when there is none', async () => {
    expect(await findJoinToken(undefined, null)).toBeNull();
    expect(await findJoinToken(undefined, join(folder, 'nothing'))).toBeNull();
  });
  it('says that a file cannot be read or is empty, exit code 2', async () => {
    await expect(findJoinToken(join(folder, 'nothing'), null)).rejects.toMatchObject({ exitCode: 2 });
    await expect(findJoinToken(join(folder, 'empty'), null)).rejects.toMatchObject({ exitCode: 2 });
  });
});
