import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { request } from 'undici';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import type { ExternalService } from '../../control-plane/model/external-service.ts';
import type { ModelDocument } from '../../control-plane/model/kinds.ts';
import { allKinds, kinds } from '../../control-plane/model/kinds.ts';
import { parseDocuments } from '../../control-plane/model/parse-documents.ts';
import type { RunningProxy } from '../../proxy/main.ts';
import { freePort } from '../testing/free-port.ts';
import { TestMesh } from '../testing/mesh.ts';
import { NameServer } from '../testing/name-server.ts';
import type { Nginx } from '../testing/nginx.ts';
import { startNginx } from '../testing/nginx.ts';
import { hasProgram } from '../testing/programs.ts';
import { PublicAuthority } from '../testing/public-authority.ts';

const run = promisify(execFile);
const parsed = parseDocuments(readFileSync(join(import.meta.dirname, 'external-services.yaml'), 'utf8'), {
  fileName: 'examples/external-service/external-services.yaml',
});
const documents = parsed.documents.map(({ document }) => document);

describe.skipIf(!hasProgram('nginx') || !hasProgram('openssl'))('what is outside the mesh', () => {
  let mesh: TestMesh;
  let names: NameServer;
  let authority: PublicAuthority;
  let nginx: Nginx;
  let tlsPort: number;
  let web: RunningProxy;
  let localPort: number;

  beforeAll(async () => {
    authority = new PublicAuthority();
    names = await NameServer.start();
    tlsPort = await freePort();
    const { certFile, keyFile } = authority.issue(['DNS:api.example.com']);
    nginx = await startNginx(
      `listen 127.0.0.1:${tlsPort} ssl http2; listen 127.0.0.2:${tlsPort} ssl http2; ssl_certificate ${certFile}; ssl_certificate_key ${keyFile};
       location / { return 200 "$scheme $ssl_server_name $http_host $server_addr $request_uri"; }
       location /version { return 200 $server_protocol; }
       location /busy { return 503 "busy"; }`,
    );
    names.set('api.example.com', ['127.0.0.1']);
    names.set('bank.example.com', ['127.0.0.1']);
    mesh = await TestMesh.start();
    await mesh.sidecar('cart-1', {
      service: 'cart',
      ports: [{ port: await mesh.application((_request, response) => response.end('cart')), protocol: 'http' }],
    });
    localPort = await freePort();
    web = await mesh.sidecar('web-1', {
      service: 'web',
      upstreams: [{ service: 'raw.example.com:7000', localPort }],
      dnsServers: [names.address],
      dnsLoopback: true,
      accessLog: join(mesh.directory, 'access.log'),
    });
    expect(parsed.violations).toEqual([]);
    for (const document of documents) if (document.kind !== 'Mesh') await apply(document);
    await vi.waitUntil(async () => (await call('api.example.com')).statusCode === 200, { timeout: 20_000 });
  }, 60_000);

  afterAll(async () => {
    await mesh?.close();
    await nginx?.stop();
    names?.close();
    authority?.close();
  });

  /** As in the file, but for the port and the roots of the host, which are those of this test. */
  async function apply(document: ModelDocument): Promise<void> {
    const kind = allKinds.find((row) => row.kind === document.kind);
    if (kind === undefined) throw new Error(`no such kind: ${document.kind}`);
    const written = document.kind === 'ExternalService' ? hereAndNow(document) : document;
    await mesh.api.put(kind, written);
  }

  function hereAndNow(document: ExternalService): ExternalService {
    const { spec } = document;
    const tls = spec.tls && { caCertificates: authority.rootPem, ...spec.tls };
    const ports = spec.ports.map((port) => ({ ...port, targetPort: tlsPort }));
    return { ...document, spec: { ...spec, ports, ...(tls && { tls }) } };
  }

  async function external(name: string, host: string, spec: Partial<ExternalService['spec']> = {}): Promise<void> {
    const ports = [{ port: 80, protocol: 'HTTP' as const, targetPort: tlsPort }];
    await mesh.api.put(kinds.ExternalService, {
      apiVersion: 'heddle.dev/v1alpha1',
      kind: 'ExternalService',
      metadata: { name, namespace: 'default' },
      spec: { hosts: [host], ports, endpoints: [], ...spec },
    });
  }

  const tlsWith = (rootPem: string) => ({
    mode: 'SIMPLE' as const,
    minProtocolVersion: 'TLSV1_2' as const,
    caCertificates: rootPem,
  });

  async function call(host: string, path = '/', sidecar = web) {
    const { statusCode, headers, body } = await request(`http://127.0.0.1:${sidecar.outboundPort}${path}`, {
      headers: { host },
    });
    return { statusCode, reason: headers['x-heddle-reason'], text: await body.text() };
  }

  async function problem(host: string, sidecar = web): Promise<Record<string, unknown>> {
    return JSON.parse((await call(host, '/', sidecar)).text) as Record<string, unknown>;
  }

  it('is called in plaintext by its name, and over TLS by the sidecar', async () => {
    expect(await call('api.example.com', '/users')).toMatchObject({
      statusCode: 200,
      text: 'https api.example.com api.example.com 127.0.0.1 /users',
    });
  });

  it('is not believed with a certificate for somebody else, or from an issuer that is not trusted', async () => {
    await external('bank', 'bank.example.com', { tls: tlsWith(authority.rootPem) });
    const wrongName = 'the certificate is for DNS:api.example.com, and not for bank.example.com';
    await vi.waitUntil(async () => (await problem('bank.example.com')).detail === wrongName, { timeout: 10_000 });
    expect(await problem('bank.example.com')).toMatchObject({
      status: 503,
      reason: 'originRefused',
      service: 'bank.example.com',
    });
    const stranger = new PublicAuthority();
    await external('bank', 'bank.example.com', { tls: tlsWith(stranger.rootPem) });
    stranger.close();
    await vi.waitUntil(
      async () =>
        String((await problem('bank.example.com')).detail).includes('the issuer of the certificate is not trusted'),
      {
        timeout: 10_000,
      },
    );
    const logged = '"response_code_details":"upstream_reset_before_response_started{connection_failure,TLS_error}"';
    const log = () => readFile(join(mesh.directory, 'access.log'), 'utf8');
    await vi.waitUntil(async () => (await log()).includes(logged), { timeout: 10_000 });
    expect(await log()).toContain(wrongName);
  });

  it('has retries by the policy that names it', async () => {
    const retries = async (): Promise<number> => {
      const before = await counter('envoy_cluster_upstream_rq_retry');
      expect((await call('api.example.com', '/busy')).statusCode).toBe(503);
      return (await counter('envoy_cluster_upstream_rq_retry')) - before;
    };
    // without a policy there are two
    await vi.waitUntil(async () => (await retries()) === 1, { timeout: 10_000 });
  });

  async function counter(name: string): Promise<number> {
    const { body } = await request(`http://${web.adminAddress}/stats/prometheus`);
    const line = new RegExp(`^${name}\\{[^}]*\\|80\\|\\|api\\.example\\.com"\\} (\\d+)$`, 'm').exec(await body.text());
    return Number(line?.[1] ?? 0);
  }

  it('is spoken to in HTTP/2 where its port says so, and in HTTP/1.1 otherwise', async () => {
    const tls = { ...tlsWith(authority.rootPem), sni: 'api.example.com', subjectAltNames: ['api.example.com'] };
    const ports = [{ port: 80, protocol: 'HTTP2' as const, targetPort: tlsPort }];
    await external('h2', 'h2.example.com', { ports, endpoints: [{ address: '127.0.0.1', weight: 1 }], tls });
    await vi.waitUntil(async () => (await call('h2.example.com')).statusCode === 200, { timeout: 10_000 });
    expect((await call('h2.example.com', '/version')).text).toBe('HTTP/2.0');
    expect((await call('api.example.com', '/version')).text).toBe('HTTP/1.1');
  });

  it('is at a port of loopback where a sidecar declares it, with TLS around whatever bytes go there', async () => {
    const tls = { ...tlsWith(authority.rootPem), sni: 'api.example.com', subjectAltNames: ['api.example.com'] };
    const ports = [{ port: 7000, protocol: 'TCP' as const, targetPort: tlsPort }];
    await external('raw', 'raw.example.com', { ports, endpoints: [{ address: '127.0.0.1', weight: 1 }], tls });
    const exchange = async (): Promise<string> => {
      const socket = connect(localPort, '127.0.0.1');
      socket.on('error', () => {});
      socket.end('GET /raw HTTP/1.0\r\nHost: inside\r\n\r\n');
      let text = '';
      socket.on('data', (bytes) => {
        text += bytes.toString();
      });
      await new Promise((resolve) => socket.once('close', resolve));
      return text;
    };
    await vi.waitUntil(async () => (await exchange()).includes('https api.example.com inside 127.0.0.1 /raw'), {
      timeout: 10_000,
    });
  });

  it('has faults injected as a service has', async () => {
    await mesh.api.put(kinds.FaultInjection, {
      apiVersion: 'heddle.dev/v1alpha1',
      kind: 'FaultInjection',
      metadata: { name: 'h2', namespace: 'default' },
      spec: {
        targetRefs: [{ group: 'heddle.dev', kind: 'ExternalService', name: 'h2' }],
        until: new Date(Date.now() + 60_000).toISOString(),
        abort: { httpStatus: 418, percentage: 100 },
        headers: [],
        maxActiveFaults: 10,
      },
    });
    await vi.waitUntil(async () => (await call('h2.example.com')).statusCode === 418, { timeout: 10_000 });
    expect((await call('api.example.com')).statusCode).toBe(200);
  });

  it('is what a part of a service may be, and sees its own name', async () => {
    await vi.waitUntil(async () => (await call('cart', '/outside/1')).statusCode === 200, { timeout: 10_000 });
    expect((await call('cart', '/outside/1')).text).toBe('https api.example.com api.example.com 127.0.0.1 /outside/1');
    expect((await call('cart', '/')).text).toBe('cart');
  });

  it.skipIf(!hasProgram('curl'))('carries TLS of the application as it is', async () => {
    const curl = async () => {
      const proxy = `http://127.0.0.1:${web.outboundPort}`;
      const { stdout } = await run('curl', [
        '-s',
        '-m',
        '10',
        '-x',
        proxy,
        '--cacert',
        authority.rootFile,
        'https://api.example.com/own',
      ]);
      return stdout;
    };
    expect(await curl()).toBe('https api.example.com api.example.com 127.0.0.1 /own');
  });

  it('is followed when its name moves, and kept when nobody answers for the name', async () => {
    names.set('api.example.com', ['127.0.0.2']);
    await vi.waitUntil(async () => (await call('api.example.com')).text.includes('127.0.0.2'), { timeout: 15_000 });
    names.set('api.example.com', []);
    await vi.waitUntil(async () => (await clusters()).includes('::last_failure::ENOTFOUND'), { timeout: 15_000 });
    expect((await call('api.example.com')).statusCode).toBe(200);
    await vi.waitUntil(async () => (await counter('envoy_cluster_update_failure')) > 0, { timeout: 10_000 });
    names.set('api.example.com', ['127.0.0.1']);
    await vi.waitUntil(async () => !(await clusters()).includes('last_failure'), { timeout: 15_000 });
  });

  async function clusters(): Promise<string> {
    const { body } = await request(`http://${web.adminAddress}/clusters`);
    return (await body.text())
      .split('\n')
      .filter((line) => line.includes('api.example.com'))
      .join('\n');
  }

  it('never is this host where a name says so, nor the sidecar itself where a document does', async () => {
    const strict = await mesh.sidecar('web-2', { service: 'web', dnsServers: [names.address] });
    await vi.waitUntil(async () => (await problem('api.example.com', strict)).reason === 'nameResolution', {
      timeout: 10_000,
    });
    expect((await problem('api.example.com', strict)).detail).toBe(
      'api.example.com: leads to 127.0.0.1, where sidecars never connect',
    );
    await external('self', 'self.example.com', {
      endpoints: [{ address: '127.0.0.1', port: strict.outboundPort, weight: 1 }],
    });
    await vi.waitUntil(async () => (await problem('self.example.com', strict)).reason === 'forbiddenDestination', {
      timeout: 10_000,
    });
    await mesh.stopSidecar(strict);
  });

  it('is all that may be called when the policy says so', async () => {
    const [policy] = documents.filter(({ kind }) => kind === 'Mesh');
    await apply(policy as ModelDocument);
    await vi.waitUntil(async () => (await call('www.example.org')).statusCode === 502, { timeout: 10_000 });
    expect(await problem('www.example.org')).toMatchObject({
      reason: 'registryOnly',
      service: 'www.example.org',
      try: 'an ExternalService with hosts: [www.example.org] and port 80, or outboundTrafficPolicy.mode ALLOW_ANY in Mesh',
    });
    expect((await call('api.example.com')).statusCode).toBe(200);
    expect((await call('cart', '/')).text).toBe('cart');
    await external('wild', '*.wild.invalid', { ports: [{ port: 80, protocol: 'HTTP' }] });
    await vi.waitUntil(async () => (await problem('a.wild.invalid')).reason === 'nameResolution', { timeout: 10_000 });
    expect((await problem('wild.invalid')).reason).toBe('registryOnly');
    await mesh.api.delete(kinds.Mesh, null, 'default');
  });

  it('is named in what the mesh tells of its traffic', async () => {
    const isCalled = async (): Promise<boolean> =>
      (await mesh.api.edges(600)).some(
        ({ source, destination }) => source.service === 'web' && destination.service === 'api.example.com',
      );
    await vi.waitUntil(isCalled, { timeout: 15_000 });
  });
});
