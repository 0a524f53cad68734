import { once } from 'node:events';
import { join } from 'node:path';
import type { Metadata } from '@grpc/grpc-js';
import { credentials } from '@grpc/grpc-js';
import { Agent, request } from 'undici';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { clientOf } from '../../proto/client.ts';
import type { HealthClient } from '../../proto/generated/grpc/health/v1/Health.ts';
import type { RunningProxy } from '../../proxy/main.ts';
import { applyDocuments } from '../testing/apply-documents.ts';
import { flagsOf, statOf } from '../testing/cluster-stats.ts';
import { freePort } from '../testing/free-port.ts';
import { TestMesh } from '../testing/mesh.ts';
import { connectTcp } from '../testing/tcp-client.ts';
import { InstanceProcess } from './instance-process.ts';

/** Two processes, each with an instance of three services; the second is the one that is lost. */
let mesh: TestMesh;
let web: RunningProxy;
let grpc: HealthClient;
let ports: Readonly<Record<Kind, number>>;
const agent = new Agent();
const instances: InstanceProcess[] = [];
const services = { http: 'shop', grpc: 'rates', tcp: 'store' } as const;
type Kind = keyof typeof services;
const kinds = Object.keys(services) as Kind[];

beforeAll(async () => {
  mesh = await TestMesh.start();
  instances.push(...(await Promise.all(['a', 'b'].map((name) => InstanceProcess.start(name)))));
  for (const { name, ports: own } of instances) {
    for (const kind of kinds) {
      const port = { port: own[kind], protocol: kind };
      await mesh.sidecar(`${services[kind]}-${name}`, { service: services[kind], ports: [port] });
    }
  }
  ports = { http: await freePort(), grpc: await freePort(), tcp: await freePort() };
  const upstreams = kinds.map((kind) => ({ service: services[kind], localPort: ports[kind] }));
  // each process asks by itself
  web = await mesh.sidecar('web-1', { service: 'web', upstreams, concurrency: 1 });
  grpc = new (clientOf('grpc.health.v1.Health'))(`127.0.0.1:${ports.grpc}`, credentials.createInsecure(), {
    'grpc.enable_http_proxy': 0,
  });
  await applyDocuments(mesh, join(import.meta.dirname, 'checks.yaml'));
  await answeredByBoth();
}, 90_000);

afterAll(async () => {
  grpc?.close();
  await agent.close();
  for (const instance of instances) instance.thaw();
  await mesh?.close();
  for (const instance of instances) await instance.kill();
});

/** Who answers a call of that kind; rejects where it is not answered well. */
const call: Readonly<Record<Kind, () => Promise<string>>> = {
  async http() {
    const { statusCode, body } = await request(`http://127.0.0.1:${ports.http}/`, { dispatcher: agent });
    const text = await body.text();
    if (statusCode !== 200) throw new Error(`${statusCode} ${text}`);
    return text;
  },
  async grpc() {
    return await new Promise<string>((resolve, reject) => {
      let name = '';
      const started = grpc.Check({}, (error: Error | null) => (error === null ? resolve(name) : reject(error)));
      started.on('metadata', (metadata: Metadata) => {
        name = String(metadata.get('x-instance')[0]);
      });
    });
  },
  async tcp() {
    const socket = await connectTcp(ports.tcp);
    socket.write('PING\r\n');
    const [answer] = await once(socket, 'data');
    socket.destroy();
    return String(answer).replace('+PONG ', '').trim();
  },
};

async function answeredBy(kind: Kind, calls: number): Promise<string[]> {
  const names = new Set<string>();
  for (let i = 0; i < calls; i++) names.add(await call[kind]());
  return [...names].sort();
}

async function answeredByBoth(): Promise<void> {
  for (const kind of kinds) {
    const areBoth = async () => (await answeredBy(kind, 10).catch(() => [])).length === 2;
    await vi.waitUntil(areBoth, { timeout: 15_000, interval: 50 });
  }
}

/** What the caller's sidecar thinks of the second instance, service by service. */
async function secondIs(flags: string): Promise<void> {
  for (const kind of kinds) {
    const isSo = async () => (await flagsOf(web, services[kind]))[`${services[kind]}-b`] === flags;
    await vi.waitUntil(isSo, { timeout: 15_000, interval: 50 });
  }
}

describe('active health checks', () => {
  it('are passed by instances that are well', async () => {
    await secondIs('healthy');
    for (const kind of kinds) {
      expect(await statOf(web, services[kind], 'health_check.success'), kind).toBeGreaterThan(0);
      expect(await statOf(web, services[kind], 'health_check.healthy'), kind).toBe(2);
    }
  });

  it('find an instance that hangs, so that no call meets it, and find it again when it goes on', async () => {
    instances[1]?.freeze();
    await secondIs('/failed_active_hc');
    for (const kind of kinds) expect(await answeredBy(kind, 30), kind).toEqual(['a']);
    instances[1]?.thaw();
    await secondIs('healthy');
    await answeredByBoth();
  }, 60_000);

  it('are not waited for by an instance that says itself that it leaves', async () => {
    instances[1]?.order({ fails: 'leaving' });
    const saysFarewell = async () => {
      const { headers, body } = await request(`http://127.0.0.1:${ports.http}/`, { dispatcher: agent });
      await body.dump();
      return headers['x-envoy-immediate-health-check-fail'] !== undefined;
    };
    await vi.waitUntil(saysFarewell, { timeout: 15_000, interval: 1 });
    for (let i = 0; i < 40; i++) expect(await saysFarewell()).toBe(false);
    const isOut = async () => (await flagsOf(web, 'shop'))['shop-b'] === '/failed_active_hc';
    await vi.waitUntil(isOut, { timeout: 15_000, interval: 50 });
    instances[1]?.order({ fails: 'never' });
    await secondIs('healthy');
    await answeredByBoth();
  }, 60_000);

  it('find an instance that was killed, so that no call meets it', async () => {
    await instances[1]?.kill();
    await secondIs('/failed_active_hc');
    for (const kind of kinds) expect(await answeredBy(kind, 30), kind).toEqual(['a']);
  }, 60_000);
});
