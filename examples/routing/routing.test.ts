import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { freePorts } from '../../cli/demo/free-ports.ts';
import { kindNamed } from '../../control-plane/model/kinds.ts';
import { parseDocuments } from '../../control-plane/model/parse-documents.ts';
import { TestMesh } from '../testing/mesh.ts';
import { hasProgram } from '../testing/programs.ts';

/** A shop and its jobs, which call two versions of cart, each with a sidecar of its own. */
let mesh: TestMesh;
let local: number;
let ofJobs: number;
let admin: string;
/** What each version was asked for: method, path, body, and the header that a rule may set. */
const asked: Record<'v1' | 'v2', string[]> = { v1: [], v2: [] };

beforeAll(async () => {
  mesh = await TestMesh.start();
  for (const version of ['v1', 'v2'] as const) {
    const port = await mesh.application((request, response) => {
      let body = '';
      request.on('data', (chunk) => {
        body += chunk;
      });
      request.on('end', () => {
        asked[version].push([request.method, request.url, request.headers['x-chosen'] ?? '-', body].join(' ').trim());
        response.setHeader('x-served-by', version);
        response.end(version);
      });
    });
    await mesh.sidecar(`cart-${version}-1`, { service: 'cart', version, ports: [{ port, protocol: 'http' }] });
  }
  [local = 0, ofJobs = 0] = await freePorts(2);
  await mesh.sidecar('jobs-1', { service: 'jobs', upstreams: [{ service: 'cart', localPort: ofJobs }] });
  const web = await mesh.sidecar('web-1', { service: 'web', upstreams: [{ service: 'cart', localPort: local }] });
  admin = `http://${web.adminAddress}`;
}, 60_000);

afterAll(() => mesh?.close());

/** The revision from which it is in force. */
async function apply(file: string): Promise<string> {
  const text = await readFile(join(import.meta.dirname, file), 'utf8');
  let revision = '';
  for (const { document } of parseDocuments(text, { fileName: file }).documents) {
    const kind = kindNamed(document.kind);
    if (kind === null) throw new Error(`no kind ${document.kind}`);
    const written = await mesh.api.apply(kind, document);
    revision = written.document.metadata.resourceVersion ?? '';
  }
  return revision;
}

const call = (path: string, options: RequestInit = {}) => fetch(`http://127.0.0.1:${local}${path}`, options);

describe('a mirror', () => {
  it('sends a copy to another version, whose answers nobody sees and which is counted apart', async () => {
    await mesh.api.convergence(await apply('mirror.yaml'), 10_000);
    for (const item of ['1', '2', '3']) {
      const response = await call(`/items/${item}`, { method: 'POST', body: `item ${item}` });
      expect(await response.text()).toBe('v1');
    }
    const sent = ['1', '2', '3'].map((item) => `POST /items/${item} - item ${item}`);
    expect(asked.v1).toEqual(sent);
    await expect.poll(() => [...asked.v2].sort()).toEqual(sent);
    const metrics = await fetch(`${admin}/stats/prometheus`).then((response) => response.text());
    const ofMirror = metrics
      .split('\n')
      .filter((line) => line.includes('mirrored_rq_success') && line.includes('|v2|'));
    expect(ofMirror.join()).toMatch(/ 3$/);
  });
});

const run = promisify(execFile);
async function curl(...options: string[]): Promise<string> {
  return (await run('curl', ['-si', '--max-time', '5', ...options, `http://127.0.0.1:${local}/items`])).stdout;
}

describe.skipIf(!hasProgram('curl'))('pages of other origins', () => {
  const preflight = (origin: string) =>
    curl(
      '-XOPTIONS',
      '-H',
      `Origin: ${origin}`,
      '-H',
      'Access-Control-Request-Method: PUT',
      '-H',
      'Access-Control-Request-Headers: x-cart',
    );

  it('are answered a preflight as a browser asks for it, without the application', async () => {
    await apply('cors.yaml');
    await expect.poll(() => preflight('https://eu.shop.example')).toContain('access-control');
    asked.v1.length = 0;
    const answer = await preflight('https://eu.shop.example');
    expect(answer).toMatch(/^HTTP\/1.1 200 /);
    for (const line of [
      'access-control-allow-origin: https://eu.shop.example',
      'access-control-allow-methods: GET, PUT',
      'access-control-allow-headers: x-cart',
      'access-control-allow-credentials: true',
      'access-control-max-age: 600',
    ]) {
      expect(answer).toContain(`\r\n${line}\r\n`);
    }
    expect(await preflight('https://shop.example.evil.example')).not.toContain('access-control');
    expect(asked.v1).toEqual([]);
  });

  it('may see the answers that the rule lets them see', async () => {
    const answer = await curl('-XPUT', '-H', 'Origin: https://shop.example');
    expect(answer).toContain('\r\naccess-control-allow-origin: https://shop.example\r\n');
    expect(answer).toContain('\r\naccess-control-expose-headers: x-served-by\r\n');
    expect(answer).toMatch(/v1$/);
    expect(await curl('-H', 'Origin: https://other.example')).not.toContain('access-control');
  });
});

describe('patterns, redirects, rewrites and filters of one backend', () => {
  it('decide each request by the rule that fits it best', async () => {
    await apply('filters.yaml');
    const old = () => call('/old/7?lang=de', { redirect: 'manual' });
    await expect.poll(async () => (await old()).status).toBe(308);
    for (const list of [asked.v1, asked.v2]) list.length = 0;
    const moved = await old();
    expect([moved.status, moved.headers.get('location')]).toEqual([308, `http://127.0.0.1:${local}/items/7?lang=de`]);
    const numbered = await call('/items/7?lang=de');
    expect([await numbered.text(), numbered.headers.get('x-version')]).toEqual(['v2', 'v2']);
    const other = await call('/items/seven?lang=de');
    expect([await other.text(), other.headers.get('x-version')]).toEqual(['v1', null]);
    await call('/items/7?lang=en');
    expect(asked.v2).toEqual(['GET /item-by-number?lang=de backend']);
    expect(asked.v1).toEqual(['GET /items/seven?lang=de -', 'GET /items/7?lang=en -']);
  });
});

describe('a path for one backend', () => {
  it('is what that version sees, and no other', async () => {
    await mesh.api.convergence(await apply('backend-paths.yaml'), 10_000);
    for (const list of [asked.v1, asked.v2]) list.length = 0;
    for (let i = 0; i < 8; i++) await call(`/items/${i}?lang=de`);
    expect(asked.v1).toHaveLength(6);
    expect(asked.v2).toHaveLength(2);
    for (const line of asked.v1) expect(line).toMatch(/^GET \/items\/[0-7]\?lang=de -$/);
    for (const line of asked.v2) expect(line).toMatch(/^GET \/api\/v2\/products\/[0-7]\?lang=de -$/);
  });
});

describe('filters of our own', () => {
  it('make a rule hold for certain callers, and answer in place of backends', async () => {
    await apply('callers.yaml');
    await expect.poll(async () => (await call('/closed')).status).toBe(410);
    const closed = await call('/closed');
    expect(closed.headers.get('content-type')).toBe('text/plain; charset=utf-8');
    expect(await closed.text()).toBe('Geschlossen für immer');
    const jobs = async () => (await fetch(`http://127.0.0.1:${ofJobs}/items`)).text();
    await expect.poll(jobs).toBe('v2');
    for (let i = 0; i < 3; i++) {
      expect(await jobs()).toBe('v2');
      expect(await (await call('/items')).text()).toBe('v1');
    }
  });
});
