import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { adoptContext } from './adopt-context.ts';

const api = 'http://127.0.0.1:15080';
const file = (current: string) => `# mine
currentContext: ${current}
contexts:
  - name: demo # of yesterday
    api: ${api}/
    token: old
  - name: local
    api: ${api}
    token: new
  - name: prod
    api: https://mesh.example
    token: secret
`;

describe('adoptContext', () => {
  let folder: string;
  let path: string;

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'heddle-adopt-'));
    path = join(folder, 'config.yaml');
  });
  afterEach(() => rm(folder, { recursive: true }));

  it('leaves a control plane that can no longer be there', async () => {
    await writeFile(path, file('demo'));
    expect(await adoptContext(path, 'local', api)).toBe(true);
    expect(await readFile(path, 'utf8')).toBe(file('local'));
    expect((await stat(path)).mode & 0o777).toBe(0o600);
  });

  it.each([
    ['one that is somewhere else', 'prod', 'local', api],
    ['one that is itself', 'local', 'local', api],
    ['one at another port', 'demo', 'local', 'http://127.0.0.1:15081'],
    ['one for none that is in the file', 'demo', 'nowhere', api],
  ])('does not leave %s', async (_, current, name, at) => {
    await writeFile(path, file(current));
    expect(await adoptContext(path, name, at)).toBe(false);
    expect(await readFile(path, 'utf8')).toBe(file(current));
  });
});
