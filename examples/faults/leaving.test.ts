import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { freePorts } from '../../cli/demo/free-ports.ts';
import type { Kind } from '../../control-plane/model/kinds.ts';
import { kindNamed } from '../../control-plane/model/kinds.ts';
import { parseDocuments } from '../../control-plane/model/parse-documents.ts';
import type { EchoServer } from '../grpc/echo.ts';
import { startEchoServer } from '../grpc/echo.ts';
import { TestMesh } from '../testing/mesh.ts';
import { SidecarProcess, sourceProgram } from '../workers/sidecar-process.ts';
import { ANSWER, SteadyLoad } from './steady-load.ts';

/** What takes longer has hung. Each test starts a sidecar from source, which takes a busy machine half a minute. */
const LIMIT_MS = 120_000;

/** A caller, and two instances of what it calls, whose sidecars are processes that can be ended. */
let mesh: TestMesh;
let echo: EchoServer;
let ports: { http: number; grpc: number };
let local: { http: number; grpc: number };
let load: SteadyLoad;
const instances: SidecarProcess[] = [];

beforeAll(async () => {
  mesh = await TestMesh.start();
  echo = await startEchoServer('cart');
  const http = await mesh.application((request, response) => {
    request.resume().on('end', () => response.end(ANSWER));
  });
  ports = { http, grpc: echo.port };
  const [localHttp = 0, localGrpc = 0] = await freePorts(2);
  local = { http: localHttp, grpc: localGrpc };
  instances.push(instance(0), instance(1));
  await Promise.all(instances.map((one) => one.ready()));
  await mesh.sidecar('web-1', {
    service: 'web',
    upstreams: [
      { service: `cart:${ports.http}`, localPort: local.http },
      { service: `cart:${ports.grpc}`, localPort: local.grpc },
    ],
  });
  await servedBy(0, 1);
  load = new SteadyLoad(local);
  await load.turn();
}, LIMIT_MS);

afterAll(async () => {
  await load?.stop();
  for (const one of instances) one.child.kill('SIGKILL');
  await Promise.all(instances.map(({ exited }) => exited));
  await mesh.close();
  echo.stop();
});

function instance(index: number): SidecarProcess {
  const line = ['--service', 'cart', '--name', `cart-${index}`, '--join-token', mesh.controlPlane.hostTokenFile];
  const listens = ['--port', `${ports.http}/http`, '--port', `${ports.grpc}/grpc`];
  return new SidecarProcess([...line, ...listens], join(mesh.directory, `cart-${index}`), sourceProgram);
}

/** These instances have answered requests since they were started. */
async function servedBy(...indexes: number[]): Promise<void> {
  const isServing = async (index: number) => {
    await fetch(`http://127.0.0.1:${local.http}/`).then((response) => response.text());
    return ((await instances[index]?.metric('istio_requests_total')) ?? 0) > 0;
  };
  for (const index of indexes) await vi.waitUntil(() => isServing(index), { timeout: LIMIT_MS, interval: 50 });
}

/** All that may be repeated is, also where everybody fails at once: by default a fifth of the requests under way may be. */
async function allowRetries(): Promise<void> {
  const text = `apiVersion: heddle.dev/v1alpha1
kind: BackendTrafficPolicy
metadata: { name: cart }
spec:
  targetRefs: [{ group: "", kind: Service, name: cart }]
  retryBudget: { percent: 100, minRetryConcurrency: 20 }
`;
  const [{ document } = { document: null }] = parseDocuments(text, { fileName: 'cart.yaml' }).documents;
  if (document === null) throw new Error('no document');
  const written = await mesh.api.apply(kindNamed('backendtrafficpolicy') as Kind, document); // there is such a kind
  await mesh.api.convergence(written.document.metadata.resourceVersion ?? '', 10_000);
}

describe('an instance that leaves', { timeout: LIMIT_MS }, () => {
  it.each([0, 1])('in order costs no call: instance %i', async (index) => {
    const leaving = instances[index] as SidecarProcess;
    leaving.child.kill('SIGTERM');
    expect(await leaving.exited).toBe(0);
    await load.turn();
    instances[index] = instance(index);
    await instances[index]?.ready();
    await servedBy(index);
    expect(load.failures).toEqual([]);
  });

  it('without a word costs the calls that it was answering, of those only what may not be repeated', async () => {
    await allowRetries();
    const [gone] = instances as [SidecarProcess];
    gone.child.kill('SIGKILL');
    await gone.exited;
    await load.turn(); // perhaps of calls that had begun before
    await load.turn();
    const failures = load.failures.length;
    expect(failures).toBeLessThanOrEqual(load.clients);
    expect(load.failures.filter((failure) => failure.includes('GET'))).toEqual([]);
    await load.turn();
    expect(load.failures).toHaveLength(failures);
    instances[0] = instance(0);
    await instances[0]?.ready();
    await servedBy(0);
    expect(load.failures).toHaveLength(failures);
  });
});
