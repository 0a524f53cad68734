import { spawnSync } from 'node:child_process';
import { chmodSync, chownSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { RunningProgram } from '../testing/program.ts';
import { run, startProgram } from '../testing/program.ts';

/**
 * A PostgreSQL server with a database of its own, on this port of loopback. It refuses to run as root, so root starts it as
 * the user `postgres`.
 */
export async function startPostgres(programs: string, port: number): Promise<RunningProgram> {
  const directory = mkdtempSync(join(tmpdir(), 'heddle-postgres-'));
  chmodSync(directory, 0o700);
  const as = identity();
  if (as !== null) chownSync(directory, as.uid, as.gid);
  const prefix = as === null ? [] : ['setpriv', `--reuid=${as.uid}`, `--regid=${as.gid}`, '--clear-groups'];
  const data = join(directory, 'data');
  const made = [...prefix, join(programs, 'initdb'), '-D', data, '-U', 'heddle', '-A', 'trust', '--no-sync'];
  await run(made[0] ?? '', made.slice(1));
  const settings = ['-c', 'listen_addresses=127.0.0.1', '-c', 'fsync=off', '-k', directory, '-p', String(port)];
  const server = [...prefix, join(programs, 'postgres'), '-D', data, ...settings];
  const running = await startProgram(server[0] ?? '', server.slice(1), port);
  return {
    stop: async () => {
      await running.stop();
      rmSync(directory, { recursive: true, force: true });
    },
  };
}

/** Whom to run as instead of root; null when this is not root. */
function identity(): { uid: number; gid: number } | null {
  if (process.getuid?.() !== 0) return null;
  const id = (flag: string): number => Number(spawnSync('id', [flag, 'postgres'], { encoding: 'utf8' }).stdout);
  return { uid: id('-u'), gid: id('-g') };
}

/** Where Debian keeps PostgreSQL's programs, or null. */
export function postgresPrograms(): string | null {
  const { stdout, status } = spawnSync('pg_config', ['--bindir'], { encoding: 'utf8' });
  const folders = status === 0 ? [stdout.trim()] : [];
  for (let version = 18; version >= 13; version--) folders.push(`/usr/lib/postgresql/${version}/bin`);
  return folders.find((folder) => spawnSync(join(folder, 'initdb'), ['--version']).status === 0) ?? null;
}
