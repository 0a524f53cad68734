import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { request } from 'undici';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import type { BackendTrafficPolicy } from '../../control-plane/model/backend-traffic-policy.ts';
import type { HttpRoute } from '../../control-plane/model/http-route.ts';
import { kinds } from '../../control-plane/model/kinds.ts';
import { parseDocuments } from '../../control-plane/model/parse-documents.ts';
import { freePort } from '../testing/free-port.ts';
import { TestMesh } from '../testing/mesh.ts';

let mesh: TestMesh;
let url: string;
/** Answers that wait to be given. */
const held: (() => void)[] = [];
const carts = new Map<string, Awaited<ReturnType<TestMesh['sidecar']>>>();

/** Where each instance of cart runs; web is in the zone of the second. */
const places = {
  'cart-1': { region: 'eu', zone: 'a' },
  'cart-2': { region: 'eu', zone: 'b' },
  'cart-3': { region: 'us', zone: 'c' },
} as const;

beforeAll(async () => {
  mesh = await TestMesh.start();
  for (const [name, place] of Object.entries(places)) {
    const port = await mesh.application((asked, response) => {
      if (asked.url === '/slow') held.push(() => response.end(name));
      else response.end(name);
    });
    const labels = { version: name === 'cart-3' ? 'v2' : 'v1' };
    const ports = [{ port, protocol: 'http' }] as const;
    carts.set(name, await mesh.sidecar(name, { service: 'cart', labels, ports, ...place }));
  }
  const localPort = await freePort();
  await mesh.sidecar('web-1', { service: 'web', upstreams: [{ service: 'cart', localPort }], ...places['cart-2'] });
  url = `http://127.0.0.1:${localPort}`;
  await vi.waitUntil(async () => (await answers(30)).size === 3, { timeout: 15_000 });
}, 60_000);

afterAll(async () => {
  await mesh?.close();
});

async function call(headers: Record<string, string> = {}) {
  const { headers: answer, body } = await request(url, { headers });
  return { name: await body.text(), cookie: answer['set-cookie'] };
}

/** Who answers so many requests. */
async function answers(count: number): Promise<Set<string>> {
  const names = new Set<string>();
  for (let i = 0; i < count; i++) names.add((await call()).name);
  return names;
}

async function apply(file: string): Promise<void> {
  const [parsed] = parseDocuments(readFileSync(join(import.meta.dirname, file), 'utf8')).documents;
  const read = parsed?.document as BackendTrafficPolicy | HttpRoute;
  const { document } =
    read.kind === 'HTTPRoute'
      ? await mesh.api.apply(kinds.HTTPRoute, read)
      : await mesh.api.apply(kinds.BackendTrafficPolicy, read);
  await mesh.api.convergence(document.metadata.resourceVersion ?? '0', 10_000);
}

const users = Array.from({ length: 40 }, (_, index) => `user-${index}`);

async function ownersOfUsers(): Promise<string[]> {
  const owners: string[] = [];
  for (const user of users) owners.push((await call({ 'x-user': user })).name);
  return owners;
}

describe('balancing', () => {
  it('sends the requests of one user to one instance, and those of all users to all', async () => {
    await apply('by-user.yaml');
    const owners = await ownersOfUsers();
    expect(new Set(owners)).toEqual(new Set(Object.keys(places)));
    expect(await ownersOfUsers()).toEqual(owners);
  });

  it('lets a user with many requests at a time have other instances too', async () => {
    await apply('bounded.yaml');
    const owner = (await call({ 'x-user': 'busy' })).name;
    const slow = Array.from({ length: 12 }, async () => {
      const { body } = await request(`${url}/slow`, { headers: { 'x-user': 'busy' } });
      return await body.text();
    });
    await vi.waitUntil(() => held.length === 12, { timeout: 10_000 });
    for (const answer of held.splice(0)) answer();
    const counts = new Map<string, number>();
    for (const name of await Promise.all(slow)) counts.set(name, (counts.get(name) ?? 0) + 1);
    // 125 % of a third of 12 is 5; each of several processes rounds up by itself
    expect(Math.max(...counts.values())).toBeLessThanOrEqual(6);
    expect(counts.get(owner)).toBeGreaterThanOrEqual(4);
    expect((await call({ 'x-user': 'busy' })).name).toBe(owner);
  });

  it('gives a client a cookie that leads it to the same instance', async () => {
    await apply('by-cookie.yaml');
    for (let client = 0; client < 10; client++) {
      const first = await call();
      expect(first.cookie).toMatch(/^cart-client=[0-9a-f]{16}; Max-Age=3600; Path=\/; SameSite=Lax; HttpOnly$/);
      const second = await call({ cookie: String(first.cookie).split(';')[0] ?? '' });
      expect(second).toEqual({ name: first.name, cookie: undefined });
    }
  });

  it('keeps a client with its instance, whichever version that is, and finds it another when it leaves', async () => {
    await mesh.api.delete(kinds.BackendTrafficPolicy, 'default', 'cart');
    await apply('session.yaml');
    const sessions = new Map<string, string>();
    for (let client = 0; client < 24; client++) {
      const { name, cookie } = await call();
      expect(cookie).toMatch(/^cart-session=[0-9A-Za-z+/=]+; Max-Age=3600; Path=\/; HttpOnly$/);
      sessions.set(name, String(cookie).split(';')[0] ?? '');
    }
    expect(sessions.size).toBe(3);
    for (const [name, cookie] of sessions) {
      for (let i = 0; i < 4; i++) expect(await call({ cookie })).toEqual({ name, cookie: undefined });
    }
    const stranger = await call({ cookie: 'cart-session=bm90IG9mIHRoaXMgbWVzaA==' });
    expect(stranger.cookie).toMatch(/^cart-session=/);
    await mesh.api.delete(kinds.HTTPRoute, 'default', 'cart');
  });

  it('refuses a client whose instance is gone, where the sessions of its route are strict', async () => {
    const desks = new Map<string, Awaited<ReturnType<TestMesh['sidecar']>>>();
    for (const name of ['desk-1', 'desk-2']) {
      const port = await mesh.application((_request, response) => response.end(name));
      desks.set(name, await mesh.sidecar(name, { service: 'desk', ports: [{ port, protocol: 'http' }] }));
    }
    await apply('strict-session.yaml');
    const localPort = await freePort();
    await mesh.sidecar('clerk-1', { service: 'clerk', upstreams: [{ service: 'desk', localPort }] });
    const ask = async (cookie = '') => {
      const answer = await request(`http://127.0.0.1:${localPort}`, { headers: { cookie } });
      const given = String(answer.headers['set-cookie'] ?? '');
      return { status: answer.statusCode, text: await answer.body.text(), cookie: given };
    };
    await vi.waitUntil(async () => (await ask()).status === 200, { timeout: 10_000 });
    const { text: name, cookie } = await ask();
    expect(cookie).toMatch(/^desk=[0-9A-Za-z+/=]+; Max-Age=28800; Path=\/; HttpOnly$/);
    const session = cookie.split(';')[0] ?? '';
    for (let i = 0; i < 4; i++) expect(await ask(session)).toMatchObject({ status: 200, text: name });
    const proxy = desks.get(name);
    if (proxy !== undefined) await mesh.stopSidecar(proxy);
    // until its lease is withdrawn, it is an instance that cannot be connected to
    const isLost = async () => (await ask(session)).text.includes('sessionLost');
    await vi.waitUntil(isLost, { timeout: 15_000 });
    expect((await ask(session)).status).toBe(503);
    expect(await ask()).toMatchObject({ status: 200, text: name === 'desk-1' ? 'desk-2' : 'desk-1' });
  }, 30_000);

  it('keeps requests in the caller’s zone, and goes to the next when that has nobody left', async () => {
    await apply('near-first.yaml');
    await vi.waitUntil(async () => [...(await answers(10))].join() === 'cart-2', { timeout: 10_000 });
    for (const [gone, next] of [
      ['cart-2', 'cart-1'],
      ['cart-1', 'cart-3'],
    ] as const) {
      const proxy = carts.get(gone);
      if (proxy !== undefined) await mesh.stopSidecar(proxy);
      await vi.waitUntil(async () => [...(await answers(10))].join() === next, { timeout: 10_000 });
    }
  }, 30_000);

  it('gives an instance of three times the weight three times the requests', async () => {
    const text = readFileSync(join(import.meta.dirname, 'weights.yaml'), 'utf8');
    const ports = new Map<string, number>();
    for (const name of ['till-1', 'till-2']) {
      ports.set(name, await mesh.application((_request, response) => response.end(name)));
    }
    // the file is as users write it; the applications of this test are on free ports
    const written = text.replace('9001', String(ports.get('till-1'))).replace('9002', String(ports.get('till-2')));
    const { documents, violations } = parseDocuments(written);
    expect(violations).toEqual([]);
    for (const { document } of documents) {
      if (document.kind === 'Workload') await mesh.api.apply(kinds.Workload, document);
      else await mesh.api.apply(kinds.BackendTrafficPolicy, document);
    }
    const localPort = await freePort();
    await mesh.sidecar('shopper-1', { service: 'shopper', upstreams: [{ service: 'till', localPort }] });
    const counts = { 'till-1': 0, 'till-2': 0 };
    for (let i = 0; i < 400; i++) {
      const { body } = await request(`http://127.0.0.1:${localPort}`);
      counts[(await body.text()) as keyof typeof counts]++;
    }
    expect(counts).toEqual({ 'till-1': 100, 'till-2': 300 });
  });
});
