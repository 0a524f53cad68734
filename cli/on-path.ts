import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';

/** Whether there is an executable of this name in a folder of PATH. */
export function isOnPath(program: string, environment: NodeJS.ProcessEnv = process.env): boolean {
  return (environment.PATH ?? '').split(delimiter).some((folder) => {
    try {
      accessSync(join(folder, program), constants.X_OK);
      return folder !== '';
    } catch {
      return false; // not in this folder: look on
    }
  });
}
