import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** The folder that holds package.json: the clone. One above `cli/`, two above `dist/cli/`. */
export const packageRoot = folderWithPackage(import.meta.dirname);

function folderWithPackage(folder: string): string {
  const above = dirname(folder);
  // At the root of the file system there is nothing above: then this is no clone, and what is read from it is missing.
  return above === folder || existsSync(join(above, 'package.json')) ? above : folderWithPackage(above);
}
