import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { freePort } from '../testing/free-port.ts';
import { TestMesh } from '../testing/mesh.ts';
import type { RunningProgram } from '../testing/program.ts';
import { run, startProgram } from '../testing/program.ts';
import { hasProgram } from '../testing/programs.ts';

const programs = ['nghttpd', 'nghttp', 'h2load', 'curl', 'nginx'];

/** One byte more than a window of the protocol's default size, several times. */
const LARGE_BYTES = 5 * 65_536;

describe.skipIf(!programs.every(hasProgram))('HTTP/2 through two sidecars', () => {
  const directory = mkdtempSync(join(tmpdir(), 'heddle-http2-'));
  const running: RunningProgram[] = [];
  let mesh: TestMesh;
  /** Local ports of the caller: for a server of HTTP/2, and for one that knows HTTP/1.1 alone. */
  let http2: number;
  let http1: number;

  beforeAll(async () => {
    writeFileSync(join(directory, 'index.html'), 'woven\n');
    writeFileSync(join(directory, 'large'), 'x'.repeat(LARGE_BYTES));
    const nghttpd = await freePort();
    const nginx = await freePort();
    running.push(await startProgram('nghttpd', ['--no-tls', '-d', directory, String(nghttpd)], nghttpd));
    running.push(await startProgram('nginx', ['-p', directory, '-c', nginxFile(directory, nginx)], nginx));
    mesh = await TestMesh.start();
    await mesh.sidecar('two-1', { service: 'two', ports: [{ port: nghttpd, protocol: 'http2' }] });
    await mesh.sidecar('one-1', { service: 'one', ports: [{ port: nginx, protocol: 'http' }] });
    http2 = await freePort();
    http1 = await freePort();
    await mesh.sidecar('caller-1', {
      service: 'caller',
      upstreams: [
        { service: 'two', localPort: http2 },
        { service: 'one', localPort: http1 },
      ],
    });
    for (const port of [http2, http1]) {
      await vi.waitFor(async () => expect(await get('--http1.1', port)).toContain('200'), { timeout: 15_000 });
    }
  }, 60_000);

  afterAll(async () => {
    await mesh?.close();
    for (const program of running) await program.stop();
    rmSync(directory, { recursive: true, force: true });
  }, 60_000);

  /** Version and status that curl saw, and the size of what it got. */
  async function get(version: string, port: number, path = '/'): Promise<string> {
    const format = '%{http_version} %{http_code} %{size_download}';
    return await run('curl', [version, '-s', '-o', '/dev/null', '-w', format, `http://127.0.0.1:${port}${path}`]);
  }

  it.each([
    ['--http2-prior-knowledge', '2'],
    ['--http1.1', '1.1'],
  ])('serves curl %s from servers of either version', async (flag, version) => {
    for (const port of [http2, http1]) {
      expect(await get(flag, port)).toBe(`${version} 200 6`);
      expect(await get(flag, port, '/large')).toBe(`${version} 200 ${LARGE_BYTES}`);
      expect(await get(flag, port, '/missing')).toContain(`${version} 404`);
    }
  });

  it('takes a body of unknown length in either version to either server', async () => {
    const body = join(directory, 'large');
    for (const flag of ['--http2-prior-knowledge', '--http1.1']) {
      const common = [flag, '-s', '-o', '/dev/null', '-w', '%{http_code}', '-H', 'transfer-encoding: chunked'];
      const answer = await run('curl', [...common, '-T', body, `http://127.0.0.1:${http2}/upload`]);
      expect(answer).toMatch(/^(200|404|405)$/);
    }
  });

  it('carries many streams on one connection of nghttp', async () => {
    const url = `http://127.0.0.1:${http2}`;
    const paths = Array.from({ length: 30 }, (_, index) => `${url}/large?${index}`);
    const told = await run('nghttp', ['--no-dep', '--null-out', '--stat', ...paths]);
    expect(told.match(/ 200 +\d+K? \/large/g)).toHaveLength(30);
  });

  it.each([
    ['many streams on few connections', ['-c', '4', '-m', '32']],
    ['one stream on each of many connections', ['-c', '32', '-m', '1']],
  ])('serves h2load with %s, every request', async (_case, load) => {
    for (const port of [http2, http1]) {
      const told = await run('h2load', ['-n', '2000', ...load, `http://127.0.0.1:${port}/`]);
      expect(told).toContain('2000 total, 2000 started, 2000 done, 2000 succeeded, 0 failed, 0 errored, 0 timeout');
      expect(told).toContain('status codes: 2000 2xx');
    }
  });
});

function nginxFile(directory: string, port: number): string {
  const file = join(directory, 'nginx.conf');
  writeFileSync(
    file,
    `daemon off; master_process off; pid ${directory}/nginx.pid; error_log ${directory}/error.log;
     events {} http { access_log off; client_body_temp_path ${directory}/body; proxy_temp_path ${directory}/proxy;
       fastcgi_temp_path ${directory}/fastcgi; uwsgi_temp_path ${directory}/uwsgi; scgi_temp_path ${directory}/scgi;
       server { listen 127.0.0.1:${port}; root ${directory}; } }`,
  );
  return file;
}
