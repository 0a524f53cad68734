import { once } from 'node:events';
import { connect } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { createTestMesh } from '../../certs/testing/test-identity.ts';
import { wrongLeaves } from '../../certs/testing/wrong-leaves.ts';
import { ALPN_HTTP1 } from '../../proto/names.ts';
import { holderOf, meshIdentity } from '../testing/mesh-identity.ts';
import type { IdentityHolder } from '../tls/mesh-identity.ts';
import { IdentityHolder as Holder, secureContextOptions } from '../tls/mesh-identity.ts';
import { dialMesh } from '../upstream/dial.ts';
import { MeshPair } from './testing/mesh-pair.ts';

const mesh = createTestMesh();
const pair = new MeshPair();
const serve = (identity: IdentityHolder, handshakeTimeoutMs?: number) => pair.serve(identity, handshakeTimeoutMs);
const call = (port: number, identity: IdentityHolder, expected: readonly string[] = [mesh.id('cart')]) =>
  pair.call(port, identity, expected);

afterEach(() => pair.close());

describe('a connection between two sidecars', () => {
  it('carries requests when both are who they should be', async () => {
    const { listener, peers } = await serve(holderOf(mesh, 'cart'));
    expect(await call(listener.port, holderOf(mesh, 'web'))).toMatchObject({
      text: expect.stringContaining('spiffe://shop.local/ns/default/sa/web'),
    });
    expect(peers[0]?.clientCertLine).toMatch(
      /^x-forwarded-client-cert: By=spiffe:\/\/shop\.local\/ns\/default\/sa\/cart;Hash=[0-9a-f]{64};URI=spiffe:\/\/shop\.local\/ns\/default\/sa\/web\r\n$/,
    );
  });

  it('resumes a session only where the same identities are expected', async () => {
    const { listener, peers } = await serve(holderOf(mesh, 'cart'));
    const web = holderOf(mesh, 'web');
    for (let i = 0; i < 3; i++) expect(await call(listener.port, web)).toHaveProperty('text');
    expect(peers.map(({ principal }) => principal)).toEqual(Array(3).fill(mesh.id('web')));
    expect(await call(listener.port, web, [mesh.id('db')])).toMatchObject({ failure: 'identityRefused' });
  });

  it('is refused by the client when the service is somebody else, whatever the environment says of certificates', async () => {
    vi.stubEnv('NODE_TLS_REJECT_UNAUTHORIZED', '0');
    const { listener } = await serve(holderOf(mesh, 'db'));
    const dialled = await call(listener.port, holderOf(mesh, 'web'));
    vi.unstubAllEnvs();
    expect(dialled).toMatchObject({ failure: 'identityRefused' });
  });

  it('is refused by the client when the service is somebody else', async () => {
    const { listener } = await serve(holderOf(mesh, 'db'));
    expect(await call(listener.port, holderOf(mesh, 'web'))).toEqual({
      failure: 'identityRefused',
      detail: 'the peer is spiffe://shop.local/ns/default/sa/db, expected spiffe://shop.local/ns/default/sa/cart',
    });
  });

  it('is refused by both when the roots differ', async () => {
    const { listener, refused } = await serve(holderOf(createTestMesh(), 'cart'));
    expect(await call(listener.port, holderOf(mesh, 'web'))).toMatchObject({ failure: 'identityRefused' });
    await expect.poll(() => refused.length).toBeGreaterThan(0);
  });

  it('is not even tried with a certificate that has expired', async () => {
    const { listener } = await serve(holderOf(mesh, 'cart'));
    const expired = new Holder();
    expired.set(meshIdentity(mesh, mesh.identity('web'), mesh.id('web'), -1));
    expect(await call(listener.port, expired)).toMatchObject({ detail: 'this sidecar has no valid certificate' });
  });

  it.each([
    ['expired', -7_200_000, 3_600_000],
    ['not yet valid', 7_200_000, 3_600_000],
  ])('is refused when the leaf is %s', async (_what, offsetMs, ttlMs) => {
    const nowMs = Date.now() + offsetMs;
    const leaf = createTestMesh('shop.local', nowMs);
    const holder = new Holder();
    holder.set({ ...meshIdentity(leaf, leaf.identity('web', { nowMs, ttlMs }), leaf.id('web')) });
    const server = new Holder();
    server.set({ ...meshIdentity(mesh, mesh.identity('cart'), mesh.id('cart')), trustBundlePem: leaf.bundlePem });
    const { listener, peers } = await serve(server);
    const outcome = await call(listener.port, holder);
    expect('text' in outcome ? outcome.text : '').toBe('');
    expect(peers).toHaveLength(0);
  });

  it('is refused without a client certificate, and without the mesh’s ALPN', async () => {
    const { listener, peers } = await serve(holderOf(mesh, 'cart'));
    for (const options of [{ ALPNProtocols: [ALPN_HTTP1] }, { ALPNProtocols: ['http/1.1'] }]) {
      const socket = connectTls({ port: listener.port, host: '127.0.0.1', rejectUnauthorized: false, ...options });
      socket.on('error', () => {});
      socket.on('secureConnect', () => socket.write('GET / HTTP/1.1\r\nHost: a\r\n\r\n'));
      socket.resume();
      await new Promise((resolve) => socket.once('close', resolve));
    }
    expect(peers).toHaveLength(0);
  });

  it('is closed when the handshake does not come to an end', async () => {
    const { listener, refused } = await serve(holderOf(mesh, 'cart'), 50);
    const sockets = ['', '\x16\x03\x01\x02\x00\x01'].map((bytes) => {
      const socket = connect(listener.port, '127.0.0.1');
      socket.on('error', () => {});
      socket.write(bytes, 'latin1');
      return once(socket.resume(), 'close');
    });
    await Promise.all(sockets);
    expect(refused).toHaveLength(2);
  });

  it('is encrypted with AES-128 between sidecars, and with whatever of TLS 1.3 a peer knows', async () => {
    const { listener } = await serve(holderOf(mesh, 'cart'));
    const own = secureContextOptions(meshIdentity(mesh, mesh.identity('web'), mesh.id('web')));
    const aes256 = 'TLS_AES_256_GCM_SHA384';
    const chosen: string[] = [];
    for (const options of [own, { ...own, ciphers: aes256 }]) {
      const to = { port: listener.port, host: '127.0.0.1', servername: '', checkServerIdentity: () => undefined };
      const socket = connectTls({ ...to, ALPNProtocols: [ALPN_HTTP1], ...options });
      await once(socket, 'secureConnect');
      chosen.push(socket.getCipher().standardName);
      socket.destroy();
    }
    expect(chosen).toEqual(['TLS_AES_128_GCM_SHA256', aes256]);
  });

  it('refuses plaintext', async () => {
    const { listener, peers, refused } = await serve(holderOf(mesh, 'cart'));
    const answer = await import('../testing/raw-client.ts').then(({ sendRaw }) =>
      sendRaw(listener.port, 'GET / HTTP/1.1\r\nHost: a\r\n\r\n'),
    );
    expect(answer.status).toBe(0);
    expect(peers).toHaveLength(0);
    expect(refused.join()).toContain('TLS handshake failed');
  });

  it('goes on with requests on an open connection while both ends renew', async () => {
    const server = holderOf(mesh, 'cart');
    const web = holderOf(mesh, 'web');
    const { listener, peers } = await serve(server);
    const answers: string[] = [];
    await new Promise<void>((resolve, reject) => {
      const target = {
        address: '127.0.0.1',
        port: listener.port,
        connectTimeoutMs: 5000,
        sni: 'outbound_.80_._.cart.default.svc.cluster.local',
        alpnProtocols: [ALPN_HTTP1],
        expectedIdentities: [mesh.id('cart')],
      };
      dialMesh(target, web, pair.sessions, {
        onConnected: (transport) => {
          transport.setHandler({
            onBytes: (buffer, length) => {
              answers.push(buffer.toString('latin1', 0, length));
              if (answers.length === 5) {
                transport.end();
                return;
              }
              server.set(meshIdentity(mesh, mesh.identity('cart'), mesh.id('cart')));
              web.set(meshIdentity(mesh, mesh.identity('web'), mesh.id('web')));
              transport.writeText('GET / HTTP/1.1\r\nHost: a\r\n\r\n');
            },
            onEnd() {},
            onDrain() {},
            onClose: () => resolve(),
          });
          transport.startReading();
          transport.writeText('GET / HTTP/1.1\r\nHost: a\r\n\r\n');
        },
        onDialFailed: (_failure, detail) => reject(new Error(detail)),
      });
    });
    expect(answers.every((answer) => answer.startsWith('HTTP/1.1 200'))).toBe(true);
    expect(answers).toHaveLength(5);
    expect(peers).toHaveLength(1);
  });

  it('uses a renewed certificate for new connections at once', async () => {
    const server = holderOf(mesh, 'cart');
    const { listener } = await serve(server);
    const web = holderOf(mesh, 'web');
    expect(await call(listener.port, web)).toHaveProperty('text');
    server.set(meshIdentity(mesh, mesh.identity('db'), mesh.id('db')));
    pair.sessions.clear();
    expect(await call(listener.port, web)).toMatchObject({ failure: 'identityRefused' });
  });
});

describe.each(wrongLeaves)('a certificate with $what', ({ wrong, reason }) => {
  const leaf = mesh.misissued(wrong);

  it('is refused by the client', async () => {
    const server = new Holder();
    server.set(meshIdentity(mesh, leaf, mesh.id('cart')));
    const { listener } = await serve(server);
    const outcome = await call(listener.port, holderOf(mesh, 'web'));
    expect(outcome).toHaveProperty('failure');
    if ('failure' in outcome && outcome.failure === 'identityRefused' && !/^[A-Z_]+$/.test(outcome.detail)) {
      expect(outcome.detail).toMatch(reason);
    }
  });

  it('is refused by the server', async () => {
    const client = new Holder();
    client.set(meshIdentity(mesh, leaf, mesh.id('web')));
    const { listener, peers } = await serve(holderOf(mesh, 'cart'));
    const outcome = await call(listener.port, client);
    expect('text' in outcome ? outcome.text : '').toBe('');
    expect(peers).toHaveLength(0);
  });
});
