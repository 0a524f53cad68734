import { join } from 'node:path';
import { request } from 'undici';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import type { RunningProxy } from '../../proxy/main.ts';
import { applyDocuments, applyText } from '../testing/apply-documents.ts';
import { statOf } from '../testing/cluster-stats.ts';
import { DeafPort } from '../testing/deaf-port.ts';
import { freePort } from '../testing/free-port.ts';
import { TestMesh } from '../testing/mesh.ts';
import { plainInstance } from '../testing/plain-services.ts';

let mesh: TestMesh;
let web: RunningProxy;
let outbound: number;
let deaf: DeafPort;

beforeAll(async () => {
  mesh = await TestMesh.start();
  const port = await mesh.application((asked, response) => {
    if (asked.url === '/never') return;
    if (asked.url !== '/drip') {
      response.end('well');
      return;
    }
    const drip = setInterval(() => response.write('drop'), 50);
    response.once('close', () => clearInterval(drip));
  });
  outbound = await freePort();
  web = await mesh.sidecar('web-1', { service: 'web', outboundPort: outbound, concurrency: 1 });
  const services = ['whole', 'silent', 'endless', 'rested', 'aged'];
  deaf = await DeafPort.open();
  const instances = services.map((service) => plainInstance(service, service, port));
  await applyText(mesh, instances.join('') + plainInstance('deaf', 'deaf', deaf.port));
  await applyDocuments(mesh, join(import.meta.dirname, 'timeouts.yaml'));
  for (const service of services) {
    await vi.waitUntil(async () => (await get(service, '/')).status === 200, { timeout: 15_000 });
  }
}, 60_000);

afterAll(async () => {
  await mesh?.close();
  await deaf?.close();
});

async function get(service: string, path: string) {
  const startedMs = performance.now();
  const answer = await request(`http://127.0.0.1:${outbound}${path}`, { headers: { host: service } });
  const text = await answer.body.text();
  const tookMs = performance.now() - startedMs;
  return { status: answer.statusCode, reason: answer.headers['x-heddle-reason'], text, tookMs };
}

describe('a time', () => {
  it('of the whole request ends it with 504', async () => {
    const { status, reason, tookMs } = await get('whole', '/never');
    expect([status, reason]).toEqual([504, 'UT']);
    expect(tookMs).toBeGreaterThan(350);
    expect(await statOf(web, 'whole', 'upstream_rq_timeout')).toBe(1);
  });

  it('of a connection that is not made ends the try, and the next one', async () => {
    const { status, reason, text, tookMs } = await get('deaf', '/');
    expect([status, reason]).toEqual([503, 'UF']);
    expect(text).toContain('no connection within 300 ms');
    expect(tookMs).toBeGreaterThan(590);
    expect(tookMs).toBeLessThan(5_000);
    expect(await statOf(web, 'deaf', 'upstream_cx_connect_fail')).toBe(2);
  });

  it('of silence ends what is silent, and nothing that moves', async () => {
    const { status, reason, tookMs } = await get('silent', '/never');
    expect([status, reason]).toEqual([504, 'SI']);
    expect(tookMs).toBeGreaterThan(500);
    const answer = await request(`http://127.0.0.1:${outbound}/drip`, { headers: { host: 'silent' } });
    const beganMs = performance.now();
    let bytes = 0;
    for await (const piece of answer.body) {
      bytes += piece.length;
      if (performance.now() - beganMs > 3000) break;
    }
    expect(bytes).toBeGreaterThan(4);
  }, 15_000);

  it('of a stream ends it though it moves', async () => {
    const startedMs = performance.now();
    await expect(get('endless', '/drip')).rejects.toThrow();
    expect(performance.now() - startedMs).toBeGreaterThan(900);
  });

  it('of a connection without a request closes it', async () => {
    expect((await get('rested', '/')).status).toBe(200);
    await vi.waitUntil(async () => (await statOf(web, 'rested', 'upstream_cx_active')) === 0, { timeout: 10_000 });
  });

  it('of a connection has the next request take a new one', async () => {
    const before = await statOf(web, 'aged', 'upstream_cx_total');
    await vi.waitUntil(
      async () => {
        expect((await get('aged', '/')).status).toBe(200);
        return (await statOf(web, 'aged', 'upstream_cx_total')) >= before + 2;
      },
      { timeout: 10_000 },
    );
  });
});
