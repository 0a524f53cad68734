import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, it } from 'vitest';
import { generate } from './generate.ts';

const temporary = mkdtempSync(join(tmpdir(), 'heddle-generate-'));
afterAll(() => rmSync(temporary, { recursive: true, force: true }));

function contents(folder: string): Record<string, string> {
  const files = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.ts'));
  return Object.fromEntries(files.map((name) => [name, readFileSync(join(folder, name), 'utf8')]));
}

describe('generate', () => {
  it('writes exactly what is checked in (otherwise: npm run proto)', () => {
    const fresh = join(temporary, 'generated');
    generate(fresh);
    expect(contents(fresh)).toEqual(contents(fileURLToPath(new URL('generated', import.meta.url))));
  });
});
