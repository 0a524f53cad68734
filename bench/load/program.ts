import { execFile } from 'node:child_process';
import { accessSync, constants } from 'node:fs';
import { delimiter, isAbsolute, join } from 'node:path';

/** Where a program is, or null. Debian keeps servers in folders that a user's PATH may lack. */
export function findProgram(name: string): string | null {
  const folders = [...(process.env.PATH ?? '').split(delimiter), '/usr/local/sbin', '/usr/sbin', '/sbin'];
  const paths = isAbsolute(name) ? [name] : folders.map((folder) => join(folder, name));
  for (const path of paths) {
    try {
      accessSync(path, constants.X_OK);
      return path;
    } catch {
      // Not here, or not executable: look on.
    }
  }
  return null;
}

/** The first version number that a program says of itself when asked in its own way, or null when it is missing. */
export async function programVersion(name: string, ...question: readonly string[]): Promise<string | null> {
  const path = findProgram(name);
  if (path === null) return null;
  const answer = await new Promise<string>((resolve) => {
    // wrk exits with 1 after saying its version, and nginx says it on stderr: only the words count.
    execFile(path, question, { timeout: 5_000 }, (_error, stdout, stderr) => resolve(stdout + stderr));
  });
  return firstVersion(answer);
}

export function firstVersion(text: string): string | null {
  return /\d+(?:\.\d+)+/.exec(text)?.[0] ?? null;
}
