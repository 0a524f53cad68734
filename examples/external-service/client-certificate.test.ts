import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { request } from 'undici';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { kinds } from '../../control-plane/model/kinds.ts';
import { parseDocuments } from '../../control-plane/model/parse-documents.ts';
import type { RunningProxy } from '../../proxy/main.ts';
import { freePort } from '../testing/free-port.ts';
import { TestMesh } from '../testing/mesh.ts';
import type { Nginx } from '../testing/nginx.ts';
import { startNginx } from '../testing/nginx.ts';
import { hasProgram } from '../testing/programs.ts';
import type { ServerCertificate } from '../testing/public-authority.ts';
import { PublicAuthority } from '../testing/public-authority.ts';

describe.skipIf(!hasProgram('nginx') || !hasProgram('openssl'))('a host that asks for a certificate', () => {
  let mesh: TestMesh;
  let authority: PublicAuthority;
  let nginx: Nginx;
  let web: RunningProxy;
  let files: { readonly certificate: string; readonly key: string };

  beforeAll(async () => {
    authority = new PublicAuthority();
    const tlsPort = await freePort();
    const { certFile, keyFile } = authority.issue(['DNS:bank.example.com']);
    nginx = await startNginx(
      `listen 127.0.0.1:${tlsPort} ssl; ssl_certificate ${certFile}; ssl_certificate_key ${keyFile};
       ssl_client_certificate ${authority.rootFile}; ssl_verify_client on;
       location / { return 200 "$ssl_client_verify $ssl_client_s_dn"; }`,
    );
    mesh = await TestMesh.start();
    const folder = join(mesh.directory, 'tls');
    mkdirSync(folder);
    files = { certificate: join(folder, 'bank.pem'), key: join(folder, 'bank.key') };
    put(authority.issue([], { commonName: 'web' }));
    // as in the file, but for the place of the host, its roots, and the folder
    const text = readFileSync(join(import.meta.dirname, 'client-certificate.yaml'), 'utf8');
    const { documents, violations } = parseDocuments(text.replaceAll('/etc/heddle/tls', folder), {
      fileName: 'a.yaml',
    });
    expect(violations).toEqual([]);
    for (const { document } of documents) {
      if (document.kind !== 'ExternalService' || document.spec.tls === undefined) throw new Error('another document');
      const ports = document.spec.ports.map((port) => ({ ...port, targetPort: tlsPort }));
      const tls = { ...document.spec.tls, caCertificates: authority.rootPem };
      const endpoints = [{ address: '127.0.0.1', weight: 1 }];
      await mesh.api.put(kinds.ExternalService, { ...document, spec: { ...document.spec, ports, endpoints, tls } });
    }
    web = await mesh.sidecar('web-1', { service: 'web', tlsFolder: folder });
    await vi.waitUntil(async () => (await call()).statusCode === 200, { timeout: 20_000 });
  }, 60_000);

  afterAll(async () => {
    await mesh?.close();
    await nginx?.stop();
    authority?.close();
  });

  function put({ certPem, keyPem }: Pick<ServerCertificate, 'certPem' | 'keyPem'>): void {
    writeFileSync(files.certificate, certPem);
    writeFileSync(files.key, keyPem);
  }

  async function call(sidecar = web) {
    const { statusCode, headers, body } = await request(`http://127.0.0.1:${sidecar.outboundPort}/`, {
      headers: { host: 'bank.example.com' },
    });
    return { statusCode, reason: headers['x-heddle-reason'], text: await body.text() };
  }

  const events = async (): Promise<readonly string[]> => (await mesh.api.events()).map(({ message }) => message);

  it('is shown the one of the files, and from the next connection on the one that takes its place', async () => {
    expect((await call()).text).toBe('SUCCESS CN=web');
    await onePerConnection();
    put(authority.issue([], { commonName: 'renewed' }));
    await vi.waitUntil(async () => (await call()).text === 'SUCCESS CN=renewed', { timeout: 10_000 });
  });

  /** So that every later call opens a connection. */
  async function onePerConnection(): Promise<void> {
    await mesh.api.put(
      kinds.BackendTrafficPolicy,
      kinds.BackendTrafficPolicy.schema.parse({
        apiVersion: 'heddle.dev/v1alpha1',
        kind: 'BackendTrafficPolicy',
        metadata: { name: 'bank', namespace: 'default' },
        spec: {
          targetRefs: [{ group: 'heddle.dev', kind: 'ExternalService', name: 'bank' }],
          circuitBreaker: { maxRequestsPerConnection: 1 },
        },
      }),
    );
  }

  it('is not called without it, and the mesh says which file is missing', async () => {
    const kept = { certPem: readFileSync(files.certificate, 'utf8'), keyPem: readFileSync(files.key, 'utf8') };
    rmSync(files.key);
    await vi.waitUntil(async () => (await call()).statusCode === 503, { timeout: 10_000 });
    const problem = JSON.parse((await call()).text) as Record<string, unknown>;
    expect(problem).toMatchObject({
      reason: 'clientCertificateUnusable',
      detail: `${files.key}: there is no such file`,
      service: 'bank.example.com',
    });
    const said = `cannot show its certificate to a host outside the mesh: ${files.key}: there is no such file`;
    await vi.waitUntil(async () => (await events()).some((text) => text.startsWith(said)), { timeout: 10_000 });
    put(kept);
    await vi.waitUntil(async () => (await call()).text === 'SUCCESS CN=renewed', { timeout: 10_000 });
    const over = `can show ${files.certificate} again`;
    await vi.waitUntil(async () => (await events()).some((text) => text.startsWith(over)), { timeout: 10_000 });
  });

  it('is not called by a sidecar whose folder the files are not in', async () => {
    const strict = await mesh.sidecar('web-2', { service: 'web' });
    await vi.waitUntil(async () => (await call(strict)).text.includes('clientCertificateUnusable'), {
      timeout: 10_000,
    });
    expect(JSON.parse((await call(strict)).text)).toMatchObject({
      detail: `${files.certificate}: this sidecar reads no files that documents name; its --tls-folder would allow it`,
    });
    await mesh.stopSidecar(strict);
  });
});
