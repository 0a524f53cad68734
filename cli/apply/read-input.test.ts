import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readInput } from './read-input.ts';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'heddle-input-'));
  mkdirSync(join(folder, 'empty'));
  for (const name of ['b.yml', 'a.yaml', 'c.json', 'notes.txt']) writeFileSync(join(folder, name), `# ${name}`);
});
afterAll(() => rmSync(folder, { recursive: true }));

describe('readInput', () => {
  it('reads one file, whatever it is called', async () => {
    const path = join(folder, 'notes.txt');
    expect(await readInput(path)).toEqual([{ fileName: path, text: '# notes.txt' }]);
  });

  it('reads the YAML and JSON files of a folder in order', async () => {
    expect((await readInput(folder)).map(({ text }) => text)).toEqual(['# a.yaml', '# b.yml', '# c.json']);
  });

  it('reads standard input for "-"', async () => {
    async function* stdin() {
      yield Buffer.from('kind: ');
      yield 'Mesh';
    }
    expect(await readInput('-', stdin())).toEqual([{ fileName: '<stdin>', text: 'kind: Mesh' }]);
  });

  it('stops at 3 MiB of an endless input', async () => {
    let chunks = 0;
    async function* stdin() {
      for (;;) {
        chunks += 1;
        yield Buffer.alloc(1024 * 1024);
      }
    }
    await expect(readInput('-', stdin())).rejects.toMatchObject({
      message: '<stdin> is larger than 3 MiB',
      exitCode: 2,
    });
    expect(chunks).toBe(4);
  });

  it('says that a folder has nothing to apply', async () => {
    await expect(readInput(join(folder, 'empty'))).rejects.toMatchObject({ exitCode: 2 });
  });

  it('gives the full path of an example that is looked for from another folder', async () => {
    const before = process.cwd();
    process.chdir(folder);
    try {
      await expect(readInput('examples/shop/split.yaml')).rejects.toMatchObject({
        hint: expect.stringMatching(/^heddle apply -f \/.*\/examples\/shop\/split\.yaml$/),
        exitCode: 2,
      });
    } finally {
      process.chdir(before);
    }
  });

  it('passes on that there is no such file', async () => {
    await expect(readInput(join(folder, 'none.yaml'))).rejects.toMatchObject({ code: 'ENOENT' });
  });
});
