import { once } from 'node:events';
import type { AddressInfo, Socket } from 'node:net';
import { createServer } from 'node:net';
import type { sendUnaryData } from '@grpc/grpc-js';
import { Server, ServerCredentials } from '@grpc/grpc-js';
import { request } from 'undici';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { serviceDefinition } from '../../proto/load.ts';
import type { RunningProxy } from '../../proxy/main.ts';
import { applyText } from '../testing/apply-documents.ts';
import { flagsOf } from '../testing/cluster-stats.ts';
import { freePort } from '../testing/free-port.ts';
import { TestMesh } from '../testing/mesh.ts';
import { plainInstance, policyFor } from '../testing/plain-services.ts';

/** A check as the application saw it. */
interface Asked {
  readonly method: string;
  readonly host: string;
  readonly socket: Socket;
}

/** `active` of each service: what this test is about. All of them lead to one application, which tells them apart by path. */
const http = (service: string, more = '') => `http: { path: /${service}${more} }`;
const checks: Readonly<Record<string, string>> = {
  usual: `interval: 100ms, ${http('usual')}`,
  statuses: `interval: 100ms, ${http('statuses', ', expectedStatuses: [204, 418]')}`,
  text: `interval: 100ms, ${http('text', ', expectedResponse: { type: Text, text: "is well" }')}`,
  // "well" in base64
  bytes: `interval: 100ms, ${http('bytes', ', expectedResponse: { type: Binary, binary: d2VsbA== }')}`,
  head: `interval: 100ms, ${http('head', ', method: HEAD, hostname: checks.example')}`,
  twice: `interval: 100ms, unhealthyThreshold: 3, ${http('twice', ', retriableStatuses: [503]')}`,
  once: `interval: 100ms, unhealthyThreshold: 3, ${http('once', ', retriableStatuses: [500]')}`,
  back: `interval: 100ms, healthyThreshold: 3, ${http('back')}`,
  anxious: `interval: 500h, unhealthyInterval: 100ms, ${http('anxious')}`,
  rarely: `interval: 100ms, intervalJitter: 500h, ${http('rarely')}`,
  later: `interval: 100ms, initialJitter: 500h, ${http('later')}`,
  fresh: `interval: 100ms, reuseConnection: false, ${http('fresh')}`,
  quiet: `interval: 100ms, noTrafficInterval: 500h, ${http('quiet')}`,
  watched: `interval: 500h, noTrafficInterval: 100ms, ${http('watched')}`,
};
/** Nobody calls these until a test does. */
const uncalled = ['quiet', 'watched'];

let mesh: TestMesh;
let web: RunningProxy;
let outbound: number;
const asked = new Map<string, Asked[]>(Object.keys(checks).map((service) => [service, []]));
/** What checks of a service are answered next, one after the other; then the last of them stays. */
const answersTo = new Map<string, { readonly status: number; readonly body?: string }[]>();
const well = { status: 200, body: 'all is well' };
const tcpHeard: string[] = [];
let tcpAnswer = Buffer.from([1, 2, 3]);
const grpcAsked: string[] = [];
const grpc = new Server();
const tcp = createServer((socket) => {
  socket.on('error', () => {});
  socket.on('data', (data) => {
    tcpHeard.push(data.toString('hex'));
    socket.write(tcpAnswer);
  });
});

beforeAll(async () => {
  mesh = await TestMesh.start();
  const port = await mesh.application(({ url = '', method = '', headers, socket }, response) => {
    const service = url.slice(1);
    const list = asked.get(service);
    list?.push({ method, host: headers.host ?? '', socket });
    const planned = answersTo.get(service) ?? [];
    const { status, body } = (planned.length > 1 ? planned.shift() : planned[0]) ?? well;
    response.writeHead(status).end(method === 'HEAD' ? undefined : body);
  });
  tcp.listen(0, '127.0.0.1');
  await once(tcp, 'listening');
  const tcpPort = (tcp.address() as AddressInfo).port;
  grpc.addService(serviceDefinition('grpc.health.v1.Health') as never, {
    Check: ({ request: { service } }: { request: { service: string } }, answer: sendUnaryData<object>) => {
      grpcAsked.push(service);
      answer(null, { status: 'SERVING' });
    },
  });
  const grpcPort = await new Promise<number>((resolve, reject) => {
    grpc.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, bound) =>
      error === null ? resolve(bound) : reject(error),
    );
  });
  answersTo.set('statuses', [{ status: 204 }]);
  answersTo.set('anxious', [{ status: 503 }]);
  const active = (type: string, check: string, timeout = '5s') =>
    `healthCheck: { panicThreshold: 0, passive: { consecutive5XxErrors: 0 }, active: { type: ${type}, timeout: ${timeout}, ${check} } }`;
  const documents = Object.entries(checks).map(
    ([service, check]) => plainInstance(service, service, port) + policyFor(service, active('HTTP', check)),
  );
  const said = 'tcp: { send: { type: Binary, binary: AAEC/w== }, receive: { type: Binary, binary: AgM= } }';
  documents.push(plainInstance('raw', 'raw', tcpPort, { protocol: 'tcp' }));
  documents.push(policyFor('raw', active('TCP', `noTrafficInterval: 100ms, unhealthyThreshold: 1, ${said}`, '1s')));
  documents.push(plainInstance('rates', 'rates', grpcPort, { protocol: 'grpc' }));
  documents.push(policyFor('rates', active('GRPC', 'interval: 100ms, grpc: { service: shop.Rates }')));
  await applyText(mesh, documents.join(''));
  outbound = await freePort();
  const upstreams = [];
  for (const service of [...uncalled, 'raw', 'rates']) upstreams.push({ service, localPort: await freePort() });
  // each process asks by itself
  web = await mesh.sidecar('web-1', { service: 'web', outboundPort: outbound, upstreams, concurrency: 1 });
  for (const service of Object.keys(checks)) if (!uncalled.includes(service)) await call(service);
}, 60_000);

afterAll(async () => {
  await mesh?.close();
  tcp.close();
  grpc.forceShutdown();
});

async function call(service: string): Promise<void> {
  const answer = await request(`http://127.0.0.1:${outbound}/`, { headers: { host: service } });
  await answer.body.dump();
}

const count = (service: string) => asked.get(service)?.length ?? 0;

/** The usual service has been asked so often again: by then others would have been, too. */
async function asOftenAgain(times: number): Promise<void> {
  const before = count('usual');
  await vi.waitUntil(() => count('usual') >= before + times, { timeout: 20_000 });
}

/** What the caller's sidecar thinks of the only instance. */
async function isThought(service: string, flags: 'healthy' | '/failed_active_hc'): Promise<void> {
  await vi.waitUntil(async () => (await flagsOf(web, service))[service] === flags, { timeout: 15_000, interval: 20 });
}

const isTold = async (service: string, kind: string) =>
  (await mesh.api.events({ service })).some((event) => event.kind === kind);

describe('an active check by HTTP', () => {
  it('takes the statuses that it expects, and no others', async () => {
    await isThought('statuses', 'healthy');
    answersTo.set('statuses', [{ status: 200 }]);
    await isThought('statuses', '/failed_active_hc');
    answersTo.set('statuses', [{ status: 418 }]);
    await isThought('statuses', 'healthy');
  });

  it.each(['text', 'bytes'])('looks for what the body has to hold: %s', async (service) => {
    await isThought(service, 'healthy');
    answersTo.set(service, [{ status: 200, body: 'all is we' }]);
    await isThought(service, '/failed_active_hc');
    answersTo.set(service, [well]);
    await isThought(service, 'healthy');
  });

  it('asks with its method and for its host', async () => {
    await vi.waitUntil(() => count('head') > 0, { timeout: 10_000 });
    expect(asked.get('head')?.at(-1)).toMatchObject({ method: 'HEAD', host: 'checks.example' });
    expect(asked.get('usual')?.find(({ host }) => host === 'usual.default.svc.cluster.local')?.method).toBe('GET');
  });

  it('condemns at once, but with statuses that may be asked about again', async () => {
    const before = count('twice');
    for (const service of ['once', 'twice']) answersTo.set(service, [{ status: 503 }, { status: 503 }, well]);
    await vi.waitUntil(() => isTold('once', 'EJECT_UNHEALTHY'), { timeout: 15_000 });
    await vi.waitUntil(() => count('twice') > before + 3, { timeout: 15_000 });
    await vi.waitUntil(() => isTold('once', 'ADD_HEALTHY'), { timeout: 15_000 });
    expect(await isTold('twice', 'EJECT_UNHEALTHY')).toBe(false);
    answersTo.set('twice', [{ status: 503 }]);
    await vi.waitUntil(() => isTold('twice', 'EJECT_UNHEALTHY'), { timeout: 15_000 });
  }, 40_000);

  it('acquits after as many good ones in a row as it is told', async () => {
    answersTo.set('back', [{ status: 503 }]);
    await isThought('back', '/failed_active_hc');
    // two good ones and a bad one, again and again
    answersTo.set('back', Array.from({ length: 3 }, () => [well, well, { status: 503 }]).flat());
    const before = count('back');
    await vi.waitUntil(() => count('back') > before + 9, { timeout: 15_000 });
    expect(await isTold('back', 'ADD_HEALTHY')).toBe(false);
    answersTo.set('back', [well]);
    await vi.waitUntil(() => isTold('back', 'ADD_HEALTHY'), { timeout: 15_000 });
  }, 40_000);
});

describe('the times of checks', () => {
  it('are another for an instance that is ill', async () => {
    await vi.waitUntil(() => count('anxious') > 4, { timeout: 15_000 });
    answersTo.set('anxious', [well]);
    await isThought('anxious', 'healthy');
    const since = count('anxious');
    await asOftenAgain(5);
    expect(count('anxious') - since).toBeLessThanOrEqual(1);
  }, 30_000);

  it('are longer by a jitter, as is the time before the first', async () => {
    await asOftenAgain(20);
    // once more when the first request came
    expect(count('rarely')).toBeLessThanOrEqual(2);
    expect(count('later')).toBe(0);
  }, 30_000);

  it('are others while nobody calls', async () => {
    await vi.waitUntil(() => count('watched') > 4, { timeout: 15_000 });
    expect(count('quiet')).toBe(1);
    for (const service of uncalled) await call(service);
    await vi.waitUntil(() => count('quiet') > 4, { timeout: 15_000 });
  }, 30_000);
});

describe('the connection of checks', () => {
  it('serves many of them, or one', async () => {
    await vi.waitUntil(() => count('fresh') > 5, { timeout: 15_000 });
    await asOftenAgain(5);
    const connections = (service: string) => new Set((asked.get(service) ?? []).map(({ socket }) => socket)).size;
    expect(connections('fresh')).toBe(count('fresh'));
    expect(connections('usual')).toBeLessThan(count('usual') / 2);
  });
});

describe('an active check', () => {
  it('by TCP says and expects bytes', async () => {
    await isThought('raw', 'healthy');
    expect(tcpHeard[0]).toBe('000102ff');
    tcpAnswer = Buffer.from([1, 2, 4]);
    await isThought('raw', '/failed_active_hc');
  });

  it('by gRPC asks about its service', async () => {
    await vi.waitUntil(() => grpcAsked.length > 0, { timeout: 10_000 });
    expect(new Set(grpcAsked)).toEqual(new Set(['shop.Rates']));
  });
});
