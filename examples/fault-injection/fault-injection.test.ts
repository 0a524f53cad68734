import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Metadata, status } from '@grpc/grpc-js';
import { Agent, request } from 'undici';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import type { FaultInjection } from '../../control-plane/model/fault-injection.ts';
import { kinds } from '../../control-plane/model/kinds.ts';
import { parseDocuments } from '../../control-plane/model/parse-documents.ts';
import type { RunningProxy } from '../../proxy/main.ts';
import type { EchoClient, EchoServer } from '../grpc/echo.ts';
import { echoClient, startEchoServer } from '../grpc/echo.ts';
import { freePort } from '../testing/free-port.ts';
import { TestMesh } from '../testing/mesh.ts';

let mesh: TestMesh;
let echo: EchoServer;
let client: EchoClient;
let agent: Agent;
let cartUrl: string;
let filesUrl: string;
let web: RunningProxy;
let served = 0;

beforeAll(async () => {
  mesh = await TestMesh.start();
  const port = await mesh.application((_request, response) => {
    served++;
    response.end('cart');
  });
  echo = await startEchoServer('echo-1');
  await mesh.sidecar('cart-1', { service: 'cart', ports: [{ port, protocol: 'http' }] });
  const files = await mesh.application((request, response) => {
    response.end(Buffer.alloc(Number(request.url?.slice(1)), 'x'));
  });
  await mesh.sidecar('files-1', { service: 'files', ports: [{ port: files, protocol: 'http' }] });
  await mesh.sidecar('echo-1', { service: 'echo', ports: [{ port: echo.port, protocol: 'grpc' }] });
  const [toCart, toFiles, toEcho] = [await freePort(), await freePort(), await freePort()];
  web = await mesh.sidecar('web-1', {
    service: 'web',
    upstreams: [
      { service: 'cart', localPort: toCart },
      { service: 'files', localPort: toFiles },
      { service: 'echo', localPort: toEcho },
    ],
  });
  cartUrl = `http://127.0.0.1:${toCart}/`;
  filesUrl = `http://127.0.0.1:${toFiles}/`;
  agent = new Agent({ connections: 20 });
  client = echoClient(`127.0.0.1:${toEcho}`);
  await vi.waitUntil(async () => (await call()).statusCode === 200, { timeout: 15_000 });
  await vi.waitUntil(async () => (await download(1)).statusCode === 200, { timeout: 15_000 });
  await vi.waitUntil(async () => (await say(new Metadata())) === status.OK, { timeout: 15_000 });
}, 60_000);

afterAll(async () => {
  client?.close();
  await agent?.close();
  await mesh?.close();
  echo?.stop();
});

async function call(headers: Record<string, string> = {}) {
  const { statusCode, headers: answered, body } = await request(cartUrl, { dispatcher: agent, headers });
  return { statusCode, reason: answered['x-heddle-reason'], text: await body.text() };
}

/** So many bytes of the application of files. */
async function download(bytes: number, headers: Record<string, string> = {}) {
  const startedMs = performance.now();
  const { statusCode, body } = await request(`${filesUrl}${bytes}`, { dispatcher: agent, headers });
  const length = (await body.arrayBuffer()).byteLength;
  return { statusCode, length, seconds: (performance.now() - startedMs) / 1000 };
}

async function counter(name: string): Promise<number> {
  const { body } = await request(`http://${web.adminAddress}/stats/prometheus`);
  return Number(new RegExp(`^${name} (\\d+)$`, 'm').exec(await body.text())?.[1]);
}

/** The status that a call ends with. */
function say(metadata: Metadata): Promise<number> {
  return new Promise((resolve) => {
    client.say({ text: 'hello' }, metadata, {}, (error) => resolve(error?.code ?? status.OK));
  });
}

/** The documents of the example, with another end, or other faults. */
async function apply(name: string, change: Partial<FaultInjection['spec']>): Promise<void> {
  const text = readFileSync(join(import.meta.dirname, 'faults.yaml'), 'utf8');
  const documents = parseDocuments(text, { fileName: 'examples/fault-injection/faults.yaml' }).documents;
  const document = documents
    .map((parsed) => parsed.document)
    .find(({ metadata }) => metadata.name === name) as FaultInjection;
  const { document: written } = await mesh.api.apply(kinds.FaultInjection, {
    ...document,
    spec: { ...document.spec, until: inAnHour(), ...change },
  });
  await mesh.api.convergence(written.metadata.resourceVersion ?? '0', 10_000);
}

const inAnHour = () => new Date(Date.now() + 3_600_000).toISOString();

describe('a FaultInjection', () => {
  it('delays and aborts its share of the requests, and says so in the answer', async () => {
    await apply('cart', {});
    const before = served;
    const calls = await Promise.all(Array.from({ length: 400 }, () => call()));
    const aborted = calls.filter(({ statusCode }) => statusCode === 503);
    const delayed = await counter('heddle_fault_delays_injected_total');
    // 400 draws: six standard deviations are 48 of the 80 that are aborted, and 36 of the 40 that are delayed
    expect(Math.abs(aborted.length - 80)).toBeLessThan(48);
    expect(Math.abs(delayed - 40)).toBeLessThan(36);
    expect(served - before).toBe(400 - aborted.length);
    expect(aborted[0]?.reason).toBe('FI');
    expect(JSON.parse(aborted[0]?.text ?? '')).toMatchObject({
      reason: 'faultAbort',
      rule: 'FaultInjection/default/cart (examples/fault-injection/faults.yaml:2)',
      answered_by: 'sidecar of web-1',
    });
  });

  it('gives calls their gRPC status, and leaves alone what does not fit its headers', async () => {
    await apply('echo', {});
    const marked = new Metadata();
    marked.set('x-rehearsal', 'yes');
    expect(await say(marked)).toBe(status.UNAVAILABLE);
    expect(await say(new Metadata())).toBe(status.OK);
  });

  it('lets the request choose where it says so', async () => {
    await apply('cart', { abort: { fromHeader: true, percentage: 100 }, delay: undefined });
    expect((await call()).statusCode).toBe(200);
    expect((await call({ 'x-envoy-fault-abort-request': '418' })).statusCode).toBe(418);
    await apply('cart', { delay: { fromHeader: true, percentage: 100 }, abort: undefined });
    const startedMs = performance.now();
    expect((await call({ 'x-envoy-fault-delay-request': '400' })).statusCode).toBe(200);
    expect(performance.now() - startedMs).toBeGreaterThan(390);
  });

  it('has each answer come at its own rate', async () => {
    await apply('files', {});
    const before = await counter('heddle_fault_response_rl_injected_total');
    const three = await Promise.all([1, 2, 3].map(() => download(40 * 1024)));
    for (const { length, seconds } of three) {
      expect(length).toBe(40 * 1024);
      // all but what 50 ms bring, of 20 KiB a second; a timer may see its clock a little earlier than we see ours
      expect(seconds).toBeGreaterThan(1.93);
    }
    expect(await counter('heddle_fault_response_rl_injected_total')).toBe(before + 3);
    await vi.waitUntil(async () => (await counter('heddle_fault_active')) === 0, { timeout: 5000 });
  });

  it('has it come as slowly as the request asks, where it lets that', async () => {
    await apply('files', { responseRateLimit: { fromHeader: true, percentage: 100 } });
    const asked = { 'x-envoy-fault-throughput-response': '10' };
    const before = await counter('heddle_fault_response_rl_injected_total');
    expect((await download(20 * 1024, asked)).seconds).toBeGreaterThan(1.93);
    await download(20 * 1024, { ...asked, 'x-envoy-fault-throughput-response-percentage': '0' });
    await download(20 * 1024);
    expect(await counter('heddle_fault_response_rl_injected_total')).toBe(before + 1);
  });

  it('slows down the answers of a call, which keeps its status', async () => {
    await apply('echo', {
      responseRateLimit: { fixedLimit: { value: '4Ki', unit: 'Second' }, percentage: 100 },
      abort: undefined,
      headers: [],
    });
    const startedMs = performance.now();
    const texts: string[] = [];
    const stream = client.repeat({ text: 'x'.repeat(1024), count: 8 });
    stream.on('data', ({ text }) => texts.push(text));
    const ended = await new Promise<number>((resolve) => stream.on('status', ({ code }) => resolve(code)));
    expect([ended, texts.length, texts.every((text) => text.length === 1024)]).toEqual([status.OK, 8, true]);
    expect((performance.now() - startedMs) / 1000).toBeGreaterThan(1.93);
  });

  it('lets an answer go on at full speed when its time is over, also one that is under way', async () => {
    const until = Date.now() + 3000;
    await apply('files', { until: new Date(until).toISOString() });
    // slowly it would take more than four minutes
    const { length, seconds } = await download(5 * 1024 * 1024);
    expect(length).toBe(5 * 1024 * 1024);
    expect(Date.now()).toBeGreaterThanOrEqual(until);
    expect(seconds).toBeLessThan(60);
  }, 70_000);

  it('holds up no more requests at one time than it may', async () => {
    await apply('cart', { delay: { fixedDelay: '1s', percentage: 100 }, abort: undefined, maxActiveFaults: 4 });
    const overflows = await counter('heddle_fault_overflow_total');
    const startedMs = performance.now();
    const times = await Promise.all(
      Array.from({ length: 12 }, async () => {
        expect((await call()).statusCode).toBe(200);
        return performance.now() - startedMs;
      }),
    );
    expect(times.filter((ms) => ms > 990)).toHaveLength(4);
    expect((await counter('heddle_fault_overflow_total')) - overflows).toBe(8);
  });

  it('has a gRPC status that the call chooses', async () => {
    await apply('echo', { abort: { fromHeader: true, percentage: 100 }, headers: [] });
    const chosen = new Metadata();
    chosen.set('x-envoy-fault-abort-grpc-request', String(status.RESOURCE_EXHAUSTED));
    expect(await say(chosen)).toBe(status.RESOURCE_EXHAUSTED);
    expect(await say(new Metadata())).toBe(status.OK);
  });

  it('is over when its time is, though nobody takes it away', async () => {
    const until = Date.now() + 3000;
    await apply('cart', { abort: { httpStatus: 500, percentage: 100 }, until: new Date(until).toISOString() });
    await vi.waitUntil(async () => (await call()).statusCode === 500 || Date.now() > until, { timeout: 5000 });
    // no control plane tells the sidecar
    await mesh.stopControlPlane();
    await vi.waitUntil(async () => (await call()).statusCode === 200, { timeout: 10_000 });
    expect(Date.now()).toBeGreaterThanOrEqual(until);
    await mesh.startControlPlane();
  }, 30_000);
});
