import { request } from 'undici';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { kinds } from '../../control-plane/model/kinds.ts';
import type { RunningProxy } from '../../proxy/main.ts';
import { applyText } from '../testing/apply-documents.ts';
import { statOf } from '../testing/cluster-stats.ts';
import { freePort } from '../testing/free-port.ts';
import { TestMesh } from '../testing/mesh.ts';
import { plainInstance, policyFor } from '../testing/plain-services.ts';

/** Applications that all services of this test share; each service has a balancer of its own. */
const names = ['a', 'b', 'c', 'd'] as const;
type Name = (typeof names)[number];

interface Asked {
  readonly path?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

let mesh: TestMesh;
let web: RunningProxy;
let outbound: number;
const ports = new Map<Name, number>();
/** Answers that wait to be given. */
const held: (() => void)[] = [];
/** Applications that fail their health checks. */
const ill = new Set<Name>();
/** How long each takes. */
const takesMs = new Map<Name, number>();

beforeAll(async () => {
  mesh = await TestMesh.start();
  for (const name of names) {
    const port = await mesh.application((asked, response) => {
      if (asked.url === '/healthz') response.writeHead(ill.has(name) ? 503 : 200).end();
      else if (asked.url === '/held') held.push(() => response.end(name));
      else setTimeout(() => response.end(name), takesMs.get(name) ?? 0);
    });
    ports.set(name, port);
  }
  outbound = await freePort();
  web = await mesh.sidecar('web-1', {
    service: 'web',
    outboundPort: outbound,
    region: 'eu',
    zone: 'near',
    // one process, so that one balancer sees all requests
    concurrency: 1,
  });
}, 60_000);

afterAll(() => mesh?.close());

/** Instances of a service, of those applications; by default in one zone. */
function instances(service: string, of: readonly Name[], zoneOf: (name: Name) => string = () => ''): string {
  return of
    .map((name) =>
      plainInstance(`${service}-${name}`, service, ports.get(name) ?? 0, { region: 'eu', zone: zoneOf(name) }),
    )
    .join('');
}

async function call(service: string, path = '/', headers: Readonly<Record<string, string>> = {}) {
  const answer = await request(`http://127.0.0.1:${outbound}${path}`, { headers: { host: service, ...headers } });
  return { status: answer.statusCode, text: await answer.body.text(), headers: answer.headers };
}

/** Who answers so many requests, one after the other. */
async function answers(service: string, count: number, path?: string): Promise<string[]> {
  const list: string[] = [];
  for (let i = 0; i < count; i++) list.push((await call(service, path)).text);
  return list;
}

const shareOf = (name: Name, list: readonly string[]) => list.filter((each) => each === name).length;

/** Puts a service in force, and waits until its first request is answered. */
async function start(service: string, yaml: string): Promise<void> {
  await applyText(mesh, yaml);
  await vi.waitUntil(async () => (await call(service)).status === 200, { timeout: 15_000 });
}

describe('a balancer', () => {
  it('RoundRobin goes to one after the other', async () => {
    await start(
      'turns',
      instances('turns', ['a', 'b', 'c']) + policyFor('turns', 'loadBalancer: { type: RoundRobin }'),
    );
    const list = await answers('turns', 12);
    expect(new Set(list.slice(0, 3)).size).toBe(3);
    for (let i = 3; i < 12; i++) expect(list[i]).toBe(list[i - 3]);
  });

  it('Random gives each its share, by chance', async () => {
    await start('chance', instances('chance', ['a', 'b', 'c']) + policyFor('chance', 'loadBalancer: { type: Random }'));
    const list = await answers('chance', 600);
    // 600 draws of a third: six standard deviations are 70
    for (const name of ['a', 'b', 'c'] as const) expect(Math.abs(shareOf(name, list) - 200)).toBeLessThan(70);
    expect(list.slice(0, 30)).not.toEqual(list.slice(3, 33));
  });

  it('LeastRequest goes past an instance that has more in hand', async () => {
    await start('least', instances('least', ['a', 'b']) + policyFor('least', 'loadBalancer: { type: LeastRequest }'));
    const slow = call('least', '/held');
    await vi.waitUntil(() => held.length === 1);
    const list = await answers('least', 20);
    expect(new Set(list).size).toBe(1);
    held.shift()?.();
    expect(list).not.toContain((await slow).text);
  });

  it('PeakEwma goes to the instance that answers sooner', async () => {
    await start('fast', instances('fast', ['a', 'b']) + policyFor('fast', 'loadBalancer: { type: PeakEwma }'));
    takesMs.set('a', 200);
    await answers('fast', 20);
    expect(shareOf('b', await answers('fast', 40))).toBeGreaterThan(35);
    takesMs.clear();
  });

  it.each([
    ['Maglev', 'QueryParams, queryParams: [{ name: user }]', (user: string): Asked => ({ path: `/?user=${user}` })],
    ['RingHash', 'QueryParams, queryParams: [{ name: user }]', (user: string) => ({ path: `/?user=${user}` })],
    ['Maglev', 'Header, header: { name: x-user }', (user: string) => ({ headers: { 'x-user': user } })],
    [
      'RingHash',
      'Headers, headers: [{ name: x-user }, { name: x-shop }]',
      (user: string) => ({ headers: { 'x-user': user, 'x-shop': 'one' } }),
    ],
    ['Maglev', 'Cookie, cookie: { name: user }', (user: string) => ({ headers: { cookie: `user=${user}` } })],
  ])(
    'ConsistentHash with %s on %s finds an owner for each, and new ones only for those of who has left',
    async (algorithm, on, asUser) => {
      const service = `hash-${algorithm}-${on.slice(0, 6)}`.toLowerCase().replace(',', '-');
      const hash = `loadBalancer: { type: ConsistentHash, consistentHash: { algorithm: ${algorithm}, type: ${on} } }`;
      await start(service, instances(service, ['a', 'b', 'c']) + policyFor(service, hash));
      const owners = () =>
        Promise.all(
          Array.from({ length: 150 }, async (_, user) => {
            const { path, headers } = { path: '/', headers: {}, ...asUser(`user-${user}`) };
            return (await call(service, path, headers)).text;
          }),
        );
      await vi.waitUntil(async () => new Set(await owners()).size === 3, { timeout: 15_000 });
      const before = await owners();
      expect(await owners()).toEqual(before);
      await mesh.api.delete(kinds.Workload, 'default', `${service}-c`);
      await vi.waitUntil(async () => !(await owners()).includes('c'), { timeout: 15_000 });
      const after = await owners();
      const moved = before.filter((owner, user) => owner !== 'c' && owner !== after[user]).length;
      // half of some 100 if they were dealt anew; a ring of fewer endpoints has more points of each (Envoy), and so moves a sixth
      expect(moved).toBeLessThan(34);
    },
  );

  it('ConsistentHash on SourceIP keeps all requests of one caller with one instance', async () => {
    const hash = 'loadBalancer: { type: ConsistentHash, consistentHash: { type: SourceIP } }';
    await start('source', instances('source', ['a', 'b', 'c']) + policyFor('source', hash));
    expect(new Set(await answers('source', 30)).size).toBe(1);
  });
});

describe('zones', () => {
  const nearOrFar = (name: Name) => (name === 'a' || name === 'b' ? 'near' : 'far');

  it('have their weights', async () => {
    const weights = 'zoneAware: { weightedZones: [{ zone: near, weight: 3 }, { zone: far, weight: 1 }] }';
    const policy = policyFor('weighed', `loadBalancer: { type: RoundRobin, ${weights} }`);
    await start('weighed', instances('weighed', [...names], nearOrFar) + policy);
    const list = await answers('weighed', 400);
    const near = shareOf('a', list) + shareOf('b', list);
    // 300, smoothly in turn or by chance: six standard deviations are 52
    expect(Math.abs(near - 300)).toBeLessThan(52);
  });

  it('keep requests of their own callers, with preferLocal', async () => {
    const policy = policyFor(
      'local',
      'loadBalancer: { type: LeastRequest, zoneAware: { preferLocal: { minEndpointsThreshold: 2, force: {} } } }',
    );
    await start('local', instances('local', [...names], nearOrFar) + policy);
    expect(new Set(await answers('local', 60))).toEqual(new Set(['a', 'b']));
  });

  it.each([
    // of two instances one is well: 50 % × 1.4 stay, and 50 % × 1
    ['', 70],
    [', overprovisioningFactor: 100', 50],
    [', overprovisioningFactor: 200', 100],
  ])(
    'give away what they cannot take with failover%s, so that %i in a hundred stay',
    async (factor, percent) => {
      const service = `levels${percent}`;
      const check =
        'healthCheck: { panicThreshold: 0, active: { type: HTTP, interval: 100ms, timeout: 5s, unhealthyThreshold: 1, healthyThreshold: 1, http: { path: /healthz } } }';
      const balancer = `loadBalancer: { type: RoundRobin, zoneAware: { failover: true${factor} } }`;
      await start(service, instances(service, [...names], nearOrFar) + policyFor(service, balancer, check));
      await vi.waitUntil(async () => new Set(await answers(service, 20)).size === 2, { timeout: 15_000 });
      expect(new Set(await answers(service, 40))).toEqual(new Set(['a', 'b']));
      ill.add('a');
      await vi.waitUntil(async () => !(await answers(service, 30)).includes('a'), { timeout: 15_000 });
      const list = await answers(service, 400);
      // six standard deviations of 400 draws are 55 to 60
      expect(Math.abs(shareOf('b', list) - percent * 4)).toBeLessThan(percent === 100 ? 1 : 60);
      ill.clear();
    },
    30_000,
  );
});

describe('panic', () => {
  const check = (threshold: string) =>
    `healthCheck: { ${threshold}active: { type: HTTP, interval: 100ms, timeout: 5s, unhealthyThreshold: 1, healthyThreshold: 1, http: { path: /healthz } } }`;

  it('is when too few are well: then all are asked, and the metrics say so', async () => {
    await start('panics', instances('panics', ['c', 'd']) + policyFor('panics', check('')));
    await start('calm', instances('calm', ['c', 'd']) + policyFor('calm', check('panicThreshold: 0, ')));
    for (const name of ['c', 'd'] as const) ill.add(name);
    await vi.waitUntil(async () => (await call('calm')).status === 503, { timeout: 15_000 });
    const refused = await call('calm');
    expect(refused.headers['x-heddle-reason']).toBe('UH');
    const isPanicking = async () => {
      expect((await call('panics')).status).toBe(200);
      return (await statOf(web, 'panics', 'lb_healthy_panic')) > 0;
    };
    await vi.waitUntil(isPanicking, { timeout: 15_000 });
    expect(new Set(await answers('panics', 30))).toEqual(new Set(['c', 'd']));
    ill.clear();
    await vi.waitUntil(async () => (await call('calm')).status === 200, { timeout: 15_000 });
  }, 30_000);
});

describe('slow start', () => {
  it('gives an instance that has just come less than its share, and then all of it', async () => {
    const policy = policyFor('warm', 'loadBalancer: { type: RoundRobin, slowStart: { window: 4s } }');
    await start('warm', instances('warm', ['a']) + policy);
    const grownAtMs = performance.now() + 4500;
    await vi.waitUntil(() => performance.now() > grownAtMs, { timeout: 10_000 });
    await applyText(mesh, instances('warm', ['b']));
    let first: string[] = [];
    await vi.waitUntil(
      async () => {
        first = await answers('warm', 60);
        return first.includes('b');
      },
      { timeout: 15_000, interval: 1 },
    );
    // 1 s of 4 s counts at once (Envoy: max(age, 1) / window): a fifth instead of half
    expect(shareOf('b', first)).toBeLessThan(25);
    await vi.waitUntil(async () => shareOf('b', await answers('warm', 60)) === 30, { timeout: 15_000 });
  }, 30_000);
});

describe('a session by header', () => {
  it('leads to the instance that answered first', async () => {
    await start(
      'desk',
      `${instances('desk', ['a', 'b', 'c'])}
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: { name: desk }
spec:
  parentRefs: [{ group: "", kind: Service, name: desk }]
  rules:
    - backendRefs: [{ name: desk, port: 80 }]
      sessionPersistence: { type: Header, sessionName: x-desk }
`,
    );
    const seen = new Map<string, string>();
    for (let i = 0; i < 24; i++) {
      const { text, headers } = await call('desk');
      seen.set(text, String(headers['x-desk']));
    }
    expect(seen.size).toBe(3);
    for (const [name, session] of seen) {
      for (let i = 0; i < 5; i++) expect((await call('desk', '/', { 'x-desk': session })).text).toBe(name);
    }
  });
});
