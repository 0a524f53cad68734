import { once } from 'node:events';
import { connect } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { answerOf } from '../../bench/load/answer.ts';
import { freePorts } from '../../cli/demo/free-ports.ts';
import { SeededRandom } from '../../proxy/testing/fuzz/seeded-random.ts';
import { Applications } from './applications.ts';
import type { AttackedPorts } from './attack.ts';
import { Attack } from './attack.ts';
import { HostileInputs } from './hostile-inputs.ts';
import type { Figures, SidecarProcess } from './hostile-mesh.ts';
import { HostileMesh } from './hostile-mesh.ts';
import type { LoadPorts } from './normal-load.ts';
import { NormalLoad } from './normal-load.ts';

/** How long everything is thrown; `HEDDLE_HOSTILE_SECONDS=600 npx vitest run examples/hostile` is the long run. */
const SECONDS = Number(process.env.HEDDLE_HOSTILE_SECONDS ?? 10);
const PER_SECOND = Number(process.env.HEDDLE_HOSTILE_RATE ?? 200);
const SEED = Number(process.env.HEDDLE_HOSTILE_SEED ?? 1);
/** Handshakes that nobody ends are closed by then, and what counts as idle is not yet. */
const SETTLE_MS = 30_000;

/**
 * One client may open 1024 streams on one connection, and by default a service takes 1024 requests at a time from one caller
 * (Envoy's numbers both): a caller with clients that it cannot trust gives them more room together than one of them can fill.
 */
const roomForAll = `
apiVersion: heddle.dev/v1alpha1
kind: BackendTrafficPolicy
metadata:
  name: room-for-all
spec:
  targetRefs: [{ group: '', kind: Service, name: shop }]
  circuitBreaker: { maxParallelRequests: 100000, maxPendingRequests: 100000 }
`;

let mesh: HostileMesh;
let applications: Applications;
let caller: SidecarProcess;
let callee: SidecarProcess;
let loadPorts: LoadPorts;
let attacked: AttackedPorts;

beforeAll(async () => {
  applications = await Applications.start();
  mesh = await HostileMesh.start();
  const { http, http2, grpc, tcp, quiet } = applications;
  callee = await mesh.sidecar('shop', 'shop-1', {
    ports: [
      { port: http, protocol: 'http' },
      { port: http2, protocol: 'http2' },
      { port: grpc, protocol: 'grpc' },
      { port: tcp, protocol: 'tcp' },
      { port: quiet, protocol: 'http' },
    ],
  });
  await mesh.apply(roomForAll);
  const [toHttp, toHttp2, toGrpc, toTcp, toQuiet] = (await freePorts(5)) as [number, number, number, number, number];
  caller = await mesh.sidecar('web', 'web-1', {
    upstreams: new Map([
      [`shop:${http}`, toHttp],
      [`shop:${http2}`, toHttp2],
      [`shop:${grpc}`, toGrpc],
      [`shop:${tcp}`, toTcp],
      [`shop:${quiet}`, toQuiet],
    ]),
  });
  loadPorts = { http: toHttp, http2: toHttp2, grpc: toGrpc, tcp: toTcp };
  const inbound = await callee.inboundPorts();
  const portOf = (application: number): number => inbound.get(application) ?? 0;
  const { privateKeyPem: key, certificateChainPem: cert } = caller.stolenIdentity();
  attacked = {
    outbound: [toHttp, toHttp2, toGrpc, caller.outboundPort],
    outboundQuiet: toQuiet,
    inbound: { http1: [portOf(http)], http2: [http2, grpc].map(portOf), tcp: [portOf(tcp)] },
    inboundQuiet: portOf(quiet),
    stolen: { key, cert },
  };
  await firstAnswers();
}, 60_000);

afterAll(async () => {
  await mesh?.close();
  await applications?.close();
});

/** Endpoints reach the caller some moments after it is ready. */
async function firstAnswers(): Promise<void> {
  for (const port of [loadPorts.http, loadPorts.http2]) {
    await vi.waitUntil(async () => (await answerOf(port, '/')).status === 200, { timeout: 15_000 });
  }
  const isEchoed = async () => {
    const socket = connect(loadPorts.tcp, '127.0.0.1');
    socket.on('error', () => {});
    socket.end('x');
    let text = '';
    socket.on('data', (bytes) => {
      text += bytes.toString();
    });
    await once(socket, 'close');
    return text;
  };
  await vi.waitUntil(async () => (await isEchoed()) === 'x', { timeout: 15_000 });
}

const sidecars = (): SidecarProcess[] => [caller, callee];

/** Open descriptors that are no connection which the sidecar knows of. */
const unaccounted = ({ descriptors, connections }: Figures): number => descriptors - connections;

/** What is left of an attack when it is over and nobody else is there. */
function isBack(before: Figures, now: Figures): boolean {
  return (
    now.residentMegabytes <= 1.2 * before.residentMegabytes + 30 &&
    unaccounted(now) <= unaccounted(before) + 4 &&
    now.requests === 0
  );
}

/** The figures as soon as they are as they should be, or what they are when that takes too long. */
async function settled(sidecar: SidecarProcess, before: Figures): Promise<Figures> {
  const deadlineMs = performance.now() + SETTLE_MS;
  for (;;) {
    const now = await sidecar.figures();
    if (isBack(before, now) || performance.now() > deadlineMs) return now;
    await pause(250);
  }
}

describe('two sidecars at which everything is thrown', () => {
  it(
    `serve everybody else without an error for ${SECONDS} s at ${PER_SECOND} hostile inputs per second`,
    async () => {
      const random = new SeededRandom(SEED);
      const inputs = await HostileInputs.load(random);
      expect(inputs.count).toBeGreaterThan(300);
      const load = new NormalLoad(loadPorts);
      load.start();
      await expect.poll(() => load.done.size, { timeout: 10_000 }).toBeGreaterThan(10);
      // what a process needs for having been attacked at all is not a leak
      await new Attack(attacked, inputs, random).run(PER_SECOND, 3000);
      const before = await Promise.all(sidecars().map((sidecar) => sidecar.figures()));
      const attack = new Attack(attacked, inputs, random);
      await attack.run(PER_SECOND, SECONDS * 1000);
      await load.stop();
      const after = await Promise.all(sidecars().map((sidecar, index) => settled(sidecar, before[index] as Figures)));
      const exits = sidecars().filter(({ process }) => process.outcome !== null).length;
      const counts = { thrown: attack.total, normal: load.total, errors: load.errors.length, exits };
      const kinds = { ...Object.fromEntries(attack.sent), ...Object.fromEntries(load.done) };
      console.log(JSON.stringify({ seconds: SECONDS, ...counts, before, after, kinds }));
      expect(load.errors).toEqual([]);
      expect(attack.accepted).toEqual([]);
      expect(applications.reachedQuiet).toBe('');
      expect(applications.malformed).toEqual([]);
      expect(attack.total).toBeGreaterThan(SECONDS * PER_SECOND * 0.5);
      for (const [index, sidecar] of sidecars().entries()) {
        expect(sidecar.process.outcome, sidecar.process.lastWords()).toBeNull();
        expect(sidecar.process.output()).not.toMatch(/unhandled|uncaught|Warning|Error: |\n {4}at /i);
        const [then, now] = [before[index], after[index]] as [Figures, Figures];
        expect(isBack(then, now), JSON.stringify({ then, now })).toBe(true);
        expect((await answerOf(sidecar.adminPort, '/ready')).status).toBe(200);
      }
    },
    SECONDS * 1000 + 120_000,
  );
});
