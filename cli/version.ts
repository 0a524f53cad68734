import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** The folder that holds package.json: the clone. One above `cli/`, or two above `dist/cli/`. */
export const packageRoot = findPackageRoot(import.meta.dirname);

/** Heddle's version, from package.json. */
export function versionOfHeddle(): string {
  return (JSON.parse(readFileSync(join(packageRoot, 'package.json'), 'utf8')) as { version: string }).version;
}

function findPackageRoot(folder: string): string {
  const above = dirname(folder);
  try {
    readFileSync(join(above, 'package.json'));
    return above;
  } catch (error) {
    if (above === folder) throw error; // reached the root of the file system
    return findPackageRoot(above);
  }
}
