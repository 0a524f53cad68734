import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { hasProgram } from '../../examples/testing/programs.ts';

/** Whether the openssl program is here: the judge of our certificates that we did not write. */
export const hasOpenssl = hasProgram('openssl');

export interface OpensslResult {
  readonly status: number | null;
  /** Standard output and standard error, one after the other. */
  readonly text: string;
}

/** Runs openssl in a folder of its own that holds these files and is removed afterwards. */
export function openssl(files: Readonly<Record<string, string | Uint8Array>>, ...args: string[]): OpensslResult {
  const folder = mkdtempSync(join(tmpdir(), 'heddle-openssl-'));
  try {
    for (const [name, content] of Object.entries(files)) {
      writeFileSync(join(folder, name), content);
    }
    const { status, stdout, stderr } = spawnSync('openssl', args, { cwd: folder, encoding: 'utf8', timeout: 15_000 });
    return { status, text: `${stdout}${stderr}` };
  } finally {
    rmSync(folder, { recursive: true });
  }
}
