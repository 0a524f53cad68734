import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { ServiceError } from '@grpc/grpc-js';
import { Metadata, status } from '@grpc/grpc-js';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { RunningProxy } from '../../proxy/main.ts';
import { applyText } from '../testing/apply-documents.ts';
import { freePort } from '../testing/free-port.ts';
import { TestMesh } from '../testing/mesh.ts';
import type { EchoClient, EchoServer, Line } from './echo.ts';
import { echoClient, startEchoServer } from './echo.ts';

let mesh: TestMesh;
let servers: EchoServer[];
let client: EchoClient;
let localPort: number;
let ofPartners: EchoClient;
let web: RunningProxy;

beforeAll(async () => {
  mesh = await TestMesh.start();
  servers = await Promise.all([startEchoServer('v1'), startEchoServer('v2')]);
  for (const [index, { port }] of servers.entries()) {
    const version = `v${index + 1}`;
    await mesh.sidecar(`echo-${version}`, { service: 'echo', version, ports: [{ port, protocol: 'grpc' }] });
  }
  localPort = await freePort();
  web = await mesh.sidecar('web-1', { service: 'web', upstreams: [{ service: 'echo', localPort }] });
  client = echoClient(`127.0.0.1:${localPort}`);
  const partnersPort = await freePort();
  const toEcho = { service: 'echo.default', localPort: partnersPort };
  await mesh.sidecar('web-2', { service: 'web', namespace: 'partners', upstreams: [toEcho] });
  ofPartners = echoClient(`127.0.0.1:${partnersPort}`);
  for (const file of ['routes.yaml', 'every-field.yaml']) {
    await applyText(mesh, await readFile(join(import.meta.dirname, file), 'utf8'), file);
  }
}, 60_000);

afterAll(async () => {
  client?.close();
  ofPartners?.close();
  await mesh?.close();
  for (const server of servers ?? []) server.stop();
});

function say(): Promise<Line> {
  return new Promise((resolve, reject) => {
    client.say({ text: 'x' }, new Metadata(), {}, (error, line) =>
      error === null ? resolve(line as Line) : reject(error),
    );
  });
}

async function repeat(): Promise<Line[]> {
  const lines: Line[] = [];
  for await (const line of client.repeat({ text: 'x', count: 2 })) lines.push(line);
  return lines;
}

/** Copies that went to the first version. */
async function mirrored(count: 'success' | 'total'): Promise<number> {
  const page = await fetch(`http://${web.adminAddress}/stats/prometheus`).then((response) => response.text());
  const line = page.split('\n').find((row) => new RegExp(`mirrored_rq_${count}\\{.*\\|v1\\|`).test(row)) ?? '';
  return Number(line.split(' ').at(-1));
}

/** Who answers a call with these headers, what that saw of two of them, and what the answer's headers say. */
async function sayWith(headers: Readonly<Record<string, string>>, by = client) {
  const metadata = new Metadata();
  for (const [name, value] of Object.entries(headers)) metadata.set(name, value);
  const seen = { instance: '', rule: '', desk: '' };
  const call = by.say({ text: 'x' }, metadata, {}, (_error, line) => {
    seen.instance = line?.instance ?? '';
  });
  call.on('metadata', (initial: Metadata) => {
    seen.rule = String(initial.get('x-rule')[0] ?? '');
    seen.desk = String(initial.get('x-desk')[0] ?? '');
  });
  const [ended] = (await once(call, 'status')) as [{ readonly metadata: Metadata }];
  return { ...seen, marks: ended.metadata.get('x-mark'), gone: ended.metadata.get('x-gone') };
}

const failureOf = (call: (answer: (error: ServiceError | null) => void) => void) =>
  new Promise<ServiceError | null>((resolve) => call((error) => resolve(error)));

describe('a GRPCRoute', () => {
  it('sends each method to the version that its rule names', async () => {
    for (let i = 0; i < 4; i++) expect((await say()).instance).toBe('v2');
    for (let i = 0; i < 2; i++) expect((await repeat()).map(({ instance }) => instance)).toEqual(['v1', 'v1']);
  });

  it('mirrors calls of the method whose rule says so', async () => {
    await say();
    await expect.poll(() => mirrored('success')).toBeGreaterThan(0);
  });

  it('tells a client of a method that no rule takes in the words of gRPC', async () => {
    const error = await failureOf((answer) => client.wait({ text: 'x' }, new Metadata(), {}, answer));
    expect(error).toMatchObject({ code: status.UNIMPLEMENTED, details: expect.stringContaining('No route matches') });
  });

  it('answers a rule without a backend UNAVAILABLE, with the reason', async () => {
    const error = await failureOf((answer) => client.fail({ text: 'x' }, answer));
    expect(error).toMatchObject({
      code: status.UNAVAILABLE,
      details: expect.stringMatching(
        /the rule has no backend; .*; GRPCRoute\/default\/echo rule 2 \(routes\.yaml:15\)/,
      ),
    });
  });

  it('is for calls alone: a request that is none has no route', async () => {
    const response = await fetch(`http://127.0.0.1:${localPort}/heddle.examples.Echo/Say`, {
      method: 'POST',
      body: 'x',
    });
    expect(response.status).toBe(404);
  });
});

describe('a rule of a GRPCRoute', () => {
  it('goes by headers as well, each of which has to be as it says', async () => {
    const gold = await sayWith({ 'x-plan': 'gold', 'x-shop': 'eu-12' });
    expect(gold).toMatchObject({ instance: 'v1', rule: 'gold' });
    for (const headers of [{ 'x-plan': 'gold' }, { 'x-plan': 'gold', 'x-shop': 'eu-12b' }, { 'x-shop': 'eu-12' }]) {
      expect(await sayWith(headers)).toMatchObject({ instance: 'v2', rule: '' });
    }
  });

  it('changes headers both ways', async () => {
    const sent = { 'x-mark': 'sent', 'x-gone': 'here' };
    const changed = await sayWith({ 'x-plan': 'gold', 'x-shop': 'eu-1', ...sent });
    expect(changed).toMatchObject({ marks: ['set, added'], gone: [], rule: 'gold' });
    expect(await sayWith(sent)).toMatchObject({ marks: ['sent'], gone: ['here'] });
  });

  it('splits calls by weight, and changes those of one backend alone', async () => {
    const counts = { v1: 0, v2: 0 };
    for (let i = 0; i < 40; i++) {
      const { instance, marks, rule } = await sayWith({ 'x-plan': 'split', 'x-mark': 'sent' });
      expect([marks, rule]).toEqual(instance === 'v1' ? [['for-v1'], 'of-v1'] : [['sent'], '']);
      counts[instance as keyof typeof counts]++;
    }
    expect(counts).toEqual({ v1: 10, v2: 30 });
  });

  it('copies a fraction of the calls', async () => {
    const before = await mirrored('total');
    for (let i = 0; i < 200; i++) expect((await sayWith({ 'x-plan': 'copied' })).instance).toBe('v2');
    // 200 draws of a fourth: six standard deviations are 37
    expect(Math.abs((await mirrored('total')) - before - 50)).toBeLessThan(37);
  });

  it('keeps a client with the instance that answered it first', async () => {
    const desks = new Map<string, string>();
    for (let i = 0; i < 24; i++) {
      const { instance, desk } = await sayWith({ 'x-plan': 'stay' });
      desks.set(instance, desk);
    }
    expect([...desks.keys()].sort()).toEqual(['v1', 'v2']);
    for (const [name, desk] of desks) {
      for (let i = 0; i < 5; i++) expect((await sayWith({ 'x-plan': 'stay', 'x-desk': desk })).instance).toBe(name);
    }
  });

  it('holds for the callers that its filter names', async () => {
    expect(await sayWith({ 'x-plan': 'partners' }, ofPartners)).toMatchObject({ instance: 'v1', rule: 'partners' });
    expect(await sayWith({ 'x-plan': 'partners' })).toMatchObject({ instance: 'v2', rule: '' });
  });
});

describe('the longest time of a call', () => {
  it.each([
    ['no deadline', undefined],
    ['a longer one', 60_000],
  ])('ends one with %s', async (_what, ms) => {
    const metadata = new Metadata();
    metadata.set('x-plan', 'patient');
    const startedMs = performance.now();
    const options = ms === undefined ? {} : { deadline: Date.now() + ms };
    const error = await failureOf((answer) => client.wait({ text: 'x' }, metadata, options, answer));
    expect(error).toMatchObject({ code: status.DEADLINE_EXCEEDED });
    const tookMs = performance.now() - startedMs;
    expect(tookMs).toBeGreaterThan(650);
    expect(tookMs).toBeLessThan(10_000);
  });
});
