import type { RequestListener } from 'node:http';
import { join } from 'node:path';
import { request } from 'undici';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { applyText } from '../testing/apply-documents.ts';
import { stockEnvoy } from '../testing/envoy.ts';
import { freePort } from '../testing/free-port.ts';
import { TestMesh } from '../testing/mesh.ts';
import { plainInstance, policyFor } from '../testing/plain-services.ts';
import type { RunningProgram } from '../testing/program.ts';
import { startEnvoy } from './stock-envoy.ts';

const program = stockEnvoy();

const names = ['a', 'b', 'c', 'd'] as const;
type Name = (typeof names)[number];
type Caller = 'ours' | 'envoy';
const both = ['ours', 'envoy'] as const;

/** Answers what is held. */
const held: (() => void)[] = [];
/** Instances that fail their health checks, and those that fail requests. */
const ill = new Set<Name>();
const failing = new Set<Name>();
/** How often each path was asked for. */
const tries = new Map<string, number>();

function application(name: Name): RequestListener {
  return (incoming, response) => {
    const { url = '' } = incoming;
    incoming.resume();
    const count = (tries.get(url) ?? 0) + 1;
    tries.set(url, count);
    if (url === '/healthz') response.writeHead(ill.has(name) ? 503 : 200).end();
    else if (failing.has(name) || (url.startsWith('/retried') && count === 1)) response.writeHead(503).end();
    else if (url.startsWith('/held') || url.startsWith('/retried')) held.push(() => response.end(name));
    else if (url === '/large') response.end('x'.repeat(48 * 1024));
    else response.end(name);
  };
}

/** Instances near and far, of services that each have a policy of their own. */
const nearOrFar = (name: Name) => (name === 'a' || name === 'b' ? 'near' : 'far');
const roundRobin = 'loadBalancer: { type: RoundRobin }';
const onHeader = 'type: Header, header: { name: x-user }';
// an Envoy that has begun to wait for traffic goes on waiting when it comes
const check =
  'active: { type: HTTP, interval: 200ms, noTrafficInterval: 200ms, timeout: 5s, unhealthyThreshold: 1, healthyThreshold: 1, http: { path: /healthz } }';
const unwatched = 'healthCheck: { passive: { consecutive5XxErrors: 0 } }';
const once = 'retry: { numRetries: 0 }';
const policies: Readonly<Record<string, readonly [of: readonly Name[], ...sections: string[]]>> = {
  turns: [['a', 'b', 'c'], roundRobin],
  maglev: [[...names], `loadBalancer: { type: ConsistentHash, consistentHash: { ${onHeader} } }`],
  ring: [[...names], `loadBalancer: { type: ConsistentHash, consistentHash: { algorithm: RingHash, ${onHeader} } }`],
  query: [
    [...names],
    'loadBalancer: { type: ConsistentHash, consistentHash: { type: QueryParams, queryParams: [{ name: user }] } }',
  ],
  least: [['a', 'b'], 'loadBalancer: { type: LeastRequest }'],
  zones: [
    [...names],
    'loadBalancer: { type: RoundRobin, zoneAware: { weightedZones: [{ zone: near, weight: 3 }, { zone: far, weight: 1 }] } }',
  ],
  levels: [
    [...names],
    'loadBalancer: { type: RoundRobin, zoneAware: { failover: true, overprovisioningFactor: 100 } }',
    `healthCheck: { panicThreshold: 0, passive: { consecutive5XxErrors: 0 }, ${check} }`,
  ],
  checked: [['a', 'b', 'c'], roundRobin, `healthCheck: { passive: { consecutive5XxErrors: 0 }, ${check} }`],
  watched: [
    ['a', 'b', 'c'],
    roundRobin,
    once,
    'healthCheck: { passive: { consecutive5XxErrors: 3, baseEjectionTime: 5m } }',
  ],
  budget: [
    ['a'],
    'retry: { numRetries: 1, retryOn: { triggers: [5xx] }, perRetry: { backOff: { baseInterval: 1ms, maxInterval: 1ms } } }',
    'retryBudget: { percent: 1, minRetryConcurrency: 1 }',
    unwatched,
  ],
  narrow: [['a'], 'circuitBreaker: { maxConnections: 1, maxPendingRequests: 1 }', unwatched],
  admitted: [['d'], once, unwatched, 'admissionControl: { successRateThreshold: 95, maxRejectionProbability: 80 }'],
};

describe.skipIf(program === null)('by its policies, a stock Envoy does what our sidecar does', () => {
  let mesh: TestMesh;
  const callers: Record<Caller, number> = { ours: 0, envoy: 0 };
  const envoys: RunningProgram[] = [];

  beforeAll(async () => {
    mesh = await TestMesh.start();
    const ports = new Map<Name, number>();
    for (const name of names) ports.set(name, await mesh.application(application(name)));
    let text = '';
    for (const [service, [of, ...sections]] of Object.entries(policies)) {
      for (const name of of) {
        const place = { region: 'eu', zone: nearOrFar(name) };
        text += plainInstance(`${service}-${name}`, service, ports.get(name) ?? 0, place);
      }
      text += policyFor(service, ...sections);
    }
    // what the sidecar, and the Envoy, of a service does
    const inboundLimits = [
      'adaptiveConcurrency: { minRTT: { requestCount: 10000, minConcurrency: 2 } }',
      'bandwidthLimit: { response: { limit: { value: 32Ki, unit: Second } } }',
    ];
    const own = await mesh.application(application('a'));
    await mesh.sidecar('cart-1', { service: 'cart', ports: [{ port: own, protocol: 'http' }], concurrency: 1 });
    text += policyFor('cart', ...inboundLimits) + policyFor('stock', ...inboundLimits);
    callers.ours = await freePort();
    const place = { region: 'eu', zone: 'near' };
    await mesh.sidecar('web-1', { service: 'web', outboundPort: callers.ours, concurrency: 1, ...place });
    // its certificate is that of a sidecar, which is then gone
    await mesh.stopSidecar(await mesh.sidecar('stock-0', { service: 'stock' }));
    const [port, inboundPort] = [await mesh.application(application('a')), await freePort()];
    text += `
apiVersion: heddle.dev/v1alpha1
kind: Workload
metadata: { name: stock-1 }
spec:
  address: 127.0.0.1
  service: stock
  ports: [{ port: ${port}, inboundPort: ${inboundPort}, appProtocol: http }]
---
apiVersion: heddle.dev/v1alpha1
kind: Workload
metadata: { name: web-2 }
spec:
  address: 127.0.0.1
  service: web
  locality: { region: eu, zone: near }
  ports: [{ port: ${await freePort()}, inboundPort: ${await freePort()}, appProtocol: http }]
`;
    callers.envoy = await freePort();
    const common = { program: program ?? '', xdsAddress: mesh.controlPlane.xdsAddress };
    const stateOf = (name: string): string => join(mesh.directory, 'sidecars', name);
    await applyText(mesh, text);
    envoys.push(
      await startEnvoy({
        ...common,
        ...{ workload: 'web-2', service: 'web', stateDirectory: stateOf('web-1') },
        ...{ outboundPort: callers.envoy, waitsFor: callers.envoy },
      }),
      await startEnvoy({
        ...common,
        ...{ workload: 'stock-1', service: 'stock', stateDirectory: stateOf('stock-0') },
        ...{ outboundPort: await freePort(), waitsFor: inboundPort },
      }),
    );
    for (const caller of both) {
      for (const service of [...Object.keys(policies), 'cart', 'stock']) {
        const isThere = async () => (await call(caller, service)).status === 200;
        await vi.waitUntil(isThere, { timeout: 20_000 });
      }
    }
  }, 90_000);

  afterAll(async () => {
    for (const envoy of envoys) await envoy.stop();
    await mesh?.close();
  });

  async function call(caller: Caller, service: string, path = '/', headers: Readonly<Record<string, string>> = {}) {
    const answer = await request(`http://127.0.0.1:${callers[caller]}${path}`, {
      headers: { host: service, ...headers },
    });
    return { status: answer.statusCode, text: await answer.body.text() };
  }

  /** Who answers so many requests, one after the other. */
  async function answers(caller: Caller, service: string, count: number): Promise<string[]> {
    const list: string[] = [];
    for (let i = 0; i < count; i++) list.push((await call(caller, service)).text);
    return list;
  }

  const shareOf = (list: readonly string[], ...of: readonly Name[]) =>
    list.filter((each) => of.includes(each as Name)).length;

  it('one after the other', async () => {
    for (const caller of both) {
      const list = await answers(caller, 'turns', 12);
      expect(new Set(list.slice(0, 3)).size, caller).toBe(3);
      expect(list.slice(3), caller).toEqual(list.slice(0, 9));
    }
  });

  it.each(['maglev', 'ring', 'query'])('the same instance for each user: %s', async (service) => {
    const owners = async (caller: Caller) => {
      const list: string[] = [];
      for (let user = 0; user < 100; user++) {
        list.push((await call(caller, service, `/?user=user-${user}`, { 'x-user': `user-${user}` })).text);
      }
      return list;
    };
    const ours = await owners('ours');
    expect(await owners('envoy')).toEqual(ours);
    expect(new Set(ours).size).toBe(4);
  });

  it('past an instance that has more in hand', async () => {
    for (const caller of both) {
      const slow = call(caller, 'least', '/held');
      await vi.waitUntil(() => held.length === 1);
      const list = await answers(caller, 'least', 40);
      held.shift()?.();
      const other = (await slow).text === 'a' ? 'b' : 'a';
      // an Envoy may draw one instance twice, and then has no choice: one time in four
      expect(shareOf(list, other), caller).toBeGreaterThan(caller === 'ours' ? 39 : 20);
    }
  });

  it('zones by their weights', async () => {
    for (const caller of both) {
      // three of four; six standard deviations, where zones are drawn
      expect(Math.abs(shareOf(await answers(caller, 'zones', 400), 'a', 'b') - 300), caller).toBeLessThan(52);
    }
  });

  it('the nearest zone, and of what it cannot take as much to the next', async () => {
    for (const caller of both) {
      await vi.waitUntil(async () => shareOf(await answers(caller, 'levels', 20), 'c', 'd') === 0, { timeout: 15_000 });
    }
    ill.add('a');
    for (const caller of both) {
      await vi.waitUntil(async () => shareOf(await answers(caller, 'levels', 30), 'a') === 0, { timeout: 15_000 });
      // half of its instances are well, with a factor of 100
      expect(Math.abs(shareOf(await answers(caller, 'levels', 400), 'b') - 200), caller).toBeLessThan(60);
    }
    ill.clear();
  }, 60_000);

  it('an instance out that fails its checks, and in again', async () => {
    ill.add('c');
    for (const caller of both) {
      await vi.waitUntil(async () => shareOf(await answers(caller, 'checked', 12), 'c') === 0, { timeout: 15_000 });
      expect(new Set(await answers(caller, 'checked', 12)), caller).toEqual(new Set(['a', 'b']));
    }
    ill.clear();
    for (const caller of both) {
      await vi.waitUntil(async () => shareOf(await answers(caller, 'checked', 12), 'c') > 0, { timeout: 15_000 });
    }
  }, 60_000);

  it('an instance out after as many failures', async () => {
    failing.add('c');
    for (const caller of both) {
      let failures = 0;
      let wellInARow = 0;
      for (let i = 0; i < 1000 && wellInARow < 12; i++) {
        const isWell = (await call(caller, 'watched')).status === 200;
        wellInARow = isWell ? wellInARow + 1 : 0;
        if (!isWell) failures++;
      }
      expect(wellInARow, caller).toBe(12);
      // an Envoy ejects in another thread than the one that goes on asking
      if (caller === 'ours') expect(failures).toBe(3);
      else expect(failures).toBeGreaterThanOrEqual(3);
      expect(new Set(await answers(caller, 'watched', 12)), caller).toEqual(new Set(['a', 'b']));
    }
    failing.clear();
  });

  it('no more retries than the budget has', async () => {
    for (const caller of both) {
      const first = call(caller, 'budget', `/retried/${caller}/1`);
      await vi.waitUntil(() => held.length === 1);
      expect((await call(caller, 'budget', `/retried/${caller}/2`)).status, caller).toBe(503);
      held.shift()?.();
      expect((await first).status, caller).toBe(200);
      expect([tries.get(`/retried/${caller}/1`), tries.get(`/retried/${caller}/2`)], caller).toEqual([2, 1]);
    }
  });

  it('no more connections, and no more that wait for one', async () => {
    for (const caller of both) {
      const first = call(caller, 'narrow', `/held/${caller}/1`);
      await vi.waitUntil(() => held.length === 1);
      const later = [call(caller, 'narrow', `/held/${caller}/2`), call(caller, 'narrow', `/held/${caller}/3`)];
      // one of them waits, the other is refused
      expect((await Promise.race(later)).status, caller).toBe(503);
      held.shift()?.();
      await vi.waitUntil(() => held.length === 1);
      held.shift()?.();
      const statuses = [(await first).status, ...(await Promise.all(later)).map(({ status }) => status)];
      expect(statuses.sort(), caller).toEqual([200, 200, 503]);
    }
  });

  it('a share of the requests refused while most have failed', async () => {
    failing.add('d');
    for (const caller of both) {
      tries.clear();
      for (let i = 0; i < 300; i++) await call(caller, 'admitted', '/admitted');
      const reached = tries.get('/admitted') ?? 0;
      // at most four of five are refused, and nearly as many before long
      expect(reached, caller).toBeGreaterThan(30);
      expect(reached, caller).toBeLessThan(180);
    }
    failing.clear();
  });

  it.each(['cart', 'stock'])('few at a time, in front of a service that is not known yet: %s', async (service) => {
    for (const caller of both) {
      const slow = [call(caller, service, '/held/1'), call(caller, service, '/held/2')];
      await vi.waitUntil(() => held.length === 2);
      expect((await call(caller, service)).status, caller).toBe(503);
      for (const answer of held.splice(0)) answer();
      expect(
        (await Promise.all(slow)).map(({ status }) => status),
        caller,
      ).toEqual([200, 200]);
      expect((await call(caller, service)).status, caller).toBe(200);
    }
  });

  it.each(['cart', 'stock'])('answers no faster than the limit of bandwidth: %s', async (service) => {
    for (const caller of both) {
      const startedMs = performance.now();
      expect((await call(caller, service, '/large')).text).toHaveLength(48 * 1024);
      // 48 KiB at 32 KiB a second, of which what is saved up goes at once: a second's worth at most
      expect(performance.now() - startedMs, caller).toBeGreaterThan(450);
    }
  });

  it('and has refused nothing that it was sent', async () => {
    const proxies = await mesh.api.proxies();
    expect(proxies.map(({ name }) => name)).toContain('web-2');
    expect(proxies.flatMap(({ rejected }) => rejected)).toEqual([]);
  });
});
