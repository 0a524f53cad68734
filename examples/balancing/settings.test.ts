import { request } from 'undici';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { applyText } from '../testing/apply-documents.ts';
import { freePort } from '../testing/free-port.ts';
import { TestMesh } from '../testing/mesh.ts';
import { plainInstance, policyFor } from '../testing/plain-services.ts';

/** Applications that all services of this test share: two in the zone of their caller, and two in another one. */
const zones = { a: 'near', b: 'near', c: 'far', d: 'far' } as const;
type Name = keyof typeof zones;
const names = Object.keys(zones) as Name[];

let mesh: TestMesh;
let outbound: number;
const ports = new Map<Name, number>();
/** Services that slow down what is new, by what they say of it, and when their first instances are new no more. */
const slowStarts = { gentle: '', weighty: 'minWeightPercent: 90', steep: 'aggression: 100' };
let grownAtMs = 0;
/** Which of them takes its time. */
let slow: Name | null = null;

const sidecarOfWeb = (zone: string, outboundPort: number) =>
  // one process, so that one balancer sees all requests
  mesh.sidecar(`web-${zone}`, { service: 'web', outboundPort, region: 'eu', zone, concurrency: 1 });

beforeAll(async () => {
  mesh = await TestMesh.start();
  for (const name of names) {
    const port = await mesh.application((_asked, response) => {
      setTimeout(() => response.end(name), slow === name ? 1000 : 2);
    });
    ports.set(name, port);
  }
  outbound = await freePort();
  await sidecarOfWeb('near', outbound);
  // by the time that they are needed their instances are no longer new
  for (const [service, more] of Object.entries(slowStarts)) {
    await start(service, ['a'], `type: RoundRobin, slowStart: { window: 12s, ${more} }`);
  }
  grownAtMs = performance.now() + 12_500;
}, 60_000);

afterAll(() => mesh?.close());

function instances(service: string, of: readonly Name[]): string {
  return of
    .map((name) =>
      plainInstance(`${service}-${name}`, service, ports.get(name) ?? 0, { region: 'eu', zone: zones[name] }),
    )
    .join('');
}

async function call(service: string, headers: Readonly<Record<string, string>> = {}) {
  const answer = await request(`http://127.0.0.1:${outbound}/`, { headers: { host: service, ...headers } });
  return { status: answer.statusCode, text: await answer.body.text() };
}

/** Who answers so many requests, one after the other. */
async function answers(service: string, count: number): Promise<string[]> {
  const list: string[] = [];
  for (let i = 0; i < count; i++) list.push((await call(service)).text);
  return list;
}

/** The same, twenty at a time. */
async function answersTogether(service: string, count: number): Promise<string[]> {
  const list: string[] = [];
  while (list.length < count)
    list.push(...(await Promise.all(Array.from({ length: 20 }, () => answers(service, 1)))).flat());
  return list;
}

/** Puts a service of these applications in force, and waits until its first request is answered. */
async function start(service: string, of: readonly Name[], balancer: string): Promise<void> {
  await applyText(mesh, instances(service, of) + policyFor(service, `loadBalancer: { ${balancer} }`));
  await vi.waitUntil(async () => (await call(service)).status === 200, { timeout: 15_000 });
}

describe('preferLocal', () => {
  const near = (list: readonly string[]) => list.filter((name) => name === 'a' || name === 'b').length;
  const start4 = (service: string, preferLocal: string) =>
    start(service, names, `type: Random, zoneAware: { preferLocal: { ${preferLocal} } }`);
  // of 400 draws of a half or three fourths six standard deviations are at most 60
  const tolerance = 60;

  it.each([
    ['few', 'not with fewer instances in all than minEndpointsThreshold', 'minEndpointsThreshold: 5, force: {}', 200],
    ['enough', 'with as many', 'minEndpointsThreshold: 4, force: {}', 400],
    ['partly', 'for percentageEnabled of them', 'minEndpointsThreshold: 2, percentageEnabled: 50, force: {}', 300],
    [
      'lacking',
      'as far as it has instances for its callers, with fewer than minEndpointsInZoneThreshold',
      'minEndpointsThreshold: 2, force: { minEndpointsInZoneThreshold: 3 }',
      200,
    ],
    ['forced', 'with as many there', 'minEndpointsThreshold: 2, force: { minEndpointsInZoneThreshold: 2 }', 400],
  ])('%s: keeps requests in the zone %s', async (service, _when, preferLocal, stay) => {
    await start4(service, preferLocal);
    const list = await answersTogether(service, 400);
    if (stay === 400) expect(near(list)).toBe(400);
    else expect(Math.abs(near(list) - stay)).toBeLessThan(tolerance);
  });

  it('keeps as many requests as the zone has instances for its callers', async () => {
    await start4('fair', 'minEndpointsThreshold: 2');
    // all callers are here, and half of the instances
    expect(Math.abs(near(await answersTogether('fair', 400)) - 200)).toBeLessThan(tolerance);
    await sidecarOfWeb('far', await freePort());
    // now half of the callers
    await vi.waitUntil(async () => near(await answersTogether('fair', 60)) === 60, { timeout: 15_000 });
  }, 30_000);
});

describe('ConsistentHash', () => {
  const byUser = (more: string) =>
    `type: ConsistentHash, consistentHash: { type: Header, header: { name: x-user }, ${more} }`;

  async function ownersOfUsers(service: string): Promise<string[]> {
    const users = Array.from({ length: 200 }, (_, user) => call(service, { 'x-user': `user-${user}` }));
    return (await Promise.all(users)).map(({ text }) => text);
  }

  it('has as many places in its table as tableSize says: of two, two instances have one each', async () => {
    await start('places', ['a', 'b', 'c'], byUser('tableSize: 2'));
    await vi.waitUntil(async () => new Set(await ownersOfUsers('places')).size === 2, { timeout: 15_000 });
    expect(new Set(await ownersOfUsers('places')).size).toBe(2);
  });

  it('has as many points on its ring as minimumRingSize says', async () => {
    const ring = (size: number) =>
      start('ring', ['a', 'b', 'c'], byUser(`algorithm: RingHash, minimumRingSize: ${size}`));
    await ring(3);
    const few = await ownersOfUsers('ring');
    await ring(1024);
    await vi.waitUntil(async () => String(await ownersOfUsers('ring')) !== String(few), { timeout: 15_000 });
    const many = await ownersOfUsers('ring');
    // with a thousand points the shares are even
    for (const name of ['a', 'b', 'c']) expect(many.filter((owner) => owner === name).length).toBeGreaterThan(40);
    await ring(3);
    await vi.waitUntil(async () => String(await ownersOfUsers('ring')) === String(few), { timeout: 15_000 });
  });
});

describe('PeakEwma', () => {
  const ewma = (service: string, of: readonly Name[], settings: string) =>
    start(service, of, `type: PeakEwma, peakEwma: { ${settings} }`);

  it('takes an instance that it does not know to need defaultRtt, which fades', async () => {
    await ewma('wary', ['a'], 'defaultRtt: 60s, decayTime: 200ms');
    const knownAtMs = performance.now() + 2500;
    await vi.waitUntil(async () => (await call('wary')) && performance.now() > knownAtMs, { timeout: 15_000 });
    const startedMs = performance.now();
    await applyText(mesh, instances('wary', ['b']));
    await vi.waitUntil(async () => (await call('wary')).text === 'b', { timeout: 15_000, interval: 1 });
    // 60 s are some 3 ms after ten times 200 ms; the 30 ms of an instance of which nothing is said, after two
    expect(performance.now() - startedMs).toBeGreaterThan(1000);
  }, 30_000);

  it('forgets that an instance was slow as decayTime says', async () => {
    slow = 'a';
    // both are asked at first: one that is known needs more than the 1 ms of the other
    for (const [service, decayTime] of [
      ['forgiving', '100ms'],
      ['resentful', '1h'],
    ] as const) {
      await ewma(service, ['a', 'b'], `decayTime: ${decayTime}, defaultRtt: 1ms`);
      await answers(service, 3);
    }
    slow = null;
    await vi.waitUntil(async () => (await answers('forgiving', 5)).includes('a'), { timeout: 15_000 });
    expect(await answers('resentful', 40)).not.toContain('a');
  }, 30_000);
});

describe('slow start', () => {
  it('begins at minWeightPercent, and grows by aggression', async () => {
    await vi.waitUntil(() => performance.now() > grownAtMs, { timeout: 15_000 });
    await applyText(
      mesh,
      Object.keys(slowStarts)
        .map((service) => instances(service, ['b']))
        .join(''),
    );
    const shares: Record<string, number> = {};
    for (const service of Object.keys(slowStarts)) {
      let list: string[] = [];
      const knowsBoth = async () => {
        list = await answers(service, 40);
        return list.includes('b');
      };
      await vi.waitUntil(knowsBoth, { timeout: 15_000, interval: 1 });
      // from the first request on that it had
      list = list.slice(list.indexOf('b'));
      while (list.length < 40) list.push((await call(service)).text);
      shares[service] = list.filter((name) => name === 'b').length;
    }
    // a twelfth of its weight after a second, and two thirds after eight; nine tenths; (1/12) ^ (1/100)
    expect(shares.gentle).toBeLessThan(16);
    expect(shares.weighty).toBeGreaterThan(17);
    expect(shares.steep).toBeGreaterThan(18);
  }, 40_000);
});
