import { readFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { Metadata, status } from '@grpc/grpc-js';
import { request } from 'undici';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { kinds } from '../../control-plane/model/kinds.ts';
import type { RunningProxy } from '../../proxy/main.ts';
import type { EchoServer } from '../grpc/echo.ts';
import { echoClient, startEchoServer } from '../grpc/echo.ts';
import { applyText } from '../testing/apply-documents.ts';
import { freePort } from '../testing/free-port.ts';
import { TestMesh } from '../testing/mesh.ts';
import { NameServer } from '../testing/name-server.ts';
import type { Nginx } from '../testing/nginx.ts';
import { startNginx } from '../testing/nginx.ts';
import { hasProgram } from '../testing/programs.ts';
import { PublicAuthority } from '../testing/public-authority.ts';

describe.skipIf(!hasProgram('nginx') || !hasProgram('openssl'))('routes of what is outside the mesh', () => {
  let mesh: TestMesh;
  let names: NameServer;
  let authority: PublicAuthority;
  let nginx: Nginx;
  let echo: EchoServer;
  let web: RunningProxy;
  let shop: RunningProxy;
  let localPort: number;
  let bytesPort: number;

  beforeAll(async () => {
    authority = new PublicAuthority();
    names = await NameServer.start();
    mesh = await TestMesh.start();
    const silent = await mesh.application(() => {});
    const tlsPort = await freePort();
    const { certFile, keyFile } = authority.issue(['DNS:api.example.com', 'DNS:next.example.com']);
    nginx = await startNginx(
      `listen 127.0.0.1:${tlsPort} ssl; ssl_certificate ${certFile}; ssl_certificate_key ${keyFile};
       location / { return 200 "$ssl_server_name $http_host $http_x_api_version $request_uri"; }
       location /users/busy { return 503 "busy"; }
       location /users/slow { proxy_pass http://127.0.0.1:${silent}; }`,
    );
    for (const host of ['api.example.com', 'next.example.com']) names.set(host, ['127.0.0.1']);
    await mesh.sidecar('orders-1', {
      service: 'orders',
      ports: [
        {
          port: await mesh.application(({ headers }, response) => response.end(`orders ${headers.host}`)),
          protocol: 'http',
        },
      ],
    });
    const file = join(import.meta.dirname, 'external-routes.yaml');
    const text = readFileSync(file, 'utf8')
      .replaceAll('targetPort: 443', `targetPort: ${tlsPort}`)
      .replaceAll('tls: {}', `tls: { caCertificates: ${JSON.stringify(authority.rootPem)} }`);
    await applyText(mesh, text, file);
    echo = await startEchoServer('outside');
    await applyText(mesh, others(echo.port, nginx.port));
    [localPort, bytesPort] = [await freePort(), await freePort()];
    const caller = { service: 'web', dnsServers: [names.address], dnsLoopback: true };
    web = await mesh.sidecar('web-1', {
      ...caller,
      upstreams: [
        { service: 'api.example.com:80', localPort },
        { service: 'raw.example.com:7000', localPort: bytesPort },
      ],
    });
    shop = await mesh.sidecar('shop-web-1', { ...caller, namespace: 'shop' });
    await vi.waitUntil(async () => (await call('api.example.com', '/users')).status === 200, { timeout: 20_000 });
  }, 60_000);

  afterAll(async () => {
    await mesh?.close();
    await nginx?.stop();
    echo?.stop();
    names?.close();
    authority?.close();
  });

  type Call = { readonly sidecar?: RunningProxy; readonly method?: 'GET' | 'DELETE' };

  async function call(host: string, path: string, { sidecar = web, method = 'GET' }: Call = {}) {
    const { statusCode, headers, body } = await request(`http://127.0.0.1:${sidecar.outboundPort}${path}`, {
      headers: { host },
      method,
    });
    return { status: statusCode, location: headers.location, text: await body.text() };
  }

  const problem = async (host: string, path: string) => JSON.parse((await call(host, path)).text) as object;

  async function counter(name: string, host: string): Promise<number> {
    const { body } = await request(`http://${web.adminAddress}/stats/prometheus`);
    const line = new RegExp(`^${name}\\{[^}]*\\|\\|${host.replaceAll('.', '\\.')}"\\} (\\d+)$`, 'm').exec(
      await body.text(),
    );
    return Number(line?.[1] ?? 0);
  }

  it('change headers, under the name of the host that was called', async () => {
    expect(await call('api.example.com', '/users/1')).toMatchObject({
      status: 200,
      text: 'api.example.com api.example.com 2 /users/1',
    });
  });

  it('end after their timeout, and try again what they say', async () => {
    expect(await call('api.example.com', '/users/slow')).toMatchObject({
      status: 504,
      text: expect.stringContaining('HTTPRoute/default/api rule 0'),
    });
    const before = await counter('envoy_cluster_upstream_rq_retry', 'api.example.com');
    expect((await call('api.example.com', '/users/busy')).status).toBe(503);
    expect((await counter('envoy_cluster_upstream_rq_retry', 'api.example.com')) - before).toBe(3);
  });

  it('split between hosts outside, each under its own name', async () => {
    const answers = new Set<string>();
    for (let i = 0; i < 60; i++) answers.add((await call('api.example.com', '/search?q=1')).text);
    expect([...answers].sort()).toEqual([
      'api.example.com api.example.com  /search?q=1',
      'next.example.com next.example.com  /search?q=1',
    ]);
  });

  it('redirect, answer themselves, and lead into the mesh', async () => {
    expect(await call('api.example.com', '/v1/users?a=b')).toMatchObject({
      status: 301,
      location: 'http://next.example.com/v2/users?a=b',
    });
    expect(await call('api.example.com', '/users/1', { method: 'DELETE' })).toMatchObject({
      status: 403,
      text: 'users are not deleted from here',
    });
    expect(await call('api.example.com', '/orders/1')).toMatchObject({ status: 200, text: 'orders api.example.com' });
  });

  it('refuse what no rule takes, and say which rule has nobody', async () => {
    expect(await problem('api.example.com', '/elsewhere')).toMatchObject({ status: 404, reason: 'noRoute' });
    expect(await problem('api.example.com', '/nobody')).toMatchObject({
      status: 500,
      detail: expect.stringContaining('the rule has no backend'),
      rule: expect.stringContaining('HTTPRoute/default/api rule 5'),
    });
    expect((await call('next.example.com', '/elsewhere')).text).toBe('next.example.com next.example.com  /elsewhere');
  });

  it('hold for callers of another namespace unless they have their own', async () => {
    expect((await call('api.example.com', '/elsewhere', { sidecar: shop })).text).toBe(
      'api.example.com api.example.com shop /elsewhere',
    );
  });

  it('hold for the local port of an upstream', async () => {
    const from = async (path: string) => {
      const { statusCode, body } = await request(`http://127.0.0.1:${localPort}${path}`, {
        headers: { host: 'api.example.com' },
      });
      return { status: statusCode, text: await body.text() };
    };
    expect(await from('/users/1')).toEqual({ status: 200, text: 'api.example.com api.example.com 2 /users/1' });
    expect((await from('/elsewhere')).status).toBe(404);
  });

  it('take every host of a wildcard, and leave each its name', async () => {
    expect((await call('a.wild.example', '/users')).text).toBe('api.example.com api.example.com wild /users');
    expect(await problem('b.wild.example', '/own')).toMatchObject({
      rule: expect.stringContaining('HTTPRoute/default/wild rule 1'),
      detail: 'b.wild.example: ENOTFOUND',
    });
  });

  it('hold for gRPC, and for the bytes of a TCP port', async () => {
    const client = echoClient(`127.0.0.1:${web.outboundPort}`, {
      'grpc.default_authority': 'grpc.example.com:5000',
    });
    const say = () =>
      new Promise((resolve) => client.say({ text: 'x' }, new Metadata(), {}, (error, line) => resolve(error ?? line)));
    expect(await say()).toMatchObject({ instance: 'outside' });
    const refused = new Promise((resolve) => client.fail({ text: 'x' }, (error) => resolve(error)));
    expect(await refused).toMatchObject({ code: status.UNIMPLEMENTED });
    client.close();
    // its route leads elsewhere than to the address that nobody listens at
    expect(await exchange(connect(bytesPort, '127.0.0.1'), '')).toContain('/bytes');
    const proxied = connect(web.outboundPort, '127.0.0.1');
    const connectTo = 'CONNECT raw.example.com:7000 HTTP/1.1\r\nhost: raw.example.com:7000\r\n\r\n';
    expect(await exchange(proxied, connectTo)).toContain('/bytes');
  });

  async function exchange(socket: ReturnType<typeof connect>, before: string): Promise<string> {
    socket.on('error', () => {});
    let text = '';
    socket.on('data', (bytes) => {
      text += bytes.toString();
      if (text.startsWith('HTTP/1.1 200') && before !== '' && text.endsWith('\r\n\r\n')) socket.end(question);
    });
    if (before === '') socket.end(question);
    else socket.write(before);
    await new Promise((resolve) => socket.once('close', resolve));
    return text;
  }
  const question = 'GET /bytes HTTP/1.0\r\nHost: inside\r\n\r\n';

  it('tell in their status and in the description of the host what became of them', async () => {
    const route = await mesh.api.get(kinds.HTTPRoute, 'default', 'api');
    expect(route.status).toMatchObject({
      parents: [
        {
          parentRef: { kind: 'ExternalService', name: 'api' },
          conditions: [
            { type: 'Accepted', status: 'True' },
            { type: 'ResolvedRefs', status: 'False' },
            { type: 'PartiallyInvalid', status: 'True' },
            { type: 'Programmed', status: 'True' },
          ],
        },
      ],
    });
    const described = await mesh.api.service('default', 'api', 'shop');
    expect(described.ports[0]?.routes).toMatchObject([
      { document: 'HTTPRoute/shop/api', backends: [{ missing: null }] },
    ]);
  });

  it('lead where they say also when nothing else may be called', async () => {
    await applyText(
      mesh,
      `apiVersion: heddle.dev/v1alpha1
kind: Mesh
metadata: { name: default }
spec: { outboundTrafficPolicy: { mode: REGISTRY_ONLY } }`,
    );
    await expect.poll(async () => (await call('www.example.org', '/')).status, { timeout: 10_000 }).toBe(502);
    expect((await call('api.example.com', '/users/1')).status).toBe(200);
    expect((await call('api.example.com', '/orders')).text).toBe('orders api.example.com');
    expect((await call('api.example.com', '/elsewhere')).status).toBe(404);
    await mesh.api.delete(kinds.Mesh, null, 'default');
  });

  it('leave the host its name in what the mesh tells of its traffic, whoever answered', async () => {
    const called = async () =>
      (await mesh.api.edges(600))
        .filter(({ source }) => source.service === 'web' && source.namespace === 'default')
        .map((edge) => edge.destination.service);
    const all = ['api.example.com', 'next.example.com', 'orders'];
    await expect.poll(called, { timeout: 15_000 }).toEqual(expect.arrayContaining(all));
    expect((await called()).filter((service) => service === 'api.example.com')).toHaveLength(1);
    const rows = (await mesh.api.stat(600)).filter(({ service }) => service === 'api.example.com');
    expect(rows).toMatchObject([{ namespace: 'default' }]);
  });
});

/** What the other tests are about: a host of gRPC, one of bytes, and all of a domain. */
const others = (grpcPort: number, plainPort: number) => `
apiVersion: heddle.dev/v1alpha1
kind: ExternalService
metadata: { name: grpc, namespace: default }
spec:
  hosts: [grpc.example.com]
  ports: [{ port: 5000, protocol: GRPC, targetPort: ${grpcPort} }]
  endpoints: [{ address: 127.0.0.1 }]
---
apiVersion: gateway.networking.k8s.io/v1
kind: GRPCRoute
metadata: { name: grpc, namespace: default }
spec:
  parentRefs: [{ group: heddle.dev, kind: ExternalService, name: grpc }]
  rules:
    - matches: [{ method: { method: Say } }]
      backendRefs: [{ group: heddle.dev, kind: ExternalService, name: grpc, port: 5000 }]
---
apiVersion: heddle.dev/v1alpha1
kind: ExternalService
metadata: { name: raw, namespace: default }
spec:
  hosts: [raw.example.com, raw2.example.com]
  ports: [{ port: 7000, protocol: TCP, targetPort: 1 }]
  endpoints: [{ address: 127.0.0.1 }]
---
apiVersion: heddle.dev/v1alpha1
kind: ExternalService
metadata: { name: raw-there, namespace: default }
spec:
  hosts: [there.example.com]
  ports: [{ port: 7000, protocol: TCP, targetPort: ${plainPort} }]
  endpoints: [{ address: 127.0.0.1 }]
---
apiVersion: gateway.networking.k8s.io/v1alpha2
kind: TCPRoute
metadata: { name: raw, namespace: default }
spec:
  parentRefs: [{ group: heddle.dev, kind: ExternalService, name: raw }]
  rules:
    - backendRefs: [{ group: heddle.dev, kind: ExternalService, name: raw-there, port: 7000 }]
---
apiVersion: heddle.dev/v1alpha1
kind: ExternalService
metadata: { name: wild, namespace: default }
spec:
  hosts: ["*.wild.example"]
  ports: [{ port: 80, protocol: HTTP }]
---
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: { name: wild, namespace: default }
spec:
  parentRefs: [{ group: heddle.dev, kind: ExternalService, name: wild }]
  rules:
    - filters: [{ type: RequestHeaderModifier, requestHeaderModifier: { set: [{ name: x-api-version, value: wild }] } }]
      backendRefs: [{ group: heddle.dev, kind: ExternalService, name: api, port: 80 }]
    - matches: [{ path: { value: /own } }]
      backendRefs: [{ group: heddle.dev, kind: ExternalService, name: wild, port: 80 }]
`;
