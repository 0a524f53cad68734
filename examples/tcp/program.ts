import { spawn, spawnSync } from 'node:child_process';
import { chmodSync, chownSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connectTcp } from './tcp-client.ts';

/** A program that runs beside a test. */
export interface RunningProgram {
  stop(): Promise<void>;
}

/** Starts a server that we did not write; resolves when it accepts connections. */
export async function startProgram(
  program: string,
  parameters: readonly string[],
  port: number,
): Promise<RunningProgram> {
  const child = spawn(program, parameters, { stdio: 'ignore' });
  const exited = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  const stop = async (): Promise<void> => {
    child.kill('SIGTERM');
    const kill = setTimeout(() => child.kill('SIGKILL'), 5_000);
    await exited;
    clearTimeout(kill);
  };
  for (;;) {
    if (child.exitCode !== null) throw new Error(`${program} ended with ${child.exitCode}`);
    const socket = await connectTcp(port).catch(() => null);
    if (socket !== null) {
      socket.destroy();
      return { stop };
    }
    await new Promise((resolve) => setImmediate(resolve));
  }
}

/** Output of a program that ends by itself, both streams; rejects when it fails or takes longer than 20 s. */
export function run(program: string, parameters: readonly string[], input = ''): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, parameters, { stdio: ['pipe', 'pipe', 'pipe'], timeout: 20_000 });
    let text = '';
    for (const stream of [child.stdout, child.stderr]) {
      stream.on('data', (chunk) => {
        text += chunk;
      });
    }
    child.on('error', reject);
    child.on('close', (code) => {
      if (code === 0) resolve(text);
      else reject(new Error(`${program} ended with ${code}: ${text}`));
    });
    child.stdin.on('error', () => {}); // one that reads nothing
    child.stdin.end(input);
  });
}

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
