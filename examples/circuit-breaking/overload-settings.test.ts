import { request } from 'undici';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import type { RunningProxy } from '../../proxy/main.ts';
import { applyText } from '../testing/apply-documents.ts';
import { freePort } from '../testing/free-port.ts';
import { TestMesh } from '../testing/mesh.ts';
import { plainInstance, policyFor } from '../testing/plain-services.ts';

let mesh: TestMesh;
let outbound: number;
let port: number;
let asked = 0;
/** Every so many-th request fails; 0 is none. */
let failsEvery = 0;

beforeAll(async () => {
  mesh = await TestMesh.start();
  port = await mesh.application((_asked, response) => {
    asked++;
    response.writeHead(failsEvery > 0 && asked % failsEvery === 0 ? 500 : 200).end('well');
  });
  outbound = await freePort();
  // each process counts by itself
  await mesh.sidecar('web-1', { service: 'web', outboundPort: outbound, concurrency: 1 });
}, 60_000);

afterAll(() => mesh?.close());

async function call(service: string) {
  const { statusCode, body } = await request(`http://127.0.0.1:${outbound}/`, { headers: { host: service } });
  return { status: statusCode, isDenied: (await body.text()).includes('admissionDenied') };
}

/** How many of so many requests are held back. */
async function denied(service: string, count: number): Promise<number> {
  let list = 0;
  for (let i = 0; i < count; i++) if ((await call(service)).isDenied) list++;
  return list;
}

async function start(service: string, admission: string): Promise<void> {
  const policy = policyFor(
    service,
    'retry: { numRetries: 0 }',
    'healthCheck: { passive: { consecutive5XxErrors: 0 } }',
    `admissionControl: { ${admission} }`,
  );
  await applyText(mesh, plainInstance(service, service, port) + policy);
  await vi.waitUntil(async () => (await call(service)).status === 200, { timeout: 15_000 });
}

describe('admission control', () => {
  it('holds the more back the higher its aggression, up to the highest probability', async () => {
    await start('meek', 'successRateThreshold: 95');
    await start('harsh', 'successRateThreshold: 95, aggression: 100');
    await start('bounded', 'successRateThreshold: 95, aggression: 100, maxRejectionProbability: 20');
    // a fifth fails, so some 16 % of what 95 % would be: (0.16) ^ (1/100) is all of them, or 80 %, or 20 %
    failsEvery = 5;
    const [meek, harsh, bounded] = [
      await denied('meek', 300),
      await denied('harsh', 300),
      await denied('bounded', 300),
    ];
    failsEvery = 0;
    expect(meek).toBeLessThan(120);
    expect(harsh).toBeGreaterThan(180);
    expect(bounded).toBeGreaterThan(10);
    expect(bounded).toBeLessThan(120);
  }, 40_000);

  it('forgets what was before its samplingWindow', async () => {
    await start('forgetful', 'samplingWindow: 1s');
    await start('mindful', 'samplingWindow: 10m');
    failsEvery = 1;
    for (const service of ['forgetful', 'mindful']) expect(await denied(service, 60)).toBeGreaterThan(20);
    failsEvery = 0;
    await vi.waitUntil(async () => (await denied('forgetful', 20)) === 0, { timeout: 15_000 });
    expect(await denied('mindful', 40)).toBeGreaterThan(0);
  }, 40_000);
});

describe('adaptive concurrency', () => {
  const number = async (proxy: RunningProxy, name: string) => {
    const page = await (await fetch(`http://${proxy.adminAddress}/stats/prometheus`)).text();
    return Number(
      page
        .split('\n')
        .find((line) => line.startsWith(`${name} `))
        ?.slice(name.length),
    );
  };

  it('lets no more requests through at a time than maxConcurrency, and is set each updateInterval', async () => {
    const of = { few: 'maxConcurrency: 5, updateInterval: 50ms', still: 'updateInterval: 1h' };
    for (const [service, settings] of Object.entries(of)) {
      const proxy = await mesh.sidecar(`${service}-1`, {
        ...{ service, concurrency: 1, ports: [{ port, protocol: 'http' as const }] },
      });
      const measured = 'minRTT: { requestCount: 5, interval: 1h, jitterPercent: 0, bufferPercent: 100 }';
      await applyText(mesh, policyFor(service, `adaptiveConcurrency: { ${settings}, ${measured} }`));
      const isMeasured = async () => {
        await call(service);
        return (await number(proxy, 'heddle_adaptive_concurrency_min_rtt_ms')) > 0;
      };
      await vi.waitUntil(isMeasured, { timeout: 15_000 });
      const limit = () => number(proxy, 'heddle_adaptive_concurrency_limit');
      if (service === 'still') {
        const before = await limit();
        for (let i = 0; i < 40; i++) await call(service);
        expect(await limit()).toBe(before);
      } else {
        const isAtMost = async () => (await call(service)) && (await limit()) === 5;
        await vi.waitUntil(isAtMost, { timeout: 15_000 });
        for (let i = 0; i < 40; i++) await call(service);
        expect(await limit()).toBeLessThanOrEqual(5);
      }
    }
  }, 40_000);
});
