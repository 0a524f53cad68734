import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import type { Server, TLSSocket } from 'node:tls';
import { connect, createServer } from 'node:tls';
import { afterEach, describe, expect, it } from 'vitest';
import { peerChain } from './peer-chain.ts';
import { validateSvid } from './svid.ts';
import type { TestIdentity } from './testing/test-identity.ts';
import { createTestMesh } from './testing/test-identity.ts';

/**
 * What Node and OpenSSL show of the peer when a TLS 1.3 session is resumed. The mesh is built on these answers;
 * should a new version of Node answer differently, this is where it shows.
 */
const mesh = createTestMesh();
const cart = mesh.identity('cart', { includeRoot: true });
const web = mesh.identity('web');

interface Seen {
  readonly isReused: boolean;
  readonly isAuthorized: boolean;
  readonly chain: Buffer[];
}

const seen = (socket: TLSSocket): Seen => ({
  isReused: socket.isSessionReused(),
  isAuthorized: socket.authorized,
  chain: peerChain(socket),
});

let server: Server;
let session: Buffer | undefined;
let identityChecks: number;

async function listen(): Promise<void> {
  server = createServer({ ...serverContext(mesh.bundlePem), requestCert: true, rejectUnauthorized: false });
  session = undefined;
  identityChecks = 0;
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
}

function serverContext(ca: string) {
  return { key: cart.key, cert: cart.cert, ca, minVersion: 'TLSv1.3' } as const;
}

/** Connects, with the session of the connection before if there was one, and says what both ends see. */
async function visit(identity: TestIdentity | null): Promise<{ server: Seen; client: Seen }> {
  const atServer = once(server, 'secureConnection') as Promise<[TLSSocket]>;
  const socket = connect({
    ...(identity === null ? {} : { key: identity.key, cert: identity.cert }),
    ...(session === undefined ? {} : { session }),
    host: '127.0.0.1',
    port: (server.address() as AddressInfo).port,
    ca: mesh.bundlePem,
    checkServerIdentity: () => {
      identityChecks += 1;
      return undefined;
    },
  });
  socket.on('session', (ticket) => {
    session = ticket;
  });
  const [[accepted]] = await Promise.all([atServer, once(socket, 'secureConnect')]);
  const found = { server: seen(accepted), client: seen(socket) };
  // Tickets follow the handshake; once the server's byte is here, they are too.
  accepted.end('.');
  socket.resume();
  await once(socket, 'close');
  return found;
}

afterEach(async () => {
  server.close();
  await once(server, 'close');
});

describe('a resumed TLS 1.3 session', () => {
  it('still shows the client’s leaf to the server, so the server checks it every time', async () => {
    await listen();
    const first = await visit(web);
    expect(first.server).toMatchObject({ isReused: false, isAuthorized: true });
    expect(first.server.chain).toEqual([web.der, mesh.issuer.certificate.der]);
    const second = await visit(web);
    expect(second.server).toEqual({ isReused: true, isAuthorized: true, chain: [web.der] });
    const check = { trustDomains: 'shop.local', nowMs: Date.now() };
    expect(validateSvid(second.server.chain[0] as Buffer, check)).toMatchObject({ ok: true, id: mesh.id('web') });
  });

  it('shows nothing of the server to the client and asks no one, so the client must remember whom it verified', async () => {
    await listen();
    const first = await visit(web);
    expect(first.client.chain).toEqual([cart.der, mesh.issuer.certificate.der, mesh.root.certificate.der]);
    const second = await visit(web);
    expect(second.client).toEqual({ isReused: true, isAuthorized: true, chain: [] });
    expect(identityChecks).toBe(1);
  });

  it('makes a client without a certificate look authorized to the server, so only the leaf counts', async () => {
    await listen();
    expect((await visit(null)).server).toEqual({ isReused: false, isAuthorized: false, chain: [] });
    expect((await visit(null)).server).toEqual({ isReused: true, isAuthorized: true, chain: [] });
  });

  it('leaves a client of another root unauthorized', async () => {
    await listen();
    const stranger = createTestMesh().identity('web');
    await visit(stranger);
    expect((await visit(stranger)).server).toEqual({ isReused: true, isAuthorized: false, chain: [stranger.der] });
  });

  it('does not survive setSecureContext, so a root that was taken out of the bundle is out at once', async () => {
    await listen();
    await visit(web);
    server.setSecureContext(serverContext(createTestMesh().bundlePem));
    expect((await visit(web)).server).toMatchObject({ isReused: false, isAuthorized: false });
  });
});
