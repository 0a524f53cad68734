import { request } from 'undici';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import type { RunningProxy } from '../../proxy/main.ts';
import { applyText } from '../testing/apply-documents.ts';
import { flagsOf, statOf } from '../testing/cluster-stats.ts';
import { freePort } from '../testing/free-port.ts';
import { TestMesh } from '../testing/mesh.ts';
import { plainInstance, policyFor } from '../testing/plain-services.ts';

/** Applications that all services of this test share; each service has detectors of its own. */
const names = ['a', 'b', 'c', 'd'] as const;
type Name = (typeof names)[number];
/** `gone`: nobody takes connections there, from the beginning. */
type Fault = '500' | '502' | 'hang-up' | 'every-other' | 'gone';

let mesh: TestMesh;
let web: RunningProxy;
let outbound: number;
const ports = new Map<Name, number>();
/** What is wrong with an application. */
const faults = new Map<Name, Fault>();
let asked = 0;

beforeAll(async () => {
  mesh = await TestMesh.start();
  for (const name of names) {
    const port = await mesh.application((incoming, response) => {
      const fault = incoming.url === '/healthz' ? undefined : faults.get(name);
      if (fault === 'hang-up') incoming.socket.destroy();
      else if (fault === undefined) response.end(name);
      else if (fault === 'every-other') response.writeHead(asked++ % 2 === 0 ? 500 : 200).end(name);
      else response.writeHead(Number(fault)).end(name);
    });
    ports.set(name, port);
  }
  outbound = await freePort();
  // each process judges by itself
  web = await mesh.sidecar('web-1', { service: 'web', outboundPort: outbound, concurrency: 1 });
}, 60_000);

afterAll(() => mesh?.close());
afterEach(() => faults.clear());

async function call(service: string): Promise<{ status: number; text: string }> {
  const answer = await request(`http://127.0.0.1:${outbound}/`, { headers: { host: service } });
  return { status: answer.statusCode, text: await answer.body.text() };
}

/** A service of these applications whose callers go to them in turn and repeat nothing. */
async function start(service: string, of: readonly Name[], passive: string, more = ''): Promise<void> {
  const health = `healthCheck: { panicThreshold: 0, ${more}passive: { interval: 1s, ${passive} } }`;
  const policy = policyFor(service, 'retry: { numRetries: 0 }', 'loadBalancer: { type: RoundRobin }', health);
  const isGone = (name: Name): boolean => faults.get(name) === 'gone';
  const instances: string[] = [];
  for (const name of of) {
    const port = isGone(name) ? await freePort() : (ports.get(name) ?? 0);
    instances.push(plainInstance(`${service}-${name}`, service, port));
  }
  await applyText(mesh, instances.join('') + policy);
  await vi.waitUntil(async () => (await call(service)).status === 200, { timeout: 15_000 });
}

/** Which applications callers leave out. */
async function outOf(service: string): Promise<string[]> {
  const flags = await flagsOf(web, service);
  return Object.keys(flags).filter((name) => flags[name] === '/failed_outlier_check');
}

/** Calls until somebody is left out. */
async function callUntilOut(service: string): Promise<string[]> {
  let out: string[] = [];
  await vi.waitUntil(
    async () => {
      for (let i = 0; i < 8; i++) await call(service);
      out = await outOf(service);
      return out.length > 0;
    },
    { timeout: 15_000, interval: 1 },
  );
  return out;
}

/** A service, what its detector goes by, what happens to it, the name of the detector in metrics and events. */
const detectors: readonly (readonly [string, string, Fault, string])[] = [
  ['row', 'consecutive5XxErrors: 3', '500', 'consecutive_5xx'],
  ['gateway', 'consecutive5XxErrors: 0, consecutiveGatewayErrors: 3', '502', 'consecutive_gateway_failure'],
  [
    'origin',
    'splitExternalLocalOriginErrors: true, consecutiveLocalOriginFailures: 3',
    'gone',
    'consecutive_local_origin_failure',
  ],
  [
    'rate',
    'consecutive5XxErrors: 0, successRateStdevFactor: 500, successRateMinimumHosts: 3, successRateRequestVolume: 5',
    'every-other',
    'success_rate',
  ],
  [
    'origin-rate',
    'splitExternalLocalOriginErrors: true, consecutiveLocalOriginFailures: 0, successRateStdevFactor: 500, successRateMinimumHosts: 3, successRateRequestVolume: 5',
    'hang-up',
    'local_origin_success_rate',
  ],
  [
    'share',
    'consecutive5XxErrors: 0, failurePercentageThreshold: 40, failurePercentageMinimumHosts: 3, failurePercentageRequestVolume: 5',
    'every-other',
    'failure_percentage',
  ],
  [
    'origin-share',
    'splitExternalLocalOriginErrors: true, consecutiveLocalOriginFailures: 0, failurePercentageThreshold: 40, failurePercentageMinimumHosts: 3, failurePercentageRequestVolume: 5, enforcingFailurePercentageLocalOrigin: 100',
    'hang-up',
    'local_origin_failure_percentage',
  ],
];

/** Which share of its findings each of them acts on. */
const enforcing: Readonly<Record<string, string>> = {
  row: 'enforcingConsecutive5xx',
  gateway: 'enforcingConsecutiveGatewayFailure',
  origin: 'enforcingConsecutiveLocalOriginFailure',
  rate: 'enforcingSuccessRate',
  'origin-rate': 'enforcingLocalOriginSuccessRate',
  share: 'enforcingFailurePercentage',
  'origin-share': 'enforcingFailurePercentageLocalOrigin',
};
const alreadyEnforced = 'enforcingFailurePercentageLocalOrigin: 100, ';

describe('a detector of outliers', () => {
  it.each(detectors)(
    'leaves out who fails: %s',
    async (service, passive, fault, detector) => {
      if (fault === 'gone') faults.set('c', fault);
      await start(service, ['a', 'b', 'c', 'd'], `${passive}, baseEjectionTime: 1m`);
      faults.set('c', fault);
      expect(await callUntilOut(service)).toEqual([`${service}-c`]);
      expect(await statOf(web, service, `outlier_detection.ejections_enforced_${detector}`)).toBe(1);
      expect(await statOf(web, service, 'outlier_detection.ejections_enforced_total')).toBe(1);
      expect(await statOf(web, service, 'outlier_detection.ejections_active')).toBe(1);
      // the events come to the control plane, which `heddle events` asks
      const cause = async () => (await mesh.api.events({ service })).map((event) => event.cause);
      await vi.waitUntil(async () => (await cause()).includes(detector), { timeout: 10_000 });
      for (let i = 0; i < 12; i++) expect(await call(service)).toMatchObject({ status: 200 });
    },
    30_000,
  );

  it.each(detectors)(
    'finds out and leaves nobody out, where it is told to enforce nothing: %s',
    async (service, passive, fault, detector) => {
      const watched = `watched-${service}`;
      if (fault === 'gone') faults.set('c', fault);
      await start(watched, [...names], `${passive}, ${enforcing[service]}: 0`.replace(alreadyEnforced, ''));
      faults.set('c', fault);
      const detected = () => statOf(web, watched, `outlier_detection.ejections_detected_${detector}`);
      await vi.waitUntil(async () => (await call(watched)) && (await detected()) > 0, { timeout: 15_000, interval: 1 });
      expect(await outOf(watched)).toEqual([]);
    },
    30_000,
  );
});

describe('an ejection', () => {
  it('is of no more than the share that may be out', async () => {
    await start('shared', [...names], 'consecutive5XxErrors: 2, maxEjectionPercent: 50, baseEjectionTime: 1m');
    for (const name of names) faults.set(name, '500');
    const overflow = () => statOf(web, 'shared', 'outlier_detection.ejections_overflow');
    await vi.waitUntil(async () => (await call('shared')) && (await overflow()) > 0, { timeout: 10_000 });
    expect(await outOf('shared')).toHaveLength(2);
    for (let i = 0; i < 20; i++) expect((await call('shared')).status).toBe(500);
  });

  it('is of nobody where only one may be out and that is not asked for', async () => {
    const passive = 'consecutive5XxErrors: 2, maxEjectionPercent: 10, alwaysEjectOneEndpoint: false';
    await start('careful', ['a', 'b'], passive);
    faults.set('b', '500');
    const overflow = () => statOf(web, 'careful', 'outlier_detection.ejections_overflow');
    await vi.waitUntil(async () => (await call('careful')) && (await overflow()) > 0, { timeout: 10_000 });
    expect(await outOf('careful')).toEqual([]);
  });

  it('takes longer each time, up to the longest', async () => {
    const passive = 'consecutive5XxErrors: 2, baseEjectionTime: 1s, maxEjectionTime: 2s';
    await start('again', ['a', 'b', 'c'], passive);
    faults.set('c', '500');
    const told = async () => (await mesh.api.events({ service: 'again' })).filter(({ kind }) => kind === 'EJECT');
    await vi.waitUntil(async () => (await call('again')) && (await told()).length >= 3, {
      timeout: 25_000,
      interval: 5,
    });
    const times = (await told())
      .slice(0, 3)
      .map(({ numEjections, message }) => [numEjections, /[0-9]+ s/.exec(message)?.[0]]);
    expect(times).toEqual([
      [1, '1 s'],
      [2, '2 s'],
      [3, '2 s'],
    ]);
  }, 40_000);

  it('lasts longer by a jitter', async () => {
    const passive = 'consecutive5XxErrors: 2, baseEjectionTime: 1s, maxEjectionTime: 1s, maxEjectionTimeJitter: 500h';
    await start('jittery', ['a', 'b', 'c'], passive);
    faults.set('c', '500');
    await callUntilOut('jittery');
    const [told] = await vi.waitUntil(
      async () => {
        const events = (await mesh.api.events({ service: 'jittery' })).filter(({ kind }) => kind === 'EJECT');
        return events.length > 0 && events;
      },
      { timeout: 10_000 },
    );
    expect(told?.durationMs).toBeGreaterThan(10_000);
  });

  it('lasts while active checks succeed, where these are not to end it', async () => {
    const active = 'active: { type: HTTP, interval: 100ms, timeout: 5s, http: { path: /healthz } }, ';
    const passive = 'consecutive5XxErrors: 2, baseEjectionTime: 5m, successfulActiveHealthCheckUnejectHost: false';
    await start('stubborn', ['a', 'b', 'c'], passive, active);
    faults.set('c', '500');
    expect(await callUntilOut('stubborn')).toEqual(['stubborn-c']);
    const passed = () => statOf(web, 'stubborn', 'health_check.success');
    const before = await passed();
    await vi.waitUntil(async () => (await passed()) > before + 9, { timeout: 10_000 });
    expect(await outOf('stubborn')).toEqual(['stubborn-c']);
  });

  it('is over as soon as an active check succeeds', async () => {
    const active = 'active: { type: HTTP, interval: 200ms, timeout: 5s, http: { path: /healthz } }, ';
    await start('checked', ['a', 'b', 'c'], 'consecutive5XxErrors: 2, baseEjectionTime: 5m', active);
    faults.set('c', '500');
    const total = () => statOf(web, 'checked', 'outlier_detection.ejections_enforced_total');
    await vi.waitUntil(async () => (await call('checked')) && (await total()) > 0, { timeout: 10_000, interval: 1 });
    faults.clear();
    await vi.waitUntil(async () => (await outOf('checked')).length === 0, { timeout: 10_000 });
    const seen = new Set<string>();
    await vi.waitUntil(async () => seen.add((await call('checked')).text).size === 3, { timeout: 10_000 });
  }, 30_000);
});
