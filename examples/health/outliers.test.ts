import { join } from 'node:path';
import { Agent, request } from 'undici';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import type { RunningProxy } from '../../proxy/main.ts';
import { applyDocuments } from '../testing/apply-documents.ts';
import { flagsOf, statOf } from '../testing/cluster-stats.ts';
import { freePort } from '../testing/free-port.ts';
import { TestMesh } from '../testing/mesh.ts';
import { InstanceProcess } from './instance-process.ts';

/** Three instances of what the caller calls; the third is the one that fails. */
let mesh: TestMesh;
let web: RunningProxy;
let url: string;
const agent = new Agent();
const instances: InstanceProcess[] = [];

beforeAll(async () => {
  mesh = await TestMesh.start();
  instances.push(...(await Promise.all(['cart-1', 'cart-2', 'cart-3'].map((name) => InstanceProcess.start(name)))));
  for (const { name, ports } of instances) {
    await mesh.sidecar(name, { service: 'cart', ports: [{ port: ports.http, protocol: 'http' }] });
  }
  const localPort = await freePort();
  url = `http://127.0.0.1:${localPort}/`;
  // each process judges by itself
  web = await mesh.sidecar('web-1', { service: 'web', upstreams: [{ service: 'cart', localPort }], concurrency: 1 });
  await applyDocuments(mesh, join(import.meta.dirname, 'outliers.yaml'));
  await vi.waitUntil(async () => (await answeredBy(30)).size === 3, { timeout: 15_000 });
}, 60_000);

afterAll(async () => {
  await agent.close();
  await mesh?.close();
  for (const instance of instances) await instance.kill();
});

async function call(): Promise<{ status: number; text: string }> {
  const { statusCode, body } = await request(url, { dispatcher: agent });
  return { status: statusCode, text: await body.text() };
}

/** Who answers so many calls; all of them are answered well. */
async function answeredBy(calls: number): Promise<Set<string>> {
  const names = new Set<string>();
  for (let i = 0; i < calls; i++) {
    const { status, text } = await call();
    if (status === 200) names.add(text);
    else names.add(`${status}`);
  }
  return names;
}

async function isOut(): Promise<boolean> {
  return (await flagsOf(web, 'cart'))['cart-3'] === '/failed_outlier_check';
}

/** Calls until the third instance is out; how many of the calls failed. */
async function callUntilOut(): Promise<number> {
  let failures = 0;
  await vi.waitUntil(
    async () => {
      for (let i = 0; i < 10; i++) if ((await call()).status !== 200) failures++;
      return isOut();
    },
    { timeout: 10_000, interval: 1 },
  );
  return failures;
}

describe('outlier detection', () => {
  it('leaves an instance out that answers 503, and lets it in when its time is over', async () => {
    const failing = instances[2] as InstanceProcess;
    failing.order({ fails: 'always' });
    expect(await callUntilOut()).toBeGreaterThanOrEqual(3);
    expect(await statOf(web, 'cart', 'outlier_detection.ejections_enforced_consecutive_gateway_failure')).toBe(1);
    failing.order({ fails: 'never' });
    await vi.waitUntil(async () => (await answeredBy(10)).has('cart-3'), { timeout: 15_000, interval: 10 });
    expect(await statOf(web, 'cart', 'outlier_detection.ejections_active')).toBe(0);
    expect(await flagsOf(web, 'cart')).toEqual({ 'cart-1': 'healthy', 'cart-2': 'healthy', 'cart-3': 'healthy' });
  });

  it('leaves an instance out that fails every other request', async () => {
    (instances[2] as InstanceProcess).order({ fails: 'every-other' });
    await callUntilOut();
    expect(await statOf(web, 'cart', 'outlier_detection.ejections_enforced_failure_percentage')).toBe(1);
    expect(await answeredBy(20)).toEqual(new Set(['cart-1', 'cart-2']));
    (instances[2] as InstanceProcess).order({ fails: 'never' });
    await vi.waitUntil(async () => (await answeredBy(10)).has('cart-3'), { timeout: 15_000, interval: 10 });
  });

  it('goes on without an instance whose process was killed', async () => {
    await instances[2]?.kill();
    await callUntilOut();
    expect(await answeredBy(50)).toEqual(new Set(['cart-1', 'cart-2']));
  });
});
