import { once } from 'node:events';
import { connect as connectTcp } from 'node:net';
import type { ConnectionOptions, TLSSocket } from 'node:tls';
import { connect } from 'node:tls';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { readCertificate } from '../../certs/certificate.ts';
import { rootFingerprint, verifyPinnedChain } from '../../certs/trust-bundle.ts';
import { controlPlaneSpiffeId } from '../../proto/names.ts';
import { TestAuthority, trustDomain } from './testing/xds-fixture.ts';
import type { TlsServerOptions } from './tls-server.ts';
import { TlsServer } from './tls-server.ts';

const authority = new TestAuthority();

describe('TlsServer', () => {
  let server: TlsServer;
  let accepted: TLSSocket[];
  let lines: string[];

  const listen = async (differing: Partial<TlsServerOptions> = {}) => {
    accepted = [];
    lines = [];
    server = await TlsServer.listen({
      host: '127.0.0.1',
      port: 0,
      identity: authority.leaf(controlPlaneSpiffeId(trustDomain)),
      trustBundlePem: authority.bundlePem,
      trustDomain,
      onConnection: (socket) => {
        accepted.push(socket);
        socket.write('hello');
      },
      log: (_level, message, { reason } = {}) => lines.push(`${message}: ${reason}`),
      ...differing,
    });
  };
  beforeEach(() => listen());
  afterEach(() => server.close());

  const dial = (options: ConnectionOptions = {}): TLSSocket => {
    const socket = connect({
      host: '127.0.0.1',
      port: server.port,
      ca: authority.bundlePem,
      checkServerIdentity: () => undefined,
      ALPNProtocols: ['h2'],
      ...options,
    });
    socket.on('error', () => {}); // closing is what is looked at
    return socket;
  };
  const greeted = async (socket: TLSSocket): Promise<string> => {
    const outcome = await new Promise<string>((resolve) => {
      socket.once('data', (bytes) => resolve(bytes.toString()));
      socket.once('close', () => resolve('closed'));
    });
    socket.destroy();
    return outcome;
  };
  const leaf = (id: string) => {
    const { chainPem, privateKeyPem } = authority.leaf(id);
    return { cert: chainPem, key: privateKeyPem };
  };

  it('lets in who has an SVID of the trust domain, and who has no certificate', async () => {
    expect(await greeted(dial(leaf('spiffe://cluster.local/ns/default/sa/cart')))).toBe('hello');
    expect(await greeted(dial())).toBe('hello');
    expect(accepted).toHaveLength(2);
  });

  it('shows a chain that ends with the root, so that one who knows its hash can pin it', async () => {
    const socket = dial();
    await once(socket, 'secureConnect');
    const chain: Buffer[] = [];
    let certificate = socket.getPeerCertificate(true);
    while (chain.length < 5 && !chain.some((der) => der.equals(certificate.raw))) {
      chain.push(certificate.raw);
      certificate = certificate.issuerCertificate;
    }
    const pin = rootFingerprint(authority.root.certificate.der);
    expect(chain).toHaveLength(3);
    expect(verifyPinnedChain(chain, pin, Date.now())).toMatchObject({ ok: true });
    socket.destroy();
  });

  it.each([
    ['another root', () => new TestAuthority().leaf('spiffe://cluster.local/ns/default/sa/cart'), 'our root'],
    [
      'an authority as a client',
      () => ({
        chainPem: authority.bundlePem,
        privateKeyPem: authority.root.privateKey.export({ type: 'pkcs8', format: 'pem' }) as string,
      }),
      '',
    ],
  ])('closes a connection with a certificate of %s before any byte', async (_what, make, reason) => {
    const { chainPem, privateKeyPem } = make();
    expect(await greeted(dial({ cert: chainPem, key: privateKeyPem }))).toBe('closed');
    expect(accepted).toEqual([]);
    expect(lines.join()).toContain(reason);
    expect(server.counts().refused).toBe(1);
  });

  it.each([
    ['TLS 1.2', { maxVersion: 'TLSv1.2' }],
    ['another ALPN', { ALPNProtocols: ['http/1.1'] }],
    ['no ALPN', { ALPNProtocols: [] }],
  ])('refuses %s', async (_what, options) => {
    expect(await greeted(dial(options as ConnectionOptions))).toBe('closed');
    expect(accepted).toEqual([]);
  });

  it('closes a handshake that does not come to its end', async () => {
    await server.close();
    await listen({ handshakeTimeoutMs: 100 });
    const socket = connectTcp(server.port, '127.0.0.1');
    socket.on('error', () => {});
    await once(socket, 'close');
    expect(server.counts().refused).toBe(1);
  });

  it('lets one without a certificate stay only as long as joining takes', async () => {
    await server.close();
    await listen({ anonymousMs: 50 });
    const [anonymous, known] = [dial(), dial(leaf('spiffe://cluster.local/ns/default/sa/cart'))];
    anonymous.resume(); // its end is only seen by one who reads
    await Promise.all([once(anonymous, 'close'), once(known, 'data')]);
    expect(known.destroyed).toBe(false);
    known.destroy();
  });

  it('closes connections beyond its bound', async () => {
    await server.close();
    await listen({ maxConnections: 1 });
    const first = dial();
    await once(first, 'data');
    expect(await greeted(dial())).toBe('closed');
    first.destroy();
  });

  it('shows a new certificate to new connections and keeps the open ones', async () => {
    const before = dial();
    await once(before, 'data');
    const serial = (socket: TLSSocket) => readCertificate(socket.getPeerCertificate().raw).serialHex;
    server.setIdentity(authority.leaf(controlPlaneSpiffeId(trustDomain)));
    const after = dial();
    await once(after, 'data');
    expect(serial(after)).not.toBe(serial(before));
    expect(before.destroyed).toBe(false);
    accepted[0]?.write('more');
    expect(String((await once(before, 'data'))[0])).toBe('more');
    before.destroy();
    after.destroy();
  });
});
