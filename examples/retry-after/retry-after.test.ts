import { join } from 'node:path';
import { request } from 'undici';
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { applyDocuments } from '../testing/apply-documents.ts';
import { freePort } from '../testing/free-port.ts';
import { TestMesh } from '../testing/mesh.ts';

let mesh: TestMesh;
let url: string;
type Name = 'a' | 'b';
/** How many requests each instance has refused. */
const refused: Record<Name, number> = { a: 0, b: 0 };
/** What an instance that is busy answers as Retry-After; null for one that is not. */
const busy: Record<Name, string | null> = { a: null, b: null };
/** Each process of the caller's sidecar is told by itself. */
const processes = Number(process.env.HEDDLE_TEST_CONCURRENCY ?? 1);

beforeAll(async () => {
  mesh = await TestMesh.start();
  for (const name of ['a', 'b'] as const) {
    const port = await mesh.application((_message, response) => {
      const retryAfter = busy[name];
      if (retryAfter === null) {
        response.end(name);
        return;
      }
      refused[name]++;
      response.writeHead(429, { 'retry-after': retryAfter }).end('busy');
    });
    await mesh.sidecar(`quotes-${name}`, { service: 'quotes', ports: [{ port, protocol: 'http' }] });
  }
  const localPort = await freePort();
  await mesh.sidecar('web-1', { service: 'web', upstreams: [{ service: 'quotes', localPort }] });
  url = `http://127.0.0.1:${localPort}`;
  await applyDocuments(mesh, join(import.meta.dirname, 'retry-after.yaml'));
}, 60_000);

afterAll(() => mesh?.close());

beforeEach(async () => {
  Object.assign(busy, { a: null, b: null });
  await vi.waitUntil(async () => (await answers(12)).size === 2, { timeout: 15_000 });
  Object.assign(refused, { a: 0, b: 0 });
}, 30_000);

async function ask() {
  const { statusCode, headers, body } = await request(url);
  return { statusCode, retryAfter: headers['retry-after'], text: await body.text() };
}

/** Who answers so many requests, none of which is refused. */
async function answers(count: number): Promise<Set<string>> {
  const names = new Set<string>();
  for (let i = 0; i < count; i++) {
    const { statusCode, text } = await ask();
    expect(statusCode).toBe(200);
    names.add(text);
  }
  return names;
}

describe('an instance that asks to be called later', () => {
  it.each([
    ['in seconds', () => '2'],
    // a date has whole seconds: what is two away may be one
    ['at a time', () => new Date(Date.now() + 3000).toUTCString()],
  ])(
    '%s is passed over until then, and nobody hears of it',
    async (_how, retryAfter) => {
      busy.a = retryAfter();
      await vi.waitUntil(async () => {
        expect(await answers(1)).toEqual(new Set(['b']));
        return refused.a > 0;
      });
      expect(await answers(40)).toEqual(new Set(['b']));
      expect(refused.a).toBeLessThanOrEqual(processes);
      busy.a = null;
      await vi.waitUntil(async () => (await answers(12)).size === 2, { timeout: 15_000 });
    },
    30_000,
  );

  it('is called all the same when all of them ask for that', async () => {
    Object.assign(busy, { a: '1', b: '1' });
    await vi.waitUntil(async () => (await ask()).statusCode === 429, { timeout: 15_000 });
    expect(await ask()).toEqual({ statusCode: 429, retryAfter: '1', text: 'busy' });
  });
});
