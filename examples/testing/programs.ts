import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';

/**
 * Whether a program we did not write is on this machine, so that a test that drives it can skip itself
 * visibly: `it.skipIf(!hasProgram('nginx'))(…)`.
 *
 * `HEDDLE_REQUIRE` (comma-separated names) turns a missing program from a skip into a failure: the continuous
 * build names there what it has installed, so that a test can never vanish silently.
 */
export function hasProgram(name: string): boolean {
  const found = [...(process.env.PATH ?? '').split(delimiter), '/usr/sbin', '/sbin'].some((folder) => {
    try {
      accessSync(join(folder, name), constants.X_OK);
      return true;
    } catch {
      return false; // not in this folder, or not executable: look on
    }
  });
  const required = (process.env.HEDDLE_REQUIRE ?? '').split(',').map((entry) => entry.trim());
  if (!found && required.includes(name)) {
    throw new Error(`${name} is named in HEDDLE_REQUIRE and is not on this machine`);
  }
  return found;
}
