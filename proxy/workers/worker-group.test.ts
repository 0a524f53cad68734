import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import type { Agent, ServerResponse } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TLSSocket } from 'node:tls';
import { connect } from 'node:tls';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { createTestMesh } from '../../certs/testing/test-identity.ts';
import { ALPN_HTTP1 } from '../../proto/names.ts';
import { CLUSTER_TYPE_URL } from '../../proto/type-urls.ts';
import { FakeClock } from '../testing/fake-clock.ts';
import { meshIdentity } from '../testing/mesh-identity.ts';
import { RunningGroup, routeName } from './testing/running-group.ts';

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false; // ESRCH
  }
}

describe('WorkerGroup', () => {
  let running: RunningGroup;
  const held: ServerResponse[] = [];
  beforeAll(async () => {
    running = await new RunningGroup().start((request, response) => {
      if (request.url === '/held') held.push(response);
      else response.end('at once');
    });
  }, 60_000);
  afterAll(() => running.close());

  /** Requests that were counted, by what is shown of it. */
  async function counted() {
    const stats = await running.stats();
    const [outbound] = running.group.downstream().filter(({ direction }) => direction === 'outbound');
    const exposed = [...running.group.registry.exposed()].reduce((sum, { totals }) => sum + (totals.at(-1) ?? 0), 0);
    const [cluster] = [...running.group.clusters()].filter(({ name }) => name.startsWith('outbound|80'));
    const perWorker = [0, 1].map((index) => stats.get(`workers.${index}.downstream_rq_total`) ?? 0);
    return { downstream: outbound?.total, exposed, cluster: cluster?.requestsTotal, perWorker };
  }

  it('asks for what was declared once, whichever worker needs it first', () => {
    expect([...running.wanted].sort()).toEqual([routeName, 'outbound|80||cart.default.svc.cluster.local']);
    expect(running.group.notReadyReason).toBeNull();
  });

  it('gives connections to the workers in turn, and adds up exactly what they counted', async () => {
    const before = await counted();
    const agent = running.agent(4);
    await Promise.all(Array.from({ length: 200 }, () => running.call(agent)));
    const after = await counted();
    expect((after.downstream ?? 0) - (before.downstream ?? 0)).toBe(200);
    expect(after.exposed - before.exposed).toBe(200);
    expect((after.cluster ?? 0) - (before.cluster ?? 0)).toBe(200);
    const served = after.perWorker.map((requests, index) => requests - (before.perWorker[index] ?? 0));
    expect(Math.min(...served)).toBeGreaterThan(0);
    expect(served.reduce((sum, requests) => sum + requests, 0)).toBe(200);
    const connections = await running.stats();
    expect([0, 1].map((index) => connections.get(`workers.${index}.downstream_cx_active`))).toEqual([2, 2]);
    const [destination] = (await running.group.destinations()).filter(({ name }) => name.startsWith('outbound|80'));
    expect(destination?.endpoints[0]).toMatchObject({ requests: after.cluster, activeRequests: 0 });
  });

  it('has a change in force when every worker has it, and not before', async () => {
    const [pid = 0] = await running.pids();
    process.kill(pid, 'SIGSTOP');
    let isInForce = false;
    running.putRoutes({ response_headers_to_add: [{ header: { key: 'x-version', value: '2' } }] });
    const inForce = running.inForce().then(() => {
      isInForce = true;
    });
    // The other worker has it by the time that it answers, and the one that is stopped is reported as missing.
    expect((await running.stats()).get('server.workers_missing')).toBe(1);
    expect(isInForce).toBe(false);
    process.kill(pid, 'SIGCONT');
    await inForce;
    const agent = running.agent(2);
    const answers = await Promise.all([running.call(agent), running.call(agent)]);
    expect(answers.map(({ headers }) => headers['x-version'])).toEqual(['2', '2']);
    await vi.waitUntil(async () => (await running.stats()).get('server.workers_missing') === 0);
  });

  it('loses with a worker that is killed what was in flight on it, and nothing else', async () => {
    const before = await counted();
    const [victim = 0, other = 0] = await running.pids();
    const agents = [running.agent(1), running.agent(1)];
    // One connection for each worker.
    for (const agent of agents) await running.call(agent);
    const answerOf = (agent: Agent) =>
      running.call(agent, '/held').then(
        ({ text }) => text,
        () => 'broken',
      );
    const inFlight = agents.map(answerOf);
    await vi.waitUntil(() => held.length === 2);
    process.kill(victim, 'SIGKILL');
    expect(await Promise.race(inFlight)).toBe('broken');
    for (const response of held.splice(0)) response.end('held');
    expect((await Promise.all(inFlight)).sort()).toEqual(['broken', 'held']);

    const fresh = running.agent(8);
    const answers = await Promise.all(Array.from({ length: 40 }, () => running.call(fresh)));
    expect(answers.every(({ status }) => status === 200)).toBe(true);
    await vi.waitUntil(async () => (await running.stats()).get('server.workers_running') === 2, { timeout: 20_000 });
    const now = await running.pids();
    expect(now).toContain(other);
    expect(now).not.toContain(victim);
    expect(running.log).toContainEqual(
      expect.objectContaining({ message: 'a worker has ended', pid: victim, reason: 'signal SIGKILL' }),
    );
    // What it had reported stays.
    const after = await counted();
    expect(after.exposed - before.exposed).toBeGreaterThanOrEqual(41);
    expect(after.exposed).toBe(after.downstream);
    expect((await running.stats()).get('server.worker_restarts')).toBe(1);
  });

  it('has the one that took its place serve what is in force now', async () => {
    const agent = running.agent(2);
    const answers = await Promise.all([running.call(agent), running.call(agent)]);
    expect(answers.map(({ status, headers }) => [status, headers['x-version']])).toEqual([
      [200, '2'],
      [200, '2'],
    ]);
  });

  it('loses no worker over a resource that workers cannot take: that one is refused, with the reason', async () => {
    const before = await running.pids();
    const good = { typeUrl: CLUSTER_TYPE_URL, name: 'bad', version: '7' };
    const meaning = { kind: 'roots', pem: '' } as const; // the main process relays the bytes, whatever it made of them
    running.group.target.put({ ...good, meaning, needs: [], bytes: Buffer.from('no cluster'), receivedAtMs: 0 });
    expect(await running.inForce()).toMatch(/^worker [01]: /);
    running.putRoutes({ response_headers_to_add: [{ header: { key: 'x-version', value: '3' } }] });
    expect(await running.inForce()).toBeNull();
    const agent = running.agent(2);
    const answers = await Promise.all([running.call(agent), running.call(agent)]);
    expect(answers.map(({ headers }) => headers['x-version'])).toEqual(['3', '3']);
    expect(await running.pids()).toEqual(before);
  });

  it('has a worker start that cannot take what is in force', async () => {
    const [victim = 0, other = 0] = await running.pids();
    const restarts = (await running.stats()).get('server.worker_restarts') ?? 0;
    process.kill(victim, 'SIGKILL');
    const restarted = async () => {
      const stats = await running.stats();
      return stats.get('server.workers_running') === 2 && (stats.get('server.worker_restarts') ?? 0) > restarts;
    };
    await vi.waitUntil(restarted, { timeout: 20_000 });
    expect((await running.stats()).get('server.worker_restarts')).toBe(restarts + 1);
    expect(await running.pids()).toContain(other);
    const fresh = running.agent(2);
    const answers = await Promise.all([running.call(fresh), running.call(fresh)]);
    expect(answers.map(({ headers }) => headers['x-version'])).toEqual(['3', '3']);
  });

  it('gives connections that a worker never took to another one', async () => {
    const [, victim = 0] = await running.pids();
    process.kill(victim, 'SIGSTOP');
    const agent = running.agent(6);
    const answers = Array.from({ length: 6 }, () => running.call(agent));
    // Three of them are answered while the other three are on their way to a worker that does not look.
    await Promise.race(answers);
    process.kill(victim, 'SIGKILL');
    expect((await Promise.all(answers)).map(({ status }) => status)).toEqual([200, 200, 200, 200, 200, 200]);
    await vi.waitUntil(async () => (await running.stats()).get('server.workers_running') === 2, { timeout: 20_000 });
  });
});

describe('a group with an identity', () => {
  it('presents a renewed certificate in every worker', async () => {
    const mesh = createTestMesh();
    const own = mesh.id('web');
    const client = mesh.identity('cart');
    const running = new RunningGroup();
    try {
      const { port } = await running.group.open({ kind: 'inbound', applicationPort: 8080 });
      running.group.useIdentity(meshIdentity(mesh, mesh.identity('web'), own));
      running.group.start(0);
      await running.inForce();
      const serials = async () => {
        const sockets: TLSSocket[] = [];
        for (let i = 0; i < 4; i++) {
          const socket = connect({
            ...{ host: '127.0.0.1', port, cert: client.cert, key: client.key, ca: mesh.bundlePem },
            ALPNProtocols: [ALPN_HTTP1],
            checkServerIdentity: () => undefined,
          });
          await once(socket, 'secureConnect');
          sockets.push(socket);
        }
        const seen = sockets.map((socket) => socket.getPeerX509Certificate()?.serialNumber);
        for (const socket of sockets) socket.destroy();
        return new Set(seen);
      };
      const before = await serials();
      expect(before.size).toBe(1);
      running.group.useIdentity(meshIdentity(mesh, mesh.identity('web'), own));
      running.group.target.absent({ typeUrl: CLUSTER_TYPE_URL, name: 'none' }); // in force after what was told before
      await running.inForce();
      const after = await serials();
      expect(after.size).toBe(1);
      expect(after).not.toEqual(before);
    } finally {
      await running.close();
    }
  }, 60_000);
});

describe('a group whose workers fail', () => {
  it('ends when one of them ends again and again, with its reason', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'heddle-worker-'));
    const file = join(folder, 'worker.mjs');
    writeFileSync(file, 'process.exit(3);');
    const clock = new FakeClock();
    const running = new RunningGroup({}, { clock, program: { file, execArgv: [] } });
    running.group.start(0);
    expect(running.group.notReadyReason).toBe('the workers are starting');
    let reason: string | null = null;
    running.group.failed.catch((error: Error) => {
      reason = error.message;
    });
    const delays = new Set<unknown>();
    await vi.waitUntil(
      () => {
        for (const { retryInMs } of running.log) delays.add(retryInMs);
        clock.advance(5_000);
        return reason !== null;
      },
      { timeout: 20_000, interval: 20 },
    );
    expect(reason).toMatch(/^worker [01] ended 6 times in a row, the last time with exit code 3$/);
    expect([...delays]).toEqual([100, 200, 400, 800, 1600, 3200]);
    await running.close();
    rmSync(folder, { recursive: true });
  }, 30_000);
});

describe('a group that is closed', () => {
  it('lets what is being answered finish, counts it, and leaves no process', async () => {
    const held: ServerResponse[] = [];
    const running = await new RunningGroup().start((_request, response) => held.push(response));
    const pids = await running.pids();
    const agent = running.agent(4);
    const answers = Array.from({ length: 4 }, () => running.call(agent));
    await vi.waitUntil(() => held.length === 4);
    const closed = running.group.close(5_000);
    for (const response of held) response.end('late');
    await closed;
    expect((await Promise.all(answers)).map(({ text }) => text)).toEqual(['late', 'late', 'late', 'late']);
    const exposed = [...running.group.registry.exposed()].reduce((sum, { totals }) => sum + (totals.at(-1) ?? 0), 0);
    expect(exposed).toBe(4);
    expect(pids.map(isAlive)).toEqual([false, false]);
    expect(running.log.filter(({ level }) => level === 'error')).toEqual([]);
    await running.close();
  }, 60_000);
});
