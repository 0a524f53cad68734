import type { IncomingMessage, ServerResponse } from 'node:http';
import { join } from 'node:path';
import { request } from 'undici';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import type { RunningProxy } from '../../proxy/main.ts';
import { applyDocuments } from '../testing/apply-documents.ts';
import { statOf } from '../testing/cluster-stats.ts';
import { freePort } from '../testing/free-port.ts';
import { TestMesh } from '../testing/mesh.ts';

let mesh: TestMesh;
let url: string;
let web: RunningProxy;
/** Requests that the slow instance has not answered. */
const held: ServerResponse[] = [];
/** What each instance was asked: method and path. */
const asked = { fast: [] as string[], slow: [] as string[] };
let isSlow = false;
/** Requests that the slow instance was told to forget. */
let givenUp = 0;

beforeAll(async () => {
  mesh = await TestMesh.start();
  const answer = (name: 'fast' | 'slow') => (message: IncomingMessage, response: ServerResponse) => {
    asked[name].push(`${message.method} ${message.url}`);
    message.resume();
    if (name === 'fast' || !isSlow) {
      response.end(name);
      return;
    }
    held.push(response);
    response.on('close', () => {
      if (!response.writableEnded) givenUp++;
    });
  };
  for (const name of ['fast', 'slow'] as const) {
    const port = await mesh.application(answer(name));
    await mesh.sidecar(`search-${name}`, { service: 'search', ports: [{ port, protocol: 'http' }] });
  }
  const localPort = await freePort();
  web = await mesh.sidecar('web-1', { service: 'web', upstreams: [{ service: 'search', localPort }] });
  url = `http://127.0.0.1:${localPort}`;
  await applyDocuments(mesh, join(import.meta.dirname, 'hedging.yaml'));
  const seen = new Set<string>();
  await vi.waitUntil(async () => seen.add((await ask('GET', '/')).text).size === 2, { timeout: 15_000 });
  isSlow = true;
}, 60_000);

afterAll(() => mesh?.close());

async function ask(method: 'GET' | 'POST', path: string) {
  const { statusCode, body } = await request(`${url}${path}`, { method });
  return { statusCode, text: await body.text() };
}

describe('hedging', () => {
  it('answers by the instance that is faster, and gives the other try up', async () => {
    asked.slow.length = 0;
    for (let i = 0; i < 8; i++) expect(await ask('GET', `/${i}`)).toEqual({ statusCode: 200, text: 'fast' });
    expect(asked.slow.length).toBeGreaterThan(0);
    await vi.waitUntil(() => givenUp === held.length, { timeout: 10_000 });
    // each search that the slow one had was asked of the fast one as well
    for (const search of asked.slow) expect(asked.fast).toContain(search);
    expect(await statOf(web, 'search', 'upstream_rq_hedge')).toBe(asked.slow.length);
  });

  it('is nothing for what may be done once', async () => {
    held.length = 0;
    const hedges = await statOf(web, 'search', 'upstream_rq_hedge');
    let order = Promise.resolve({ statusCode: 0, text: '' });
    for (let i = 0; held.length === 0; i++) {
      order = ask('POST', `/orders/${i}`);
      await Promise.race([order, vi.waitUntil(() => held.length > 0, { timeout: 10_000 }).catch(() => {})]);
    }
    const slow = asked.slow.at(-1) ?? '';
    expect(slow).toMatch(/^POST \/orders\//);
    // what is hedged takes longer than the time of a try: by now that of the order is over, too
    const hedged = asked.slow.length;
    while (asked.slow.length === hedged) await ask('GET', '/later');
    expect(asked.fast).not.toContain(slow);
    // each of those that were slow, but for the order
    expect(await statOf(web, 'search', 'upstream_rq_hedge')).toBe(hedges + asked.slow.length - hedged);
    held[0]?.end('done once');
    expect(await order).toEqual({ statusCode: 200, text: 'done once' });
    expect(asked.fast).not.toContain(slow);
  }, 30_000);
});
