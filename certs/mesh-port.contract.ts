import type { Socket } from 'node:net';
import { connect } from 'node:net';
import type { ConnectionOptions } from 'node:tls';
import { connect as connectTls } from 'node:tls';
import { afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { allowingEarlyData } from './testing/early-data.ts';
import { foreignLeaves, issuedByOpenssl } from './testing/foreign-issuer.ts';
import { hasOpenssl } from './testing/openssl.ts';
import { OpensslClient } from './testing/openssl-client.ts';
import type { TestIdentity } from './testing/test-identity.ts';
import { createTestMesh } from './testing/test-identity.ts';
import { halfHello, isAlert, wrongBytes } from './testing/tls-bytes.ts';
import { wrongLeaves } from './testing/wrong-leaves.ts';

/** A port that takes mutual TLS; what has passed its handshake is answered `HTTP/1.1 200` to a GET. */
export interface MeshPort {
  readonly port: number;
  /** Connections that may speak. */
  accepted(): number;
  refused(): number;
  close(): Promise<void>;
}

export interface MeshPortKind {
  /** What clients offer. */
  readonly alpn: string;
  readonly isAnonymousRefused: boolean;
  start(mesh: ReturnType<typeof createTestMesh>, handshakeTimeoutMs: number): Promise<MeshPort>;
}

const GET = 'GET / HTTP/1.1\r\nHost: a\r\n\r\n';
const mesh = createTestMesh();
const own = mesh.identity('web');
/** A client that would offer and take anything. */
const anything = 'DEFAULT@SECLEVEL=0';

/** However it ends. */
const closed = (socket: Socket) => new Promise<unknown>((resolve) => socket.once('close', resolve));

/** What every port does that other processes of the mesh, and strangers, connect to. */
export function describeMeshPort(name: string, { alpn, isAnonymousRefused, start }: MeshPortKind): void {
  let served: MeshPort;
  const restart = async (handshakeTimeoutMs: number) => {
    await served.close();
    served = await start(mesh, handshakeTimeoutMs);
  };

  beforeEach(async () => {
    served = await start(mesh, 15_000);
  });
  afterEach(() => served.close());

  /** A client that is none of ours; it says its request as soon as it may, and what it is told. */
  async function said(options: ConnectionOptions): Promise<string> {
    let text = '';
    const place = { host: '127.0.0.1', port: served.port };
    const { key, cert } = own;
    const socket = connectTls({ ...place, rejectUnauthorized: false, ALPNProtocols: [alpn], key, cert, ...options });
    socket.on('error', () => {});
    socket.on('data', (bytes) => {
      text += bytes.toString('latin1');
      socket.end();
    });
    socket.once('secureConnect', () => socket.write(GET));
    await closed(socket);
    return text;
  }

  describe(`${name}, and a certificate with`, () => {
    it.each(wrongLeaves)('$what: refused', async ({ wrong }) => {
      const { key, cert } = mesh.misissued(wrong);
      expect([await said({ key, cert }), served.accepted()]).toEqual(['', 0]);
    });

    describe.skipIf(!hasOpenssl).each(foreignLeaves)('%s', (_what, leaf, isAccepted) => {
      let identity: TestIdentity;
      beforeAll(() => {
        identity = issuedByOpenssl(mesh, leaf);
      });

      it(`is ${isAccepted ? 'accepted' : 'refused'}`, async () => {
        const text = await said({ key: identity.key, cert: identity.cert, ciphers: anything });
        expect([served.accepted(), text.startsWith('HTTP/1.1 200')]).toEqual(isAccepted ? [1, true] : [0, false]);
      });
    });

    it.skipIf(!hasOpenssl)('200 KB of others behind it: refused before they are read', async () => {
      expect(await said({ key: own.key, cert: own.cert + mesh.bundlePem.repeat(400) })).toBe('');
      expect([served.accepted(), served.refused()]).toEqual([0, 1]);
    });
  });

  describe(`${name}, and a handshake that is none of ours`, () => {
    const refusedHellos: [what: string, options: ConnectionOptions][] = [
      ['TLS 1.0', { minVersion: 'TLSv1', maxVersion: 'TLSv1', ciphers: anything }],
      ['TLS 1.1', { minVersion: 'TLSv1.1', maxVersion: 'TLSv1.1', ciphers: anything }],
      ['TLS 1.2, which could be renegotiated', { minVersion: 'TLSv1.2', maxVersion: 'TLSv1.2' }],
      ['another ALPN name', { ALPNProtocols: ['http/1.1', 'spdy/3'] }],
      ['no ALPN name', { ALPNProtocols: [] }],
      ['an ALPN name of 255 bytes', { ALPNProtocols: ['x'.repeat(255)] }],
    ];
    if (isAnonymousRefused) {
      refusedHellos.push(['no certificate', { key: undefined as never, cert: undefined as never }]);
    }

    it.each(refusedHellos)('is refused: %s', async (_what, options) => {
      const text = await said(options);
      await expect.poll(() => served.refused()).toBe(1);
      expect([served.accepted(), text]).toEqual([0, '']);
    });

    it.each(['cart\0.evil', 'x'.repeat(300), '-', '*', '..', '\xff\xfe', '[::1]'])(
      'is none the worse for the server name %j, which nobody asks for here',
      async (servername) => {
        const text = await said({ servername });
        // whether TLS itself takes the name or not, nothing breaks and the next one is served
        expect(text === '' || text.startsWith('HTTP/1.1 200')).toBe(true);
        const before = served.accepted();
        expect([await said({}), served.accepted() - before]).toEqual([expect.stringMatching(/^HTTP\/1\.1 200/), 1]);
      },
    );

    it.each(wrongBytes)('is refused with an alert at most: %s', async (_what, bytes) => {
      await restart(500);
      const socket = connect(served.port, '127.0.0.1').on('error', () => {});
      let answer = '';
      socket.on('data', (chunk) => {
        answer += chunk.toString('latin1');
      });
      socket.write(bytes, 'latin1');
      await closed(socket);
      expect(answer === '' || isAlert(answer)).toBe(true);
      expect([served.refused(), served.accepted()]).toEqual([1, 0]);
    });
  });

  describe(`${name}, and a thousand handshakes that nobody goes on with`, () => {
    it('serves others, and closes them all in time', async () => {
      await restart(1500);
      const halves = Array.from({ length: 1000 }, (_, index) => {
        const socket = connect(served.port, '127.0.0.1').on('error', () => {});
        socket.write(index % 2 === 0 ? halfHello : '', 'latin1');
        return closed(socket.resume());
      });
      expect(await said({})).toMatch(/^HTTP\/1\.1 200/);
      await Promise.all(halves);
      await expect.poll(() => served.refused()).toBe(1000);
    });
  });

  describe.skipIf(!hasOpenssl)(`${name}, and what TLS 1.3 allows a peer to go on with`, () => {
    const clients: OpensslClient[] = [];
    const client = (args: readonly string[] = [], files: Record<string, string> = {}) => {
      const made = new OpensslClient({ port: served.port, alpn, identity: own }, args, files);
      clients.push(made);
      return made;
    };

    afterEach(async () => {
      for (const one of clients.splice(0)) await one.close();
    });

    it('a thousand updates of keys change nothing, for it or for others', async () => {
      const peer = client();
      await peer.printed(/Max Early Data/);
      const [others] = await Promise.all([said({}), peer.updateKeys(1000)]);
      expect(others).toMatch(/^HTTP\/1\.1 200/);
      peer.say(GET);
      await peer.printed(/HTTP\/1\.1 200/);
    });

    it('0-RTT is neither offered nor believed, and the handshake goes on without it', async () => {
      const first = client(['-sess_out', 'session']);
      await first.printed(/Max Early Data/);
      expect(first.text).toMatch(/Max Early Data: 0\n/);
      const session = allowingEarlyData(first.read('session'));
      const second = client(['-sess_in', 'session', '-early_data', 'early'], { session, early: GET });
      await second.printed(/Early data was/);
      expect(second.text).toContain('Early data was rejected');
      second.say('GET /late HTTP/1.1\r\nHost: a\r\n\r\n');
      await second.printed(/HTTP\/1\.1 200/);
      expect(second.text.split('HTTP/1.1 200')).toHaveLength(2);
    });
  });
}
