import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import type { IncomingMessage } from 'node:http';
import { Agent, get } from 'node:http';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { freePorts } from '../../cli/demo/free-ports.ts';
import type { Kind } from '../../control-plane/model/kinds.ts';
import { kindNamed } from '../../control-plane/model/kinds.ts';
import { parseDocuments } from '../../control-plane/model/parse-documents.ts';
import { TestMesh } from '../testing/mesh.ts';
import { isAlive, SidecarProcess } from './sidecar-process.ts';

const root = join(import.meta.dirname, '..', '..');

/** Two sidecars of two workers each, as the built program runs them, and a control plane. */
let mesh: TestMesh;
let web: SidecarProcess;
let cart: SidecarProcess;
let port: number;
const agents: Agent[] = [];

beforeAll(async () => {
  const build = [join(root, 'node_modules/tsx/dist/cli.mjs'), join(root, 'build.ts'), '--quiet'];
  expect(spawnSync(process.execPath, build, { stdio: 'inherit' }).status).toBe(0);
  mesh = await TestMesh.start();
  const application = await mesh.application((_request, response) => response.end('cart'));
  [port = 0] = await freePorts(1);
  cart = sidecar('cart', ['--port', String(application)]);
  await cart.ready();
  web = sidecar('web', ['--upstream', `cart=${port}`]);
  await web.ready();
  const agent = agentOf(1);
  await vi.waitUntil(async () => (await call(agent)).status === 200, { timeout: 15_000 });
}, 120_000);

afterAll(async () => {
  for (const agent of agents) agent.destroy();
  for (const started of [web, cart]) started?.child.kill('SIGKILL');
  await Promise.all([web?.exited, cart?.exited]);
  await mesh.close();
});

function sidecar(service: string, more: readonly string[]): SidecarProcess {
  const own = ['--service', service, '--name', `${service}-1`, '--join-token', mesh.controlPlane.hostTokenFile];
  const log = ['--access-log', join(mesh.directory, `${service}.log`)];
  return new SidecarProcess([...own, ...log, '--concurrency', '2', ...more], join(mesh.directory, service));
}

function agentOf(connections: number): Agent {
  const agent = new Agent({ keepAlive: true, maxSockets: connections, scheduling: 'fifo' });
  agents.push(agent);
  return agent;
}

async function call(agent: Agent): Promise<{ status: number; headers: IncomingMessage['headers'] }> {
  const request = get({ host: '127.0.0.1', port, agent });
  const [response] = (await once(request, 'response')) as [IncomingMessage];
  response.resume();
  await once(response, 'end');
  return { status: response.statusCode ?? 0, headers: response.headers };
}

const logLines = (service: string) =>
  readFileSync(join(mesh.directory, `${service}.log`), 'utf8')
    .trimEnd()
    .split('\n');

describe('sidecars of two workers', () => {
  it('carry every request, each worker some of them, and count and log each exactly once', async () => {
    const before = await Promise.all([web, cart].map((one) => one.metric('istio_requests_total')));
    const agent = agentOf(8);
    const answers = await Promise.all(Array.from({ length: 400 }, () => call(agent)));
    expect(answers.every(({ status }) => status === 200)).toBe(true);
    const after = await Promise.all([web, cart].map((one) => one.metric('istio_requests_total')));
    expect(after.map((requests, index) => requests - (before[index] ?? 0))).toEqual([400, 400]);
    for (const one of [web, cart]) {
      const stats = await one.stats();
      const served = [0, 1].map((index) => stats.get(`workers.${index}.downstream_rq_total`) ?? 0);
      expect(Math.min(...served)).toBeGreaterThan(0);
      expect(served.reduce((sum, requests) => sum + requests)).toBe(await one.metric('istio_requests_total'));
    }
    // Written from two processes to one file: as many whole lines as requests.
    for (const [service, one] of [
      ['web', web],
      ['cart', cart],
    ] as const) {
      const requests = await one.metric('istio_requests_total');
      await vi.waitUntil(() => logLines(service).length >= requests);
      const lines = logLines(service).map((line) => JSON.parse(line) as { response_code: number });
      expect(lines).toHaveLength(requests);
    }
  });

  it('tell the control plane of each request once', async () => {
    const sent = await web.metric('istio_requests_total');
    const told = async () => {
      const edges = await mesh.api.edges(3_600);
      return edges.reduce((sum, { requests }) => sum + requests, 0);
    };
    await vi.waitUntil(async () => (await told()) >= sent, { timeout: 20_000, interval: 200 });
    expect(await told()).toBe(sent);
  });

  it('have a change in force in both workers when the control plane says so', async () => {
    const text = `apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: { name: cart }
spec:
  parentRefs: [{ group: "", kind: Service, name: cart }]
  rules:
    - filters:
        - type: ResponseHeaderModifier
          responseHeaderModifier: { set: [{ name: x-rule, value: new }] }
      backendRefs: [{ name: cart, port: 80 }]
`;
    const { documents } = parseDocuments(text, { fileName: 'cart.yaml' });
    const agent = agentOf(4);
    for (const { document } of documents) {
      const written = await mesh.api.apply(kindNamed('httproute') as Kind, document); // there is such a kind
      const revision = written.document.metadata.resourceVersion ?? '';
      expect(await mesh.api.convergence(revision, 10_000)).toMatchObject({ affected: 1 });
    }
    const answers = await Promise.all(Array.from({ length: 8 }, () => call(agent)));
    expect(answers.map(({ headers }) => headers['x-rule'])).toEqual(new Array(8).fill('new'));
  });

  it('end without an error when they are told to, while requests come in', async () => {
    // Another instance, so that there is somewhere to go.
    const application = await mesh.application((_request, response) => response.end('other'));
    await mesh.sidecar('cart-2', { service: 'cart', ports: [application] });
    await vi.waitUntil(
      async () =>
        (await web.stats()).get('cluster.outbound|80||cart.default.svc.cluster.local.membership_healthy') === 2,
    );
    const agent = agentOf(8);
    const statuses: number[] = [];
    let isOver = false;
    const load = Array.from({ length: 8 }, async () => {
      while (!isOver)
        statuses.push(
          await call(agent).then(
            ({ status }) => status,
            () => 0,
          ),
        );
    });
    await vi.waitUntil(() => statuses.length > 100);
    const pids = await cart.workerPids();
    cart.child.kill('SIGTERM');
    expect(await cart.exited).toBe(0);
    const atTheEnd = statuses.length;
    await vi.waitUntil(() => statuses.length > atTheEnd + 100);
    isOver = true;
    await Promise.all(load);
    expect(statuses.filter((status) => status !== 200)).toEqual([]);
    expect(pids.filter(isAlive)).toEqual([]);
    expect(cart.stderr).not.toContain('"level":"error"');
  }, 60_000);

  it('end with an error when a worker keeps ending', async () => {
    const looping = await sidecar('looping', []).ready();
    const killed = new Set<number>();
    let isOver = false;
    const over = looping.exited.then((code) => {
      isOver = true;
      return code;
    });
    while (!isOver) {
      const [pid] = await Promise.race([looping.workerPids().catch(() => []), over.then(() => [])]);
      if (pid === undefined || pid === 0 || killed.has(pid)) continue;
      killed.add(pid);
      process.kill(pid, 'SIGKILL');
    }
    expect(await over).toBe(1);
    expect(killed.size).toBe(6);
    expect(looping.stderr).toContain(
      'the sidecar cannot go on: worker 0 ended 6 times in a row, the last time with signal SIGKILL',
    );
  }, 60_000);

  it('leave no process behind when the main process is killed', async () => {
    const pids = await web.workerPids();
    expect(pids.filter(isAlive)).toEqual(pids);
    expect(pids).toHaveLength(2);
    web.child.kill('SIGKILL');
    await web.exited;
    await vi.waitUntil(() => !pids.some(isAlive), { timeout: 10_000 });
  });

  it('start from disk and serve without a control plane', async () => {
    await mesh.stopControlPlane();
    web = await sidecar('web', ['--upstream', `cart=${port}`]).ready();
    const agent = agentOf(4);
    const answers = await Promise.all(Array.from({ length: 8 }, () => call(agent)));
    expect(answers.map(({ status, headers }) => [status, headers['x-rule']])).toEqual(new Array(8).fill([200, 'new']));
    const stats = await web.stats();
    expect([0, 1].map((index) => stats.get(`workers.${index}.downstream_cx_active`))).toEqual([2, 2]);
  });
});
