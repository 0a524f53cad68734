import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import type { IncomingMessage } from 'node:http';
import { get } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { kinds } from '../../control-plane/model/kinds.ts';
import { applyText } from '../testing/apply-documents.ts';
import { freePort } from '../testing/free-port.ts';
import { TestMesh } from '../testing/mesh.ts';
import { connectTcp } from '../testing/tcp-client.ts';

const written = readFileSync(join(import.meta.dirname, 'mesh-document.yaml'), 'utf8');

let mesh: TestMesh;
let outbound: number;
let rawPort: number;
/** Requests by path, as the applications saw them. */
const asked = new Map<string, number>();
const raw = createServer((socket) => {
  socket.on('error', () => {});
  socket.on('data', (bytes) => socket.write(`heard ${bytes.toString()}`));
});

beforeAll(async () => {
  mesh = await TestMesh.start();
  const port = await mesh.application(({ url = '', headers }, response) => {
    asked.set(url, (asked.get(url) ?? 0) + 1);
    if (url.startsWith('/never')) return;
    if (url.startsWith('/teapot')) response.statusCode = 418;
    response.end(`${url} ${headers.x_under ?? '-'} ${headers['x-over'] ?? '-'}`);
  });
  for (const service of ['usual', 'patient']) {
    await mesh.sidecar(`${service}-1`, { service, ports: [{ port, protocol: 'http' }] });
  }
  raw.listen(0, '127.0.0.1');
  await once(raw, 'listening');
  // of which nobody says what it carries
  await mesh.sidecar('raw-1', { service: 'raw', ports: [(raw.address() as AddressInfo).port] });
  [outbound, rawPort] = [await freePort(), await freePort()];
  const upstreams = [{ service: 'raw', localPort: rawPort }];
  await mesh.sidecar('web-1', { service: 'web', outboundPort: outbound, upstreams });
  for (const service of ['usual', 'patient']) {
    await vi.waitUntil(async () => (await call('/', service)).status === 200, { timeout: 15_000 });
  }
}, 60_000);

afterAll(async () => {
  await mesh?.close();
  raw.close();
});

async function call(path: string, service = 'usual', headers: Readonly<Record<string, string>> = {}) {
  const startedMs = performance.now();
  // not by a URL, which would not keep the path as it is
  const asking = get({ host: '127.0.0.1', port: outbound, path, headers: { host: service, ...headers } });
  const [answer] = (await once(asking, 'response')) as [IncomingMessage];
  const status = answer.statusCode ?? 0;
  return { status, text: await text(answer), tookMs: performance.now() - startedMs };
}

const odd = '/a/./b//c%2fd/%7Ee/../f';
const headers = { x_under: 'under', 'x-over': 'over' };

/** The document of the example, with another word. */
async function withWord(was: string, is: string): Promise<void> {
  expect(written).toContain(was);
  await applyText(mesh, written.replace(was, is), 'mesh-document.yaml');
}

describe('a Mesh', () => {
  it('is what is built in where there is none', async () => {
    expect((await call(odd, 'usual', headers)).text).toBe('/a/b//c%2fd/f under over');
    expect((await call('/teapot/0')).status).toBe(418);
    expect(asked.get('/teapot/0')).toBe(1);
  });

  it('says how paths are made one', async () => {
    await applyText(mesh, written, 'mesh-document.yaml');
    const normalized = async () => (await call(odd)).text.split(' ')[0];
    await vi.waitUntil(async () => (await normalized()) === '/a/b/c%2fd/f', { timeout: 10_000 });
    for (const [word, path] of [
      ['NONE', odd],
      ['BASE', '/a/b//c%2fd/f'],
      ['DECODE_AND_MERGE_SLASHES', '/a/b/c/d/f'],
    ] as const) {
      await withWord('MERGE_SLASHES', word);
      await vi.waitUntil(async () => (await normalized()) === path, { timeout: 10_000 });
    }
  }, 30_000);

  it('says what becomes of headers with underscores', async () => {
    await applyText(mesh, written, 'mesh-document.yaml');
    const answer = () => call('/', 'usual', headers);
    await vi.waitUntil(async () => (await answer()).text === '/ - over', { timeout: 10_000 });
    await withWord('DROP_HEADER', 'REJECT_REQUEST');
    await vi.waitUntil(async () => (await answer()).status === 400, { timeout: 10_000 });
    expect((await call('/', 'usual', { 'x-over': 'over' })).text).toBe('/ - over');
    await withWord('DROP_HEADER', 'ALLOW');
    await vi.waitUntil(async () => (await answer()).text === '/ under over', { timeout: 10_000 });
  }, 30_000);

  it('has the policy of every backend that has none of its own, section by section', async () => {
    await applyText(mesh, written, 'mesh-document.yaml');
    await vi.waitUntil(async () => (await call('/teapot/1')) && asked.get('/teapot/1') !== 1, { timeout: 10_000 });
    for (const [service, path] of [
      ['usual', '/teapot/2'],
      ['patient', '/teapot/3'],
    ] as const) {
      expect((await call(path, service)).status).toBe(418);
      expect(asked.get(path)).toBe(3);
    }
    const [usual, patient] = await Promise.all([call('/never/1'), call('/never/2', 'patient')]);
    expect([usual.status, patient.status]).toEqual([504, 504]);
    expect(usual.tookMs).toBeLessThan(2900);
    expect(patient.tookMs).toBeGreaterThan(2900);
  }, 30_000);

  it('says how long the first bytes of a client are waited for', async () => {
    // what could be the beginning of a request, and goes no further
    const answeredAfterMs = async () => {
      const startedMs = performance.now();
      const socket = await connectTcp(rawPort);
      socket.write('GE');
      const [bytes] = await once(socket, 'data');
      socket.destroy();
      expect(String(bytes)).toBe('heard GE');
      return performance.now() - startedMs;
    };
    const short = await answeredAfterMs();
    expect(short).toBeGreaterThan(650);
    await withWord('protocolDetectionTimeout: 700ms', 'protocolDetectionTimeout: 2s');
    await vi.waitUntil(async () => (await answeredAfterMs()) > 1900, { timeout: 15_000 });
  }, 30_000);

  it('leaves what is built in when it is gone', async () => {
    await mesh.api.delete(kinds.Mesh, null, 'default');
    await vi.waitUntil(async () => (await call(odd, 'usual', headers)).text === '/a/b//c%2fd/f under over', {
      timeout: 10_000,
    });
  });
});
