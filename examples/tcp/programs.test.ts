import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import type { RunningProxy } from '../../proxy/main.ts';
import { freePort } from '../testing/free-port.ts';
import { TestMesh } from '../testing/mesh.ts';
import type { RunningProgram } from '../testing/program.ts';
import { run, startProgram } from '../testing/program.ts';
import { hasProgram } from '../testing/programs.ts';
import { postgresPrograms, startPostgres } from './postgres.ts';

const postgres = postgresPrograms();
const directory = mkdtempSync(join(tmpdir(), 'heddle-programs-'));
const running: RunningProgram[] = [];
let mesh: TestMesh;

beforeAll(async () => {
  mesh = await TestMesh.start();
}, 30_000);

afterAll(async () => {
  await mesh.close();
  for (const program of running) await program.stop();
  rmSync(directory, { recursive: true, force: true });
}, 60_000);

async function start(program: string, port: number, ...parameters: string[]): Promise<void> {
  running.push(await startProgram(program, parameters, port));
}

/** The program's sidecar, and a caller with a port that leads there. */
async function meshed(
  service: string,
  port: number,
  protocol: 'tcp' | 'auto',
): Promise<{ caller: RunningProxy; local: number }> {
  await mesh.sidecar(`${service}-1`, { service, ports: [{ port, protocol }] });
  const local = await freePort();
  const upstreams = [{ service: `${service}:${port}`, localPort: local }];
  return { caller: await mesh.sidecar(`${service}-caller`, { service: `${service}-caller`, upstreams }), local };
}

/** Until the mesh knows where the program is. */
async function eventually(attempt: () => Promise<void>): Promise<void> {
  await vi.waitFor(attempt, { timeout: 15_000, interval: 200 });
}

describe.skipIf(!hasProgram('redis-server') || !hasProgram('redis-cli'))('Redis', () => {
  it.each(['tcp', 'auto'] as const)(
    'is called through two sidecars, with its port %s',
    async (protocol) => {
      const port = await freePort();
      await start(
        'redis-server',
        port,
        '--port',
        String(port),
        '--bind',
        '127.0.0.1',
        '--save',
        '',
        '--dir',
        directory,
      );
      const { local } = await meshed(`redis-${protocol}`, port, protocol);
      const cli = (...words: string[]) => run('redis-cli', ['-h', '127.0.0.1', '-p', String(local), ...words]);
      await eventually(async () => expect((await cli('PING')).trim()).toBe('PONG'));
      const value = 'x'.repeat(100_000);
      expect((await run('redis-cli', ['-p', String(local), '-x', 'SET', 'key'], value)).trim()).toBe('OK');
      expect((await cli('GET', 'key')).trim()).toBe(value);
      // a pipe that ends first and then reads what it asked for
      const commands = 'INCR counter\r\n'.repeat(500);
      expect(await run('redis-cli', ['-p', String(local), '--pipe'], commands)).toContain('errors: 0, replies: 500');
      expect((await cli('GET', 'counter')).trim()).toBe('500');
    },
    60_000,
  );
});

describe.skipIf(postgres === null || !hasProgram('psql'))('PostgreSQL', () => {
  it.each(['tcp', 'auto'] as const)(
    'is called through two sidecars, with its port %s',
    async (protocol) => {
      const port = await freePort();
      running.push(await startPostgres(postgres ?? '', port));
      const { local } = await meshed(`postgres-${protocol}`, port, protocol);
      const psql = (statement: string) =>
        run('psql', ['-h', '127.0.0.1', '-p', String(local), '-U', 'heddle', '-d', 'postgres', '-qAtc', statement]);
      await eventually(async () => expect((await psql('select 6 * 7')).trim()).toBe('42'));
      await psql('create table items as select n, md5(n::text) as digest from generate_series(1, 50000) as n');
      const rows = await psql('select digest from items order by n');
      expect(rows.trim().split('\n')).toHaveLength(50_000);
      expect((await psql("select md5(string_agg(digest, '' order by n)) from items")).trim()).toMatch(/^[0-9a-f]{32}$/);
    },
    90_000,
  );
});

describe.skipIf(!hasProgram('openssl') || !hasProgram('curl'))('TLS of the application', () => {
  let port: number;
  let vault: { caller: RunningProxy; local: number };

  beforeAll(async () => {
    port = await freePort();
    const [key, certificate] = [join(directory, 'key.pem'), join(directory, 'certificate.pem')];
    const subject = ['-subj', '/CN=vault.default', '-addext', 'subjectAltName=DNS:vault.default'];
    const made = ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', ...subject];
    spawnSync('openssl', [...made, '-keyout', key, '-out', certificate, '-days', '1']);
    await start('openssl', port, 's_server', '-accept', String(port), '-cert', certificate, '-key', key, '-www');
    vault = await meshed('vault', port, 'auto');
  }, 30_000);

  const ca = join(directory, 'certificate.pem');

  it('passes through unopened: the certificate that openssl sees is the application’s', async () => {
    const connect = ['-connect', `127.0.0.1:${vault.local}`, '-servername', 'vault.default', '-CAfile', ca];
    await eventually(async () => {
      const text = await run('openssl', ['s_client', ...connect, '-verify_return_error'], 'GET / HTTP/1.0\r\n\r\n');
      expect(text).toContain('Verify return code: 0 (ok)');
    });
  }, 30_000);

  it('passes through a tunnel of the proxy port, as curl makes it', async () => {
    const proxy = `http://127.0.0.1:${vault.caller.outboundPort}`;
    const url = `https://vault.default:${port}/`;
    await eventually(async () => {
      expect(await run('curl', ['-sS', '--max-time', '10', '-x', proxy, '--cacert', ca, url])).toContain('Ciphers');
    });
  }, 30_000);
});
