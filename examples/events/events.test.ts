import { readFileSync } from 'node:fs';
import type { ServerResponse } from 'node:http';
import { join } from 'node:path';
import { Agent, request } from 'undici';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { statListing } from '../../cli/commands/stat.ts';
import { EventLines } from '../../cli/terminal/event-lines.ts';
import type { MeshEvent } from '../../control-plane/api/client.ts';
import { kindNamed, kinds } from '../../control-plane/model/kinds.ts';
import { parseDocuments } from '../../control-plane/model/parse-documents.ts';
import { freePort } from '../testing/free-port.ts';
import { TestMesh } from '../testing/mesh.ts';

let mesh: TestMesh;
let url: string;
const agent = new Agent({ connections: 64 });
/** Requests that nobody answers yet. */
const held: ServerResponse[] = [];
let isBroken = false;
/** What the instances of advice fail their checks with. */
const isIll = { 'advice-1': false, 'advice-2': false };
let adviceUrl: string;
/** What `heddle events --follow` has shown. */
const followed: MeshEvent[] = [];
const interrupted = new AbortController();
let following: Promise<void>;

beforeAll(async () => {
  mesh = await TestMesh.start();
  for (const name of ['recommend-1', 'recommend-2']) {
    const port = await mesh.application((asked, response) => {
      if (asked.url === '/hold') held.push(response);
      else response.writeHead(isBroken && name === 'recommend-2' ? 500 : 200).end(name);
    });
    await mesh.sidecar(name, { service: 'recommend', ports: [{ port, protocol: 'http' }] });
  }
  for (const name of ['advice-1', 'advice-2'] as const) {
    const port = await mesh.application((asked, response) => {
      response.writeHead(asked.url === '/healthz' && isIll[name] ? 503 : 200).end(name);
    });
    await mesh.sidecar(name, { service: 'advice', ports: [{ port, protocol: 'http' }] });
  }
  const localPort = await freePort();
  const toAdvice = await freePort();
  adviceUrl = `http://127.0.0.1:${toAdvice}`;
  url = `http://127.0.0.1:${localPort}`;
  const upstreams = [
    { service: 'recommend', localPort },
    { service: 'advice', localPort: toAdvice },
  ];
  await mesh.sidecar('web-1', { service: 'web', upstreams, concurrency: 1 });
  const text = readFileSync(join(import.meta.dirname, 'recommend.yaml'), 'utf8');
  for (const { document } of parseDocuments(text, { fileName: 'policies/recommend.yaml' }).documents) {
    const kind = kindNamed(document.kind.toLowerCase());
    if (kind === null) throw new Error(`no kind ${document.kind}`);
    const written = await mesh.api.apply(kind, document);
    await mesh.api.convergence(written.document.metadata.resourceVersion ?? '', 10_000);
  }
  await vi.waitUntil(async () => (await get('/')) === 200 && (await get('/')) === 200, { timeout: 15_000 });
  following = follow();
}, 60_000);

afterAll(async () => {
  interrupted.abort();
  await following;
  for (const response of held) response.end();
  await agent.close();
  await mesh?.close();
});

async function follow(): Promise<void> {
  for await (const line of mesh.api.followEvents({ service: 'recommend' }, interrupted.signal)) {
    if (line.type === 'ADDED') followed.push(line.object);
  }
}

async function get(path: string, headers: Record<string, string> = {}): Promise<number> {
  const { statusCode, body } = await request(`${url}${path}`, { dispatcher: agent, headers });
  await body.dump();
  return statusCode;
}

function event(kind: MeshEvent['kind']): Promise<MeshEvent> {
  return vi.waitUntil(() => followed.find((each) => each.kind === kind), { timeout: 15_000, interval: 20 });
}

/** As `heddle events` prints it where there are no colours, without the time. */
function line(told: MeshEvent): string {
  const plain = { paint: (_tone: unknown, text: string) => text, good: '', bad: '', warning: '' };
  return new EventLines(plain).line(told, Date.now()).slice('12:00:00  '.length).replace(/ {2,}/g, '  ').trimEnd();
}

/** `heddle stat`, the column CIRCUIT. */
async function circuit(of = 'recommend'): Promise<string> {
  const row = (await mesh.api.stat(60)).find(({ service }) => service === of);
  const column = statListing('service', []).columns.find(({ header }) => header === 'CIRCUIT');
  return row === undefined ? '' : (column?.cell(row) ?? '');
}

describe('heddle events', () => {
  it('tells which instance is ejected, why, by whose word, and when it is back', async () => {
    await vi.waitUntil(async () => (await circuit()) === 'closed', { timeout: 10_000 });
    isBroken = true;
    for (let i = 0; i < 12; i++) await get('/');
    const ejected = await event('EJECT');
    expect((await mesh.api.service('default', 'recommend')).out).toMatchObject([
      { instance: 'recommend-2', caller: 'default/web-1', message: ejected.message, since: ejected.lastTime },
    ]);
    expect(ejected).toMatchObject({
      ...{ subject: 'recommend-2', workload: 'recommend-2', cause: 'consecutive_5xx', numEjections: 1, tone: 'bad' },
      service: { name: 'recommend', namespace: 'default', version: '', port: 80 },
      reporter: { workload: 'web-1', service: 'web', identity: 'spiffe://cluster.local/ns/default/sa/web' },
    });
    expect(line(ejected)).toBe(
      'recommend-2  ejected 2 s: 3 × 5xx in a row (outlier detection of web-1)  policies/recommend.yaml:3',
    );
    await vi.waitUntil(async () => (await circuit()) === '1/2 ejected', { timeout: 10_000, interval: 20 });
    isBroken = false;
    expect(line(await event('UNEJECT'))).toMatch(/^recommend-2 {2}back after [2-9] s {2}policies\/recommend\.yaml:3$/);
    expect((await mesh.api.service('default', 'recommend')).out).toEqual([]);
    await vi.waitUntil(async () => (await circuit()) === 'closed', { timeout: 10_000, interval: 20 });
  }, 30_000);

  it('tells that a circuit is open, of what there is too little, and when it is closed', async () => {
    const calls = Array.from({ length: 8 }, () => get('/hold'));
    await vi.waitUntil(() => held.length === 2);
    const opened = await event('CIRCUIT_OPEN');
    // the second at which it is looked at may fall between two refusals
    expect(line(opened)).toMatch(
      /^web-1→recommend {2}circuit OPEN: 2\/2 connections busy, [1-5] requests? refused \(UO\) {2}policies\/recommend\.yaml:3$/,
    );
    await vi.waitUntil(async () => (await circuit()) === 'open (2/2 connections)', { timeout: 10_000, interval: 20 });
    const answering = setInterval(() => {
      for (const response of held.splice(0)) response.end();
    }, 10);
    const statuses = await Promise.all(calls);
    clearInterval(answering);
    expect(statuses.filter((status) => status === 503)).toHaveLength(5);
    expect(line(await event('CIRCUIT_CLOSED'))).toMatch(
      /^web-1→recommend {2}circuit closed after [567] s, 5 requests refused /,
    );
  }, 30_000);

  it('tells of faults with the document that asks for them', async () => {
    await vi.waitUntil(async () => (await get('/', { 'x-tea': 'yes' })) === 418, { timeout: 10_000 });
    const began = await event('FAULT_BEGAN');
    expect(began.rule).toEqual({
      ...{ document: 'FaultInjection/default/teapot', file: 'policies/recommend.yaml', line: 14 },
    });
    expect(line(began)).toMatch(/^web-1→recommend {2}fault injected, for \d+ days more/);
  }, 30_000);

  it('has them for whoever asks later, by service and by time', async () => {
    const all = await mesh.api.events();
    expect(all.map(({ kind }) => kind)).toEqual(followed.map(({ kind }) => kind));
    expect(await mesh.api.events({ service: 'web', sinceSeconds: 600 })).toEqual(all);
    expect(await mesh.api.events({ service: 'db' })).toEqual([]);
    expect(await mesh.api.events({ sinceSeconds: 0 })).toEqual([]);
    expect(await mesh.api.events({ after: all[0]?.id ?? 0 })).toEqual(all.slice(1));
  });

  it('tells that too few instances are well, so that all are asked, and when that is over', async () => {
    const told = async (kind: MeshEvent['kind']) =>
      (await mesh.api.events({ service: 'advice' })).find((each) => each.kind === kind);
    const ask = async () => (await request(adviceUrl)).body.text();
    await vi.waitUntil(async () => (await ask()).startsWith('advice'), { timeout: 10_000 });
    isIll['advice-2'] = true;
    const entered = await vi.waitUntil(() => told('PANIC_ENTERED'), { timeout: 15_000 });
    expect(entered).toMatchObject({ service: { name: 'advice' }, tone: 'bad', reporter: { workload: 'web-1' } });
    expect(line(entered)).toBe(
      'web-1→advice  PANIC: too few instances are well, requests go to all of them  policies/recommend.yaml:24',
    );
    const seen = new Set<string>();
    await vi.waitUntil(async () => seen.add(await ask()).size === 2, { timeout: 10_000 });
    const words = '1/2 fail their checks, panic';
    await vi.waitUntil(async () => (await circuit('advice')) === words, { timeout: 10_000, interval: 20 });
    isIll['advice-2'] = false;
    const left = await vi.waitUntil(() => told('PANIC_LEFT'), { timeout: 15_000 });
    expect(line(left)).toMatch(/^web-1→advice {2}panic over after \d+ (ms|s) {2}policies\/recommend\.yaml:24$/);
  }, 40_000);

  it('goes on after the control plane was away, with what happened meanwhile', async () => {
    interrupted.abort();
    await following;
    const workload = await mesh.api.list(kinds.Workload, 'default');
    expect(workload.items.length).toBe(5);
    await mesh.stopControlPlane();
    isBroken = true;
    for (let i = 0; i < 12; i++) await get('/');
    await mesh.startControlPlane();
    isBroken = false;
    await vi.waitUntil(async () => (await mesh.api.events()).some(({ kind }) => kind === 'EJECT'), {
      timeout: 20_000,
      interval: 50,
    });
  }, 40_000);
});
