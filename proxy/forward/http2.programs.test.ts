import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { freePort } from '../../examples/testing/free-port.ts';
import type { RunningProgram } from '../../examples/testing/program.ts';
import { startProgram } from '../../examples/testing/program.ts';
import { hasProgram } from '../../examples/testing/programs.ts';
import type { Forwarder } from '../testing/forwarder.ts';
import { startForwarder } from '../testing/forwarder.ts';

const run = promisify(execFile);
const options = { timeout: 30_000, maxBuffer: 64_000_000, encoding: 'latin1' } as const;

describe.skipIf(!hasProgram('nghttpd'))('nghttpd behind the proxy', () => {
  let server: RunningProgram;
  let folder: string;
  let forwarder: Forwarder;
  let url: string;

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'heddle-'));
    writeFileSync(join(folder, 'small'), 'small file');
    writeFileSync(join(folder, 'large'), Buffer.alloc(5_000_000, 'l'));
    const port = await freePort();
    server = await startProgram('nghttpd', ['--no-tls', '--echo-upload', '-d', folder, String(port)], port);
    forwarder = await startForwarder([port], { cluster: { upstreamProtocol: 'http2' } });
    url = `http://127.0.0.1:${forwarder.port}`;
  });

  afterAll(async () => {
    await forwarder?.close();
    await server?.stop();
    if (folder !== undefined) rmSync(folder, { recursive: true });
  });

  it.skipIf(!hasProgram('curl'))('answers curl, with HTTP/2 by prior knowledge and with HTTP/1.1', async () => {
    for (const version of ['--http2-prior-knowledge', '--http1.1']) {
      const small = await run('curl', ['-s', version, `${url}/small`], options);
      expect(small.stdout).toBe('small file');
      const large = await run('curl', ['-s', version, `${url}/large`], options);
      expect(large.stdout.length).toBe(5_000_000);
      const upload = await run('curl', ['-s', version, '--data-binary', `@${join(folder, 'large')}`, url], options);
      expect(upload.stdout.length).toBe(5_000_000);
    }
  });

  it.skipIf(!hasProgram('nghttp'))('answers nghttp, which pads, sends trailers and splits header blocks', async () => {
    const { stdout } = await run(
      'nghttp',
      ['-nv', '--padding=100', '--trailer=x-trailer: 1', '--continuation', '-d', join(folder, 'small'), `${url}/`],
      options,
    );
    expect(stdout).toContain(':status: 200');
    expect(stdout).not.toMatch(/recv (RST_STREAM|GOAWAY)/);
  });

  it.skipIf(!hasProgram('h2load'))('answers every request of h2load', async () => {
    const { stdout } = await run('h2load', ['-n', '4000', '-c', '4', '-m', '32', `${url}/small`], options);
    expect(stdout).toContain('status codes: 4000 2xx, 0 3xx, 0 4xx, 0 5xx');
    const big = await run(
      'h2load',
      ['-n', '40', '-c', '2', '-m', '10', '-w', '16', '-W', '18', `${url}/large`],
      options,
    );
    expect(big.stdout).toContain('status codes: 40 2xx, 0 3xx, 0 4xx, 0 5xx');
    expect(big.stdout).toContain('40 succeeded, 0 failed');
  });
});
