import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import type { RequestListener, Server } from 'node:http';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ApiClient } from '../../control-plane/api/client.ts';
import type { RunningControlPlane } from '../../control-plane/control-plane.ts';
import { controlPlaneConfig, runControlPlane } from '../../control-plane/main.ts';
import type { ProxyOptions } from '../../proxy/config.ts';
import { proxyConfig } from '../../proxy/config.ts';
import type { RunningProxy } from '../../proxy/main.ts';
import { runProxy } from '../../proxy/main.ts';

/** `HEDDLE_TEST_CONCURRENCY=2` has every sidecar of every example carry its requests in two processes. */
const concurrency = Number(process.env.HEDDLE_TEST_CONCURRENCY ?? 1);

/** A whole mesh in one process, on free ports and in a temporary directory. */
export class TestMesh {
  readonly directory: string;
  controlPlane: RunningControlPlane;
  readonly api: ApiClient;
  readonly adminToken: string;
  readonly #hostToken: string;
  readonly #parameters: readonly string[];
  readonly #proxies = new Set<RunningProxy>();
  readonly #servers: Server[] = [];

  private constructor(
    directory: string,
    controlPlane: RunningControlPlane,
    parameters: readonly string[],
    tokens: { readonly admin: string; readonly host: string },
  ) {
    this.directory = directory;
    this.controlPlane = controlPlane;
    this.#parameters = parameters;
    this.adminToken = tokens.admin;
    this.#hostToken = tokens.host;
    this.api = new ApiClient({ api: controlPlane.apiUrl, token: tokens.admin });
  }

  static async start(): Promise<TestMesh> {
    const directory = await mkdtemp(join(tmpdir(), 'heddle-mesh-'));
    const parameters = ['--state-dir', join(directory, 'control-plane'), '--log-level', 'error'];
    const environment = { ...process.env, XDG_CONFIG_HOME: join(directory, 'config') };
    const free = ['--xds-port', '0', '--api-port', '0', '--metrics-port', '0'];
    const controlPlane = await runControlPlane(controlPlaneConfig([...parameters, ...free], environment));
    const context = await readFile(join(directory, 'config', 'heddle', 'config.yaml'), 'utf8');
    const admin = /token: (\S+)/.exec(context)?.[1] ?? '';
    const host = (await readFile(controlPlane.hostTokenFile, 'utf8')).trim();
    // started again, it must be where the sidecars look for it
    const port = (address: string): string => address.slice(address.lastIndexOf(':') + 1);
    const same = ['--xds-port', port(controlPlane.xdsAddress), '--api-port', port(controlPlane.apiUrl)];
    return new TestMesh(directory, controlPlane, [...parameters, ...same, '--metrics-port', '0'], { admin, host });
  }

  /** An application on a free port of loopback; the port. */
  async application(handler: RequestListener): Promise<number> {
    const server = createServer({ keepAliveTimeout: 60_000 }, handler);
    this.#servers.push(server);
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    return (server.address() as AddressInfo).port;
  }

  /** A sidecar with state of its own under its workload's name; resolves when it is ready. */
  async sidecar(name: string, options: Partial<ProxyOptions> & { readonly service: string }): Promise<RunningProxy> {
    const proxy = await runProxy(
      proxyConfig({
        name,
        joinToken: this.#hostToken,
        stateDirectory: join(this.directory, 'sidecars', name),
        adminPort: 0,
        outboundPort: 0,
        logLevel: 'error',
        telemetryIntervalMs: 200,
        concurrency,
        ...options,
      }),
    );
    this.#proxies.add(proxy);
    await proxy.ready;
    return proxy;
  }

  async stopSidecar(proxy: RunningProxy): Promise<void> {
    this.#proxies.delete(proxy);
    await proxy.close();
  }

  async stopControlPlane(): Promise<void> {
    await this.controlPlane.close();
  }

  async startControlPlane(): Promise<void> {
    const environment = { ...process.env, XDG_CONFIG_HOME: join(this.directory, 'config') };
    this.controlPlane = await runControlPlane(controlPlaneConfig(this.#parameters, environment));
  }

  async close(): Promise<void> {
    for (const proxy of this.#proxies) await proxy.close();
    await this.controlPlane.close();
    for (const server of this.#servers) {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    }
    await rm(this.directory, { recursive: true, force: true });
  }
}
