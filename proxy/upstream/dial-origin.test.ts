import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import type { Server } from 'node:net';
import { createServer as createTcpServer } from 'node:net';
import { join } from 'node:path';
import type { TLSSocket, TlsOptions } from 'node:tls';
import { createServer } from 'node:tls';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { hasProgram } from '../../examples/testing/programs.ts';
import type { ServerCertificate } from '../../examples/testing/public-authority.ts';
import { PublicAuthority } from '../../examples/testing/public-authority.ts';
import { ClientCertificates } from '../tls/client-certificates.ts';
import { SessionCache } from '../tls/session-cache.ts';
import type { OriginTlsConfig } from './dial-origin.ts';
import { dialOrigin, urisOf } from './dial-origin.ts';

describe.skipIf(!hasProgram('openssl'))('dialOrigin', () => {
  let authority: PublicAuthority;
  let good: ServerCertificate;
  beforeAll(() => {
    authority = new PublicAuthority();
    good = authority.issue(['DNS:api.example.com', 'DNS:*.wild.example.com', 'URI:spiffe://other/api']);
  });
  const servers: Server[] = [];
  const resumed: boolean[] = [];

  afterEach(() => {
    for (const server of servers.splice(0)) server.close();
    resumed.length = 0;
  });
  afterAll(() => authority.close());

  async function listen(options: TlsOptions = {}): Promise<number> {
    const { certPem: cert, keyPem: key } = good;
    const server = createServer({ cert, key, ALPNProtocols: ['h2', 'http/1.1'], ...options }, (socket) => {
      resumed.push(socket.isSessionReused());
      socket.on('error', () => {});
      socket.end(`${socket.servername} ${socket.alpnProtocol}`);
    });
    return await portOf(server);
  }

  async function portOf(server: Server): Promise<number> {
    servers.push(server);
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    return (server.address() as { port: number }).port;
  }

  const tls = (changes: Partial<OriginTlsConfig> = {}): OriginTlsConfig => ({
    key: JSON.stringify(changes),
    sni: 'api.example.com',
    alpnProtocols: ['http/1.1'],
    names: [{ kind: 'DNS', name: 'api.example.com' }],
    rootsPem: authority.rootPem,
    minVersion: 'TLSv1.2',
    clientCertificate: null,
    ...changes,
  });

  /** What the server says, or the failure. */
  function dial(
    port: number,
    config: OriginTlsConfig,
    protocol: 'http1' | 'http2' | 'tcp' = 'http1',
    sessions = new SessionCache<{ expiresAtMs: number }>(),
    certificates = new ClientCertificates(authority.folder),
  ): Promise<string> {
    return new Promise((resolve) => {
      dialOrigin(
        { address: '127.0.0.1', port, connectTimeoutMs: 5000 },
        config,
        protocol,
        { sessions, certificates },
        {
          onConnected: (transport) => {
            let text = '';
            transport.setHandler({
              onBytes: (bytes, length) => {
                text += bytes.toString('latin1', 0, length);
              },
              onEnd: () => {
                transport.destroy();
                resolve(text);
              },
              onDrain() {},
              onClose() {},
            });
            transport.startReading();
          },
          onDialFailed: (failure, detail) => resolve(`${failure}: ${detail}`),
        },
      );
    });
  }

  it('names the host, and opens TLS with the one that is expected', async () => {
    expect(await dial(await listen(), tls())).toBe('api.example.com http/1.1');
  });

  it.each<[string, Partial<OriginTlsConfig>]>([
    ['a wildcard', { sni: 'a.wild.example.com', names: [{ kind: 'DNS', name: 'a.wild.example.com' }] }],
    ['a URI', { names: [{ kind: 'URI', name: 'spiffe://other/api' }] }],
    ['any of several names', { names: ['x.example.com', 'api.example.com'].map((name) => ({ kind: 'DNS', name })) }],
  ])('takes %s', async (_name, changes) => {
    expect(await dial(await listen(), tls(changes))).toContain('http/1.1');
  });

  it('speaks HTTP/2 only with who says so, and no protocol where bytes are carried', async () => {
    const both = await listen();
    expect(await dial(both, tls({ alpnProtocols: ['h2'] }), 'http2')).toBe('api.example.com h2');
    expect(await dial(both, tls({ alpnProtocols: [] }), 'tcp')).toBe('api.example.com false');
    const old = await listen({ ALPNProtocols: undefined });
    expect(await dial(old, tls({ alpnProtocols: ['h2'] }), 'http2')).toBe(
      'originRefused: the host does not speak HTTP/2 (ALPN none)',
    );
  });

  it.each<[string, () => TlsOptions, Partial<OriginTlsConfig>, string]>([
    [
      'another name',
      () => ({}),
      { names: [{ kind: 'DNS', name: 'bank.example.com' }] },
      'originRefused: the certificate is for DNS:api.example.com, DNS:*.wild.example.com, URI:spiffe://other/api, and not for bank.example.com',
    ],
    [
      'a URI that is only a part',
      () => ({}),
      { names: [{ kind: 'URI', name: 'spiffe://other' }] },
      'and not for spiffe://other',
    ],
    [
      'an unknown issuer',
      () => ({}),
      { rootsPem: null },
      'originRefused: the issuer of the certificate is not trusted (UNABLE_TO_',
    ],
    [
      'a certificate that is over',
      () => pemOf(authority.issue(['DNS:api.example.com'], { days: -1 })),
      {},
      'originRefused: the certificate has expired (CERT_HAS_EXPIRED, api.example.com)',
    ],
    [
      'a name that is only the common name',
      () => pemOf(authority.issue([], { commonName: 'api.example.com' })),
      {},
      'originRefused: the certificate is for nobody, and not for api.example.com',
    ],
    ['an older version', () => ({ maxVersion: 'TLSv1.2' }), { minVersion: 'TLSv1.3' }, 'originRefused: '],
  ])('refuses %s', async (_name, options, changes, failure) => {
    expect(await dial(await listen(options()), tls(changes))).toContain(failure);
  });

  it('refuses them also where the environment says that nothing is to be verified', async () => {
    vi.stubEnv('NODE_TLS_REJECT_UNAUTHORIZED', '0');
    const said = await dial(await listen(), tls({ rootsPem: null }));
    vi.unstubAllEnvs();
    expect(said).toContain('is not trusted');
  });

  it('says that a host speaks no TLS, and that nobody listens', async () => {
    const plain = await portOf(createTcpServer((socket) => socket.end('HTTP/1.1 400 Bad Request\r\n\r\n')));
    expect(await dial(plain, tls())).toContain('originRefused: the host does not speak TLS at this port');
    const server = createTcpServer();
    const gone = await portOf(server);
    await new Promise((resolve) => server.close(resolve));
    expect(await dial(gone, tls())).toBe('connectFailure: ECONNREFUSED');
  });

  it('resumes a session, and none that began under other settings', async () => {
    const port = await listen();
    const sessions = new SessionCache<{ expiresAtMs: number }>();
    await dial(port, tls(), 'http1', sessions);
    await dial(port, tls(), 'http1', sessions);
    expect(resumed).toEqual([false, true]);
    const other = tls({ names: [{ kind: 'DNS', name: 'bank.example.com' }] });
    expect(await dial(port, other, 'http1', sessions)).toContain('and not for bank.example.com');
  });

  it('shows a certificate, and resumes no session that began with another', async () => {
    const [first, second] = [
      authority.issue([], { commonName: 'first' }),
      authority.issue([], { commonName: 'second' }),
    ];
    const files = { certificateFile: join(authority.folder, 'own.pem'), keyFile: join(authority.folder, 'own.key') };
    const put = (shown: ServerCertificate) => {
      writeFileSync(files.certificateFile, shown.certPem);
      writeFileSync(files.keyFile, shown.keyPem);
    };
    const shown: string[] = [];
    const port = await listen({ requestCert: true, rejectUnauthorized: true, ca: authority.rootPem });
    servers.at(-1)?.on('secureConnection', (socket: TLSSocket) => {
      shown.push(String(socket.getPeerX509Certificate()?.subject));
    });
    const config = tls({ clientCertificate: files });
    const sessions = new SessionCache<{ expiresAtMs: number }>();
    const certificates = new ClientCertificates(authority.folder);
    put(first);
    expect(await dial(port, config, 'http1', sessions, certificates)).toBe('api.example.com http/1.1');
    await dial(port, config, 'http1', sessions, certificates);
    put(second);
    await dial(port, config, 'http1', sessions, certificates);
    expect(shown).toEqual(['CN=first', 'CN=first', 'CN=second']);
    expect(resumed).toEqual([false, true, false]);
  });

  it('does not call without the certificate that it is to show', async () => {
    const port = await listen();
    const { certFile, keyFile } = good;
    const config = tls({ clientCertificate: { certificateFile: certFile, keyFile } });
    const none = new ClientCertificates('');
    expect(await dial(port, config, 'http1', new SessionCache(), none)).toBe(
      `clientCertificateUnusable: ${certFile}: this sidecar reads no files that documents name; its --tls-folder would allow it`,
    );
    expect(resumed).toEqual([]);
  });
});

describe('urisOf', () => {
  it.each([
    ['DNS:a.b, URI:spiffe://other/api, IP Address:10.0.0.1', ['spiffe://other/api']],
    ['DNS:a.b', []],
    ['', []],
    ['URI:"http://a, URI:spiffe://other/api, x"', ['http://a, URI:spiffe://other/api, x']],
    ['DNS:"a\\", URI:spiffe://other/api, x", URI:b:c', ['b:c']],
  ])('reads %s', (text, uris) => {
    expect(urisOf(text)).toEqual(uris);
  });
});

function pemOf({ certPem: cert, keyPem: key }: { readonly certPem: string; readonly keyPem: string }): TlsOptions {
  return { cert, key };
}
