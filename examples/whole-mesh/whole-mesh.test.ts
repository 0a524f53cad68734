import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import type { IncomingMessage } from 'node:http';
import { Agent, get } from 'node:http';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { kinds } from '../../control-plane/model/kinds.ts';
import type { RunningProxy } from '../../proxy/main.ts';
import { freePort } from '../testing/free-port.ts';
import { TestMesh } from '../testing/mesh.ts';
import { hasProgram } from '../testing/programs.ts';

let mesh: TestMesh;
let web: RunningProxy;
let cart: RunningProxy;
let cartPort: number;
let upstreamPort: number;

beforeAll(async () => {
  mesh = await TestMesh.start();
  upstreamPort = await freePort();
  cartPort = await mesh.application((req, res) => {
    res.setHeader('content-type', 'application/json');
    res.end(JSON.stringify({ url: req.url, headers: req.headers }));
  });
  cart = await mesh.sidecar('cart-1', { service: 'cart', version: 'v1', ports: [cartPort] });
  web = await mesh.sidecar('web-1', { service: 'web', upstreams: [{ service: 'cart', localPort: upstreamPort }] });
  await vi.waitUntil(async () => (await fetchStatus(upstreamPort)) === 200, { timeout: 10_000 });
});

afterAll(async () => {
  await mesh.close();
});

async function fetchStatus(port: number, path = '/'): Promise<number> {
  return (await fetch(`http://127.0.0.1:${port}${path}`)).status;
}

/** One request over an agent's connection; answers the status. */
async function call(agent: Agent): Promise<number> {
  const request = get({ port: upstreamPort, host: '127.0.0.1', agent });
  const [response] = (await once(request, 'response')) as [IncomingMessage];
  response.resume();
  await once(response, 'end');
  return response.statusCode ?? 0;
}

async function run(program: string, ...parameters: string[]): Promise<string> {
  const child = spawn(program, parameters, { stdio: ['ignore', 'pipe', 'inherit'] });
  let text = '';
  child.stdout.on('data', (chunk) => {
    text += chunk;
  });
  await once(child, 'close');
  return text;
}

describe('a mesh of real parts', () => {
  it('shows the application who called, and nothing of the mesh besides', async () => {
    const answer = await fetch(`http://127.0.0.1:${upstreamPort}/items?x=1`, {
      headers: {
        traceparent: '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01',
        'x-forwarded-client-cert': 'forged',
      },
    });
    const { url, headers } = (await answer.json()) as { url: string; headers: Record<string, string> };
    expect(url).toBe('/items?x=1');
    expect(headers).toMatchObject({
      traceparent: '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01',
      'x-request-id': expect.stringMatching(/^[0-9a-f-]{36}$/),
      'x-forwarded-client-cert': expect.stringMatching(
        /^By=spiffe:\/\/cluster\.local\/ns\/default\/sa\/cart;Hash=[0-9a-f]{64};URI=spiffe:\/\/cluster\.local\/ns\/default\/sa\/web$/,
      ),
    });
    expect(Object.keys(headers).filter((name) => name.startsWith('x-heddle'))).toEqual([]);
  });

  it.skipIf(!hasProgram('curl'))('is reached by name through HTTP_PROXY and through CONNECT', async () => {
    const proxy = `http://127.0.0.1:${web.outboundPort}`;
    const proxied = JSON.parse(await run('curl', '-sS', '-x', proxy, 'http://cart/by-name')) as { url: string };
    expect(proxied.url).toBe('/by-name');
    const tunnelled = JSON.parse(await run('curl', '-sS', '-p', '-x', proxy, 'http://cart/tunnel')) as { url: string };
    expect(tunnelled.url).toBe('/tunnel');
    const own = await run(
      'curl',
      '-s',
      '-o',
      '/dev/null',
      '-w',
      '%{http_code}',
      '-x',
      proxy,
      `http://localhost:${cartPort}/`,
    );
    expect(own).toBe('403');
  });

  it.skipIf(!hasProgram('nginx') || !hasProgram('haproxy') || !hasProgram('curl'))(
    'carries requests of HAProxy to nginx and back, bodies of all sizes',
    async () => {
      const [nginxPort, haproxyPort, sidecarPort] = [await freePort(), await freePort(), await freePort()];
      const folder = join(mesh.directory, 'nginx');
      await mkdir(folder);
      const sizes = [0, 1, 16_384, 65_537, 3_000_000];
      for (const size of sizes) await writeFile(join(folder, String(size)), randomBytes(size));
      const nginxConf = join(mesh.directory, 'nginx.conf');
      const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi']
        .map((kind) => `${kind}_temp_path ${join(folder, kind)};`)
        .join(' ');
      await writeFile(
        nginxConf,
        `${process.getuid?.() === 0 ? 'user root;' : ''} daemon off; pid ${join(folder, 'pid')}; error_log stderr crit; events {}
         http { access_log off; ${temporary} server { listen 127.0.0.1:${nginxPort}; root ${folder}; } }`,
      );
      const haproxyConf = join(mesh.directory, 'haproxy.cfg');
      await writeFile(
        haproxyConf,
        `global\n  maxconn 100\ndefaults\n  mode http\n  timeout connect 5s\n  timeout client 30s\n  timeout server 30s\n` +
          `frontend f\n  bind 127.0.0.1:${haproxyPort}\n  default_backend b\nbackend b\n  server s 127.0.0.1:${sidecarPort}\n`,
      );
      const servers = [
        spawn('nginx', ['-c', nginxConf, '-e', 'stderr'], { stdio: 'ignore' }),
        spawn('haproxy', ['-db', '-f', haproxyConf], { stdio: 'ignore' }),
      ];
      try {
        const files = await mesh.sidecar('files-1', { service: 'files', ports: [nginxPort] });
        const edge = await mesh.sidecar('edge-1', {
          service: 'edge',
          upstreams: [{ service: 'files', localPort: sidecarPort }],
        });
        const status = () => fetchStatus(haproxyPort, '/1').catch(() => 0);
        await vi.waitUntil(async () => (await status()) === 200, { timeout: 10_000, interval: 50 });
        for (const size of sizes) {
          const got = join(mesh.directory, 'got');
          await run('curl', '-sS', '-o', got, `http://127.0.0.1:${haproxyPort}/${size}`);
          expect((await readFile(got)).equals(await readFile(join(folder, String(size)))), `${size} bytes`).toBe(true);
        }
        expect(await fetchStatus(haproxyPort, '/missing')).toBe(404);
        for (const sidecar of [files, edge]) {
          await sidecar.drain();
          await mesh.stopSidecar(sidecar);
        }
      } finally {
        for (const server of servers) {
          server.kill();
          await once(server, 'exit');
        }
      }
    },
  );

  it('goes on without its control plane, also in a sidecar that starts without it', async () => {
    const agent = new Agent({ keepAlive: true });
    await mesh.stopControlPlane();
    expect(await call(agent)).toBe(200);
    await mesh.stopSidecar(web);
    web = await mesh.sidecar('web-1', {
      service: 'web',
      joinToken: null,
      upstreams: [{ service: 'cart', localPort: upstreamPort }],
    });
    for (let i = 0; i < 20; i++) expect(await call(agent)).toBe(200);
    await mesh.startControlPlane();
    for (let i = 0; i < 20; i++) expect(await call(agent)).toBe(200);
    await expect
      .poll(async () => (await mesh.api.proxies()).filter(({ synced }) => synced).length, { timeout: 15_000 })
      .toBeGreaterThanOrEqual(2);
    agent.destroy();
  });

  it.skipIf(!hasProgram('prometheus'))(
    'is found whole by Prometheus through http_sd, and agrees with what was called',
    { timeout: 60_000 },
    async () => {
      const port = await freePort();
      const token = join(mesh.directory, 'token');
      await writeFile(token, mesh.adminToken);
      const config = join(mesh.directory, 'prometheus.yml');
      await writeFile(
        config,
        JSON.stringify({
          global: { scrape_interval: '1s' },
          scrape_configs: [
            {
              job_name: 'sidecars',
              http_sd_configs: [
                {
                  url: `${mesh.controlPlane.apiUrl}/sd/prometheus`,
                  refresh_interval: '1s',
                  authorization: { type: 'Bearer', credentials_file: token },
                },
              ],
            },
          ],
        }),
      );
      const prometheus = spawn('prometheus', [
        `--config.file=${config}`,
        `--storage.tsdb.path=${join(mesh.directory, 'tsdb')}`,
        `--web.listen-address=127.0.0.1:${port}`,
        '--log.level=error',
      ]);
      const query = async (
        expression: string,
      ): Promise<{ metric: Record<string, string>; value: [number, string] }[]> => {
        const url = `http://127.0.0.1:${port}/api/v1/query?query=${encodeURIComponent(expression)}`;
        const answer = await fetch(url).catch(() => null);
        if (answer === null || answer.status !== 200) return [];
        return ((await answer.json()) as { data: { result: never[] } }).data.result;
      };
      try {
        const agent = new Agent({ keepAlive: true });
        for (let i = 0; i < 50; i++) expect(await call(agent)).toBe(200);
        agent.destroy();
        await expect.poll(async () => (await query('up == 1')).length, { timeout: 30_000, interval: 250 }).toBe(3);
        const ends =
          'sum by (reporter, source_workload, source_principal, destination_principal, connection_security_policy)';
        const calls = `${ends} (istio_requests_total{destination_service_name="cart",response_code="200"})`;
        await expect
          .poll(async () => (await query(calls)).map(({ metric }) => metric.reporter).sort(), {
            timeout: 30_000,
            interval: 250,
          })
          .toEqual(['destination', 'source']);
        for (const { metric } of await query(calls)) {
          expect(metric).toMatchObject({
            source_workload: 'web-1',
            source_principal: 'spiffe://cluster.local/ns/default/sa/web',
            destination_principal: 'spiffe://cluster.local/ns/default/sa/cart',
            connection_security_policy: 'mutual_tls',
          });
        }
        expect(await query('heddle_cp_connected_proxies')).toMatchObject([{ value: [expect.anything(), '2'] }]);
      } finally {
        prometheus.kill();
        await once(prometheus, 'exit');
      }
    },
  );

  it('tells what the ports of an application speak, as their sidecar registers it', async () => {
    const [declared, undeclared] = [await mesh.application(() => {}), await mesh.application(() => {})];
    const ports = [{ port: declared, protocol: 'tcp' } as const, undeclared];
    const store = await mesh.sidecar('store-1', { service: 'store', ports });
    const workload = () => mesh.api.get(kinds.Workload, 'default', 'store-1');
    await expect.poll(workload, { timeout: 10_000 }).toMatchObject({ spec: { ports: [{}, {}] } });
    expect(await workload()).toMatchObject({
      spec: { ports: [{ port: declared, appProtocol: 'tcp' }, { port: undeclared }] },
    });
    expect((await workload()).spec).not.toHaveProperty('ports.1.appProtocol');

    const { document } = await mesh.api.apply(kinds.Service, {
      apiVersion: 'v1',
      kind: 'Service',
      metadata: { name: 'depot', namespace: 'default' },
      spec: {
        selector: { app: 'store' },
        type: 'ClusterIP',
        ports: [
          { name: 'bytes', protocol: 'TCP', port: 80, targetPort: declared },
          { name: 'other', protocol: 'TCP', port: 81, targetPort: undeclared },
        ],
      },
    });
    await mesh.api.convergence(document.metadata.resourceVersion ?? '', 5_000);
    expect((await mesh.api.get(kinds.Service, 'default', 'depot')).status).toMatchObject({
      ports: [
        { port: 80, protocol: 'tcp', saidBy: 'workloads' },
        { port: 81, protocol: 'auto', saidBy: 'nobody' },
      ],
    });
    await mesh.stopSidecar(store);
  });

  it('says 503 and why when the last instance has withdrawn', async () => {
    await cart.drain();
    const answer = await fetch(`http://127.0.0.1:${upstreamPort}/`);
    expect(answer.status).toBe(503);
    expect(answer.headers.get('x-heddle-reason')).toBe('UH');
    expect(await answer.json()).toMatchObject({
      service: 'cart.default.svc.cluster.local',
      answered_by: 'sidecar of web-1',
    });
  });
});
