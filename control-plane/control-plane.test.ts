import { spawnSync } from 'node:child_process';
import { mkdtemp, readFile, rm, stat } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { hasProgram } from '../examples/testing/programs.ts';
import { ALL_FEATURES } from '../proto/features.ts';
import { messageType } from '../proto/load.ts';
import { outboundListenerName } from '../proto/names.ts';
import {
  CLUSTER_LOAD_ASSIGNMENT_TYPE_URL,
  LISTENER_TYPE_URL,
  ROUTE_CONFIGURATION_TYPE_URL,
} from '../proto/type-urls.ts';
import { readCliContexts } from './cli-context.ts';
import type { ControlPlaneConfig } from './config.ts';
import type { RunningControlPlane } from './control-plane.ts';
import { controlPlaneConfig, runControlPlane, startFailure } from './main.ts';
import { ScriptedSidecar } from './testing/scripted-sidecar.ts';

const host = 'cart.default.svc.cluster.local';
const cart = `outbound|80||${host}`;

describe('runControlPlane', () => {
  let directory: string;
  let config: ControlPlaneConfig;
  const running = new Set<RunningControlPlane>();
  const sidecars = new Set<ScriptedSidecar>();

  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'heddle-control-plane-'));
    const ports = ['--xds-port', '0', '--api-port', '0', '--metrics-port', '0'];
    const places = ['--state-dir', join(directory, 'state'), '--xds-host', '127.0.0.1', '--log-level', 'error'];
    config = controlPlaneConfig([...ports, ...places], { XDG_CONFIG_HOME: join(directory, 'config') });
  });
  afterEach(async () => {
    for (const sidecar of sidecars) {
      sidecar.close();
    }
    sidecars.clear();
    for (const controlPlane of running) {
      await controlPlane.close();
    }
    running.clear();
    await rm(directory, { recursive: true });
  });

  const start = async (differing: Partial<ControlPlaneConfig> = {}): Promise<RunningControlPlane> => {
    const controlPlane = await runControlPlane({ ...config, ...differing });
    running.add(controlPlane);
    return controlPlane;
  };
  const stop = async (controlPlane: RunningControlPlane): Promise<void> => {
    running.delete(controlPlane);
    await controlPlane.close();
  };
  const join_ = async (controlPlane: RunningControlPlane, name: string, service: string): Promise<ScriptedSidecar> => {
    const sidecar = await ScriptedSidecar.join(controlPlane, name, service);
    sidecars.add(sidecar);
    return sidecar;
  };
  const token = async (): Promise<string> => (await readCliContexts(config.contextFile))[0]?.token ?? '';
  const call = async (controlPlane: RunningControlPlane, path: string, init: RequestInit = {}) => {
    const headers = { authorization: `Bearer ${await token()}`, 'content-type': 'application/json' };
    const response = await fetch(`${controlPlane.apiUrl}${path}`, { ...init, headers });
    return { status: response.status, body: (await response.json()) as Record<string, unknown> };
  };
  const endpointPorts = (sidecar: ScriptedSidecar): number[] => {
    const type = messageType('envoy.config.endpoint.v3.ClusterLoadAssignment');
    return type
      .decode(sidecar.received.get(cart)?.bytes ?? Buffer.alloc(0))
      .endpoints.flatMap((locality) => locality.lb_endpoints)
      .map(({ endpoint }) => endpoint?.address?.socket_address?.port_value ?? 0)
      .sort();
  };

  it('hands the admin token to the CLI at the first start, once, and keeps other contexts', async () => {
    const first = await start();
    expect((await stat(config.contextFile)).mode & 0o777).toBe(0o600);
    expect(await readCliContexts(config.contextFile)).toMatchObject([
      { name: 'local', api: first.apiUrl, hostToken: first.hostTokenFile },
    ]);
    const before = await token();
    expect((await call(first, '/heddle/v1/proxies')).status).toBe(200);
    await stop(first);
    const second = await start();
    expect(await token()).toBe(before);
    expect(await readCliContexts(config.contextFile)).toMatchObject([{ name: 'local', api: second.apiUrl }]);

    const another = await start({ stateDir: join(directory, 'another') });
    const contexts = await readCliContexts(config.contextFile);
    expect(contexts).toHaveLength(2);
    expect(contexts[0]).toMatchObject({ name: 'local', api: second.apiUrl, token: before });
    expect(contexts[1]).toMatchObject({ name: another.contextName, api: another.apiUrl });
  });

  it('carries a registration to the sidecars that subscribe to it, and a withdrawal', async () => {
    const controlPlane = await start();
    const web = await join_(controlPlane, 'web-1', 'web');
    expect(web.identity).toBe('spiffe://cluster.local/ns/default/sa/web');
    await web.register();
    await web.subscribe(CLUSTER_LOAD_ASSIGNMENT_TYPE_URL, cart);
    expect(web.received.get(cart)?.version).toBe('');

    const first = await join_(controlPlane, 'cart-1', 'cart');
    await first.register({ inboundPort: 20_001 });
    await web.until(() => endpointPorts(web).length === 1);
    const second = await join_(controlPlane, 'cart-2', 'cart');
    await second.register({ inboundPort: 20_002 });
    await web.until(() => endpointPorts(web).length === 2);
    expect(endpointPorts(web)).toEqual([20_001, 20_002]);

    await first.withdraw();
    expect(endpointPorts(web)).toEqual([20_002]);
  });

  it('carries a document to the sidecars, and says when it is in force', async () => {
    const controlPlane = await start();
    const web = await join_(controlPlane, 'web-1', 'web');
    const instance = await join_(controlPlane, 'cart-1', 'cart');
    await web.register();
    await instance.register();
    const routes = `${host}:80`;
    await web.subscribe(ROUTE_CONFIGURATION_TYPE_URL, routes);
    const before = web.received.get(routes)?.version;

    const route = {
      apiVersion: 'gateway.networking.k8s.io/v1',
      kind: 'HTTPRoute',
      metadata: { name: 'cart', namespace: 'default' },
      spec: {
        parentRefs: [{ group: '', kind: 'Service', name: 'cart', port: 80 }],
        rules: [{ backendRefs: [{ name: 'cart', port: 80 }], timeouts: { request: '3s' } }],
      },
    };
    const path = '/apis/gateway.networking.k8s.io/v1/namespaces/default/httproutes/cart';
    const put = async (timeout: string) => {
      route.spec.rules[0] = { backendRefs: [{ name: 'cart', port: 80 }], timeouts: { request: timeout } };
      const { status, body } = await call(controlPlane, path, { method: 'PUT', body: JSON.stringify(route) });
      expect(status, JSON.stringify(body)).toBeLessThan(300);
      return Number((body.metadata as { resourceVersion: string }).resourceVersion);
    };
    const convergence = async (revision: number, timeoutMs: number) =>
      (await call(controlPlane, `/heddle/v1/convergence?revision=${revision}&timeoutMs=${timeoutMs}`)).body;

    const revision = await put('3s');
    expect(await convergence(revision, 5000)).toMatchObject({
      translated: true,
      affected: 1,
      inForce: 1,
      pending: [],
      rejected: [],
    });
    expect(web.received.get(routes)?.version).not.toBe(before);

    web.isSwapping = false;
    const later = await put('4s');
    expect(await convergence(later, 200)).toMatchObject({ affected: 1, inForce: 0, pending: ['default/web-1'] });
    const { body } = await call(controlPlane, '/heddle/v1/proxies');
    const proxies = (body.items ?? []) as { name: string; synced: boolean }[];
    expect(proxies.find(({ name }) => name === 'web-1')).toMatchObject({ synced: false });
  });

  it('carries a TCPRoute to the sidecars that can do TCP, and to no others', async () => {
    const controlPlane = await start();
    const [web, old] = [await join_(controlPlane, 'web-1', 'web'), await join_(controlPlane, 'old-1', 'old')];
    const instance = await join_(controlPlane, 'cart-1', 'cart');
    web.features = ALL_FEATURES;
    await web.register();
    await old.register();
    await instance.register({ protocol: 'tcp' });
    const listener = outboundListenerName(host, 8080);
    await web.subscribe(LISTENER_TYPE_URL, listener);
    await old.subscribe(LISTENER_TYPE_URL, listener);
    await web.until(() => web.received.get(listener)?.version !== ''); // the registration comes a moment later
    const before = web.received.get(listener)?.version;

    const parentRef = { group: '', kind: 'Service', name: 'cart', port: 8080 };
    const backendRefs = [
      { name: 'cart', port: 8080, weight: 9 },
      { name: 'cart-v9', port: 8080, weight: 1 },
    ];
    const route = {
      apiVersion: 'gateway.networking.k8s.io/v1alpha2',
      kind: 'TCPRoute',
      metadata: { name: 'cart', namespace: 'default' },
      spec: { parentRefs: [parentRef], rules: [{ backendRefs }] },
    };
    const path = '/apis/gateway.networking.k8s.io/v1alpha2/namespaces/default/tcproutes/cart';
    const { status, body } = await call(controlPlane, path, { method: 'PUT', body: JSON.stringify(route) });
    expect(status, JSON.stringify(body)).toBe(201);
    const { resourceVersion } = body.metadata as { resourceVersion: string };
    const convergence = `/heddle/v1/convergence?revision=${resourceVersion}&timeoutMs=5000`;
    expect((await call(controlPlane, convergence)).body).toMatchObject({ affected: 1, inForce: 1, rejected: [] });
    expect(web.received.get(listener)?.version).not.toBe(before);
    expect(old.received.get(listener)?.version).toBe('');

    expect((await call(controlPlane, path)).body.status).toMatchObject({
      parents: [
        {
          parentRef,
          conditions: [
            { type: 'Accepted', status: 'True' },
            {
              type: 'ResolvedRefs',
              status: 'False',
              message: 'spec.rules[0].backendRefs[1]: Service default/cart-v9 does not exist',
            },
            { type: 'Programmed', status: 'True', message: 'in force in 1 of 1 proxies concerned' },
          ],
        },
      ],
    });
  });

  it('tells a workload that nobody takes its port for what it says, and a Service what its ports carry', async () => {
    const controlPlane = await start();
    const [first, second] = [await join_(controlPlane, 'cart-1', 'cart'), await join_(controlPlane, 'cart-2', 'cart')];
    await first.register({ protocol: 'http' });
    await second.register({ protocol: 'tcp', inboundPort: 20_001 });
    const service = {
      apiVersion: 'v1',
      kind: 'Service',
      metadata: { name: 'store', namespace: 'default' },
      spec: { selector: { app: 'cart' }, ports: [{ port: 80, targetPort: 8080, appProtocol: 'http' }] },
    };
    const path = '/api/v1/namespaces/default/services/store';
    const { body } = await call(controlPlane, path, { method: 'PUT', body: JSON.stringify(service) });
    const { resourceVersion } = body.metadata as { resourceVersion: string };
    await call(controlPlane, `/heddle/v1/convergence?revision=${resourceVersion}&timeoutMs=5000`);
    expect((await call(controlPlane, path)).body.status).toMatchObject({
      conditions: [{ message: 'spec.ports[0].appProtocol: cart-2 says tcp; what the Service says counts' }, {}],
      ports: [{ port: 80, protocol: 'http', saidBy: 'appProtocol' }],
    });
    const workload = '/apis/heddle.dev/v1alpha1/namespaces/default/workloads/cart-1';
    expect((await call(controlPlane, workload)).body).toMatchObject({
      spec: { ports: [{ port: 8080, appProtocol: 'http' }] },
      status: {
        phase: 'Registered',
        conditions: [{ message: expect.stringContaining('others of cart do not say http of port 8080') }],
      },
    });
  });

  it('keeps documents, root and endpoints over a restart', async () => {
    const first = await start();
    const instance = await join_(first, 'cart-1', 'cart');
    await instance.register();
    await stop(first);
    const second = await start();
    const web = await join_(second, 'web-1', 'web');
    await web.subscribe(CLUSTER_LOAD_ASSIGNMENT_TYPE_URL, cart);
    expect(endpointPorts(web)).toEqual([20_000]);
  });

  it('keeps a service known whose last instance is gone, without endpoints, also over a restart', async () => {
    const first = await start();
    const web = await join_(first, 'web-1', 'web');
    const instance = await join_(first, 'cart-1', 'cart');
    await instance.register();
    const routes = `${host}:80`;
    await web.register();
    await web.subscribe(ROUTE_CONFIGURATION_TYPE_URL, routes);
    await web.subscribe(CLUSTER_LOAD_ASSIGNMENT_TYPE_URL, cart);
    await web.until(() => endpointPorts(web).length === 1 && web.received.get(routes)?.version !== '');
    const before = web.received.get(routes)?.version;
    await instance.withdraw();
    await web.until(() => endpointPorts(web).length === 0);
    expect(web.received.get(cart)?.version).not.toBe('');
    expect(web.received.get(routes)?.version).toBe(before);
    await stop(first);

    const second = await start();
    const another = await join_(second, 'web-2', 'web');
    await another.register();
    await another.subscribe(ROUTE_CONFIGURATION_TYPE_URL, routes);
    await another.subscribe(CLUSTER_LOAD_ASSIGNMENT_TYPE_URL, cart);
    expect(another.received.get(routes)?.version).toBe(before);
    expect(another.received.get(cart)?.version).toBe(web.received.get(cart)?.version);
  });

  it('says that it is ready, and counts what happens', async () => {
    const controlPlane = await start();
    const sidecar = await join_(controlPlane, 'cart-1', 'cart');
    await sidecar.register();
    await sidecar.subscribe(CLUSTER_LOAD_ASSIGNMENT_TYPE_URL, cart);
    const base = controlPlane.metricsUrl.replace('/metrics', '');
    expect((await fetch(`${base}/healthz`)).status).toBe(200);
    expect((await fetch(`${base}/readyz`)).status).toBe(200);
    expect((await fetch(`${base}/secrets`)).status).toBe(404);
    const text = await (await fetch(controlPlane.metricsUrl)).text();
    expect(text).toMatch(/^heddle_cp_connected_proxies 1$/m);
    expect(text).toMatch(/^heddle_cp_workloads 1$/m);
    expect(text).toMatch(/^heddle_cp_pushes_total\{type="ClusterLoadAssignment"\} [12]$/m);
    // The server's own and the sidecar's.
    expect(text).toMatch(/^heddle_cp_certificates_issued_total 2$/m);
  });

  it.skipIf(!hasProgram('promtool'))('has metrics that promtool finds no fault with', async () => {
    const controlPlane = await start();
    const text = await (await fetch(controlPlane.metricsUrl)).text();
    const check = spawnSync('promtool', ['check', 'metrics'], { input: text, encoding: 'utf8' });
    expect(`${check.stdout}${check.stderr}`).toBe('');
    expect(check.status).toBe(0);
  });

  it('says in one line which port is taken, and leaves nothing open behind', async () => {
    const other = createServer();
    const port = await new Promise<number>((resolve) => {
      other.listen(0, '127.0.0.1', () => resolve((other.address() as { port: number }).port));
    });
    for (const name of ['xdsPort', 'apiPort', 'metricsPort'] as const) {
      const failure = await start({ [name]: port }).catch(startFailure);
      expect(failure).toMatchObject({ message: expect.stringContaining(`127.0.0.1:${port} is in use`) });
    }
    other.close();
    await start();
  });

  it('says in one line that another process has the state directory', async () => {
    await start();
    const failure = await start().catch(startFailure);
    expect(failure).toMatchObject({
      message: `the data directory ${join(config.stateDir, 'store')} is in use by another process`,
    });
  });

  it('keeps secrets out of the state that others can read', async () => {
    const controlPlane = await start();
    expect((await stat(controlPlane.hostTokenFile)).mode & 0o777).toBe(0o600);
    expect((await stat(join(config.stateDir, 'ca', 'root.pem'))).mode & 0o777).toBe(0o600);
    const leases = await readFile(join(config.stateDir, 'store', 'CURRENT'), 'utf8');
    expect(leases).not.toContain(await token());
  });
});
