import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { FuzzTarget } from './fuzz-target.ts';

const root = join(import.meta.dirname, '../../..');

/** Every target that a `*.fuzz.ts` of the sources exports, in the order of their files. */
export async function findTargets(): Promise<FuzzTarget[]> {
  const files = ['proxy', 'control-plane', 'proto', 'certs'].flatMap((folder) =>
    readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
      .filter((file) => file.endsWith('.fuzz.ts'))
      .map((file) => join(root, folder, file)),
  );
  const targets: FuzzTarget[] = [];
  for (const file of files.sort()) {
    const exported: Record<string, unknown> = await import(pathToFileURL(file).href);
    const found = Object.values(exported).filter(isTarget);
    if (found.length === 0) throw new Error(`${file} exports no fuzz target`);
    targets.push(...found);
  }
  return targets;
}

function isTarget(value: unknown): value is FuzzTarget {
  return typeof value === 'object' && value !== null && 'name' in value && 'run' in value;
}
