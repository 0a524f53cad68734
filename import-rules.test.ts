import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';

/** What Biome's rules cannot say, since they hold for a source and its test alike. The rest is in biome.json. */
const folders = ['proto', 'certs', 'proxy', 'control-plane', 'cli', 'bench'];

const isForTests = (file: string) => /(^|\/)testing\/|\.(test|contract|fuzz)\.ts$/.test(file);

function importsOf(file: string): string[] {
  const text = readFileSync(join(import.meta.dirname, file), 'utf8');
  const found = text.matchAll(/(?:\bfrom|^import|\bimport\()\s*'(\.[^']+)'/gm);
  return [...found].map(([, target = '']) => join(dirname(file), target));
}

const sources = folders
  .flatMap((folder) =>
    readdirSync(join(import.meta.dirname, folder), { recursive: true, encoding: 'utf8' }).map((file) =>
      join(folder, file),
    ),
  )
  .filter((file) => file.endsWith('.ts') && !file.startsWith('proto/generated') && !isForTests(file));

describe('what runs in production', () => {
  it('is found', () => {
    expect(sources).toContain('proxy/forward-http.ts');
    expect(importsOf('proxy/forward-http.ts')).toContain('proxy/failure.ts');
  });

  it('imports nothing that is there for tests', () => {
    const wrong = sources.flatMap((file) =>
      importsOf(file)
        .filter((target) => isForTests(target) || target.startsWith('examples/'))
        .map((target) => `${file} -> ${target}`),
    );
    expect(wrong).toEqual([]);
  });
});
