import { readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { request } from 'undici';
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import type { BackendTrafficPolicy } from '../../control-plane/model/backend-traffic-policy.ts';
import { kinds } from '../../control-plane/model/kinds.ts';
import { parseDocuments } from '../../control-plane/model/parse-documents.ts';
import type { RunningProxy } from '../../proxy/main.ts';
import { freePort } from '../testing/free-port.ts';
import { TestMesh } from '../testing/mesh.ts';
import type { Nginx } from '../testing/nginx.ts';
import { startNginx } from '../testing/nginx.ts';
import type { RunningProgram } from '../testing/program.ts';
import { run, startProgram } from '../testing/program.ts';
import { hasProgram } from '../testing/programs.ts';

/** What the document says, and what may pass at once after a pause. */
const RATE = 1024 * 1024;
/** A second's worth, and what passes at once. */
const FILE_BYTES = 2 * RATE;

/**
 * Every time here is a lower bound: a slow machine makes them longer, and none may be shorter than the limit allows. A timer
 * may see its clock a little earlier than we see ours.
 */
const least = (bytes: number) => (bytes - RATE) / RATE - 0.02;

describe.skipIf(!['nginx', 'nghttpd', 'nghttp', 'curl'].every(hasProgram))('a limit of bandwidth', () => {
  let mesh: TestMesh;
  let nginx: Nginx;
  let nghttpd: RunningProgram;
  let files: RunningProxy;
  let streams: RunningProxy;
  /** Of the caller. */
  let filesPort: number;
  let streamsPort: number;
  let received = 0;

  beforeAll(async () => {
    const upload = await startUploads();
    nginx = await startNginx(`location /in { client_max_body_size 10m; proxy_pass http://127.0.0.1:${upload}; }`);
    await writeFile(join(nginx.folder, 'large'), Buffer.alloc(FILE_BYTES, 'x'));
    await writeFile(join(nginx.folder, 'index.html'), 'woven\n');
    const http2 = await freePort();
    nghttpd = await startProgram('nghttpd', ['--no-tls', '-d', nginx.folder, String(http2)], http2);
    files = await mesh.sidecar('files-1', { service: 'files', ports: [{ port: nginx.port, protocol: 'http' }] });
    streams = await mesh.sidecar('streams-1', { service: 'streams', ports: [{ port: http2, protocol: 'http2' }] });
    [filesPort, streamsPort] = [await freePort(), await freePort()];
    await mesh.sidecar('web-1', {
      service: 'web',
      upstreams: [
        { service: 'files', localPort: filesPort },
        { service: 'streams', localPort: streamsPort },
      ],
    });
    for (const port of [filesPort, streamsPort]) {
      await vi.waitFor(async () => expect((await get(port, '/')).status).toBe(200), { timeout: 15_000 });
    }
    const [parsed] = parseDocuments(readFileSync(join(import.meta.dirname, 'bandwidth-limit.yaml'), 'utf8')).documents;
    const { document } = await mesh.api.apply(kinds.BackendTrafficPolicy, parsed?.document as BackendTrafficPolicy);
    await mesh.api.convergence(document.metadata.resourceVersion ?? '0', 10_000);
  }, 60_000);

  afterAll(async () => {
    await mesh?.close();
    await nghttpd?.stop();
    await nginx?.stop();
  }, 60_000);

  /** An application behind nginx that counts what it is sent. */
  async function startUploads(): Promise<number> {
    mesh = await TestMesh.start();
    return await mesh.application((asked, response) => {
      let bytes = 0;
      asked.on('data', (chunk) => {
        bytes += chunk.length;
      });
      asked.on('error', () => {});
      asked.on('end', () => {
        received += bytes;
        response.end('taken');
      });
    });
  }

  /** What curl saw: the status, the bytes that it got, and its own clock's seconds. */
  async function get(port: number, path: string, ...parameters: string[]) {
    const format = '%{http_code} %{size_download} %{time_total}';
    const said = await run('curl', [
      '-s',
      '-o',
      '/dev/null',
      '-w',
      format,
      ...parameters,
      `http://127.0.0.1:${port}${path}`,
    ]);
    const [status = 0, bytes = 0, seconds = 0] = said.split(' ').map(Number);
    return { status, bytes, seconds };
  }

  async function metric(proxy: RunningProxy, name: string): Promise<number> {
    const page = await (await request(`http://${proxy.adminAddress}/stats/prometheus`)).body.text();
    return Number(new RegExp(`^heddle_bandwidth_limit_${name} (\\S+)`, 'm').exec(page)?.[1]);
  }

  beforeEach(async () => {
    for (const proxy of [files, streams]) {
      await vi.waitFor(async () => expect(await metric(proxy, 'response_pending')).toBe(0), { timeout: 5_000 });
    }
  });

  it('takes a large file at least its time', async () => {
    expect(await get(filesPort, '/large')).toMatchObject({ status: 200, bytes: FILE_BYTES });
    const { seconds } = await get(filesPort, '/large');
    expect(seconds).toBeGreaterThanOrEqual(least(FILE_BYTES));
    expect(await metric(files, 'response_allowed_bytes_total')).toBeGreaterThanOrEqual(2 * FILE_BYTES);
    expect(await metric(files, 'response_enforced_total')).toBeGreaterThanOrEqual(2);
  });

  it('never lets more pass than the rate, by the count of the sidecar, whoever asks', async () => {
    const before = await metric(files, 'response_allowed_bytes_total');
    const startMs = performance.now();
    let isOver = false;
    const all = Promise.all([1, 2].map(() => get(filesPort, '/large'))).finally(() => {
      isOver = true;
    });
    let looks = 0;
    while (!isOver) {
      const passed = (await metric(files, 'response_allowed_bytes_total')) - before;
      const seconds = (performance.now() - startMs) / 1000;
      expect(passed).toBeLessThanOrEqual(RATE * (1 + seconds + 0.02));
      looks++;
    }
    expect(looks).toBeGreaterThan(5);
    const [one, other] = await all;
    expect([one?.bytes, other?.bytes]).toEqual([FILE_BYTES, FILE_BYTES]);
    expect(Math.max(one?.seconds ?? 0, other?.seconds ?? 0)).toBeGreaterThanOrEqual(least(2 * FILE_BYTES));
  }, 30_000);

  it('takes an upload at least its time, and all of it arrives', async () => {
    const before = received;
    const large = join(nginx.folder, 'large');
    const { status, seconds } = await get(filesPort, '/in', '-T', large);
    expect([status, received - before]).toEqual([200, FILE_BYTES]);
    expect(seconds).toBeGreaterThanOrEqual(least(FILE_BYTES));
    const chunked = await get(filesPort, '/in', '-T', large, '-H', 'transfer-encoding: chunked');
    expect([chunked.status, received - before]).toEqual([200, 2 * FILE_BYTES]);
    expect(chunked.seconds).toBeGreaterThanOrEqual(least(FILE_BYTES));
  }, 30_000);

  it('holds for streams of HTTP/2, whose trailers say so', async () => {
    const startMs = performance.now();
    const said = await run('nghttp', ['-v', '-n', '--no-dep', `http://127.0.0.1:${streamsPort}/large`]);
    const tookMs = performance.now() - startMs;
    expect(tookMs / 1000).toBeGreaterThanOrEqual(least(FILE_BYTES));
    const delay = Number(/x-files-bandwidth-response-filter-delay-ms: (\d+)/.exec(said)?.[1]);
    expect(delay).toBeGreaterThan(0);
    expect(delay).toBeLessThanOrEqual(tookMs);
    expect(await metric(streams, 'response_allowed_bytes_total')).toBeGreaterThanOrEqual(FILE_BYTES);
  }, 30_000);

  it('goes on for others when a client gives up in the middle', async () => {
    await expect(
      run('curl', ['-s', '-m', '0.5', '-o', '/dev/null', `http://127.0.0.1:${filesPort}/large`]),
    ).rejects.toThrow('ended with 28');
    await vi.waitFor(async () => expect(await metric(files, 'response_pending')).toBe(0), { timeout: 10_000 });
    expect((await get(filesPort, '/')).status).toBe(200);
  }, 30_000);
});
