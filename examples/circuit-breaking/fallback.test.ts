import { readFileSync } from 'node:fs';
import type { ServerResponse } from 'node:http';
import { join } from 'node:path';
import { request } from 'undici';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { kinds } from '../../control-plane/model/kinds.ts';
import { parseDocuments } from '../../control-plane/model/parse-documents.ts';
import { freePort } from '../testing/free-port.ts';
import { TestMesh } from '../testing/mesh.ts';

let mesh: TestMesh;
const urls = new Map<string, string>();
/** Requests that an application does not answer yet. */
const held: ServerResponse[] = [];

beforeAll(async () => {
  mesh = await TestMesh.start();
  const upstreams = [];
  for (const service of ['cart', 'recommend', 'popular']) {
    const port = await mesh.application((asked, response) => {
      if (asked.url === '/hold') held.push(response);
      else response.end(service);
    });
    await mesh.sidecar(`${service}-1`, { service, ports: [{ port, protocol: 'http' }] });
    const localPort = await freePort();
    upstreams.push({ service, localPort });
    urls.set(service, `http://127.0.0.1:${localPort}`);
  }
  await mesh.sidecar('web-1', { service: 'web', upstreams, concurrency: 1 });
  for (const service of urls.keys()) {
    await vi.waitUntil(async () => (await get(service, '/')).text === service, { timeout: 15_000 });
  }
  const { documents } = parseDocuments(readFileSync(join(import.meta.dirname, 'fallback.yaml'), 'utf8'));
  for (const { document } of documents) {
    const { document: written } = await mesh.api.apply(kinds[document.kind], document as never);
    await mesh.api.convergence(written.metadata.resourceVersion ?? '0', 10_000);
  }
});

afterAll(async () => {
  await mesh?.close();
});

async function get(service: string, path: string) {
  const { statusCode, headers, body } = await request(`${urls.get(service)}${path}`);
  return { statusCode, type: headers['content-type'], text: await body.text() };
}

describe('a fallback', () => {
  it.each([
    ['cart', { statusCode: 200, type: 'application/json', text: '[]' }],
    ['recommend', { statusCode: 200, text: 'popular' }],
  ])('serves in the place of %s while its circuit is open, and no longer', async (service, expected) => {
    const slow = get(service, '/hold');
    await vi.waitUntil(() => held.length === 1);
    expect(await get(service, '/')).toMatchObject(expected);
    held.shift()?.end(service);
    expect((await slow).text).toBe(service);
    expect((await get(service, '/')).text).toBe(service);
  });
});
