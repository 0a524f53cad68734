import type { Socket } from 'node:net';
import { connect } from 'node:net';
import type { ConnectionOptions } from 'node:tls';
import { connect as connectTls } from 'node:tls';
import { afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { ForeignLeaf } from '../../certs/testing/foreign-issuer.ts';
import { issuedByOpenssl } from '../../certs/testing/foreign-issuer.ts';
import { hasOpenssl } from '../../certs/testing/openssl.ts';
import type { TestIdentity } from '../../certs/testing/test-identity.ts';
import { createTestMesh } from '../../certs/testing/test-identity.ts';
import { ALPN_HTTP1 } from '../../proto/names.ts';
import { holderOf, meshIdentity } from '../testing/mesh-identity.ts';
import { IdentityHolder } from '../tls/mesh-identity.ts';
import { MeshPair } from './testing/mesh-pair.ts';

const mesh = createTestMesh();
const pair = new MeshPair();

afterEach(() => pair.close());

function holder(identity: TestIdentity): IdentityHolder {
  const held = new IdentityHolder();
  held.set(meshIdentity(mesh, identity, mesh.id('cart')));
  return held;
}

const authority = (basic: string, usage: string) => `basicConstraints=critical,${basic}\nkeyUsage=critical,${usage}\n`;

/** Signed by somebody who has a key of ours and follows other rules. */
const foreignLeaves: [what: string, leaf: ForeignLeaf, isAccepted: boolean][] = [
  ['P-256, as ours', {}, true],
  ['RSA of 2048 bits', { key: 'RSA -pkeyopt rsa_keygen_bits:2048' }, true],
  ['RSA of 1024 bits', { key: 'RSA -pkeyopt rsa_keygen_bits:1024' }, false],
  ['P-192', { key: 'EC -pkeyopt ec_paramgen_curve:prime192v1' }, false],
  ['a signature over SHA-1', { digest: 'sha1' }, false],
  // Envoy's `max_verify_depth` is 100 by default, and so is OpenSSL's
  ['20 authorities between', { between: 20 }, true],
  ['an authority without the CA flag', { between: 1, authority: authority('CA:false', 'keyCertSign') }, false],
  ['an authority without keyCertSign', { between: 1, authority: authority('CA:true', 'digitalSignature') }, false],
  ['more authorities than one allows', { between: 2, authority: authority('CA:true,pathlen:0', 'keyCertSign') }, false],
];

describe.skipIf(!hasOpenssl).each(foreignLeaves)('a certificate with %s', (_what, leaf, isAccepted) => {
  let identity: TestIdentity;
  beforeAll(() => {
    identity = issuedByOpenssl(mesh, leaf);
  });

  it(`is ${isAccepted ? 'accepted' : 'refused'} by the server`, async () => {
    const { listener, peers } = await pair.serve(holderOf(mesh, 'cart'));
    const { socket, text } = dialled(listener.port, { key: identity.key, cert: identity.cert, ciphers: anything });
    await closed(socket);
    expect([peers.length, text().startsWith('HTTP/1.1 200')]).toEqual(isAccepted ? [1, true] : [0, false]);
  });

  it(`is ${isAccepted ? 'accepted' : 'refused'} by the client`, async () => {
    let served: IdentityHolder;
    try {
      served = holder(identity);
    } catch (error) {
      // such a key is not even taken for our own
      expect([isAccepted, String(error)]).toEqual([false, expect.stringMatching(/too small|too weak|unsupported/i)]);
      return;
    }
    const { listener } = await pair.serve(served);
    const outcome = await pair.call(listener.port, holderOf(mesh, 'web'), [mesh.id('cart')]);
    expect('text' in outcome).toBe(isAccepted);
  });
});

/** A client that would offer and take anything. */
const anything = 'DEFAULT@SECLEVEL=0';

/** A client that is no sidecar; it says its request as soon as it may. */
function dialled(port: number, options: ConnectionOptions): { socket: Socket; text: () => string } {
  let text = '';
  const own = mesh.identity('web');
  const socket = connectTls({
    host: '127.0.0.1',
    port,
    rejectUnauthorized: false,
    ALPNProtocols: [ALPN_HTTP1],
    key: own.key,
    cert: own.cert,
    ...options,
  });
  socket.on('error', () => {});
  socket.on('data', (bytes) => {
    text += bytes.toString('latin1');
    socket.end();
  });
  socket.once('secureConnect', () => socket.write('GET / HTTP/1.1\r\nHost: a\r\n\r\n'));
  return { socket, text: () => text };
}

/** However it ends. */
const closed = (socket: Socket) => new Promise<unknown>((resolve) => socket.once('close', resolve));

/** Bytes on the port as they are. */
async function said(port: number, bytes: string): Promise<string> {
  const socket = connect(port, '127.0.0.1');
  socket.on('error', () => {});
  let text = '';
  socket.on('data', (chunk) => {
    text += chunk.toString('latin1');
  });
  socket.write(bytes, 'latin1');
  await closed(socket);
  return text;
}

const record = (type: number, version: string, payload: string) =>
  `${String.fromCharCode(type)}${version}${String.fromCharCode(payload.length >> 8, payload.length & 255)}${payload}`;

describe('a handshake that is none of ours', () => {
  const refusedHellos: [what: string, options: ConnectionOptions][] = [
    ['TLS 1.0', { minVersion: 'TLSv1', maxVersion: 'TLSv1', ciphers: anything }],
    ['TLS 1.1', { minVersion: 'TLSv1.1', maxVersion: 'TLSv1.1', ciphers: anything }],
    ['TLS 1.2, which could be renegotiated', { minVersion: 'TLSv1.2', maxVersion: 'TLSv1.2' }],
    ['another ALPN name', { ALPNProtocols: ['http/1.1', 'spdy/3'] }],
    ['no ALPN name', { ALPNProtocols: [] }],
    ['an ALPN name of 255 bytes', { ALPNProtocols: ['x'.repeat(255)] }],
    ['no certificate', { key: undefined as never, cert: undefined as never }],
  ];

  it.each(refusedHellos)('is refused: %s', async (_what, options) => {
    const { listener, peers, refused } = await pair.serve(holderOf(mesh, 'cart'));
    const { socket, text } = dialled(listener.port, options);
    await closed(socket);
    await expect.poll(() => refused.length).toBe(1);
    expect([peers.length, text()]).toEqual([0, '']);
  });

  it.each(['cart\0.evil', 'x'.repeat(300), '-', '*', '..', '\xff\xfe', '[::1]'])(
    'is none the worse for the server name %j, which nobody asks for here',
    async (servername) => {
      const { listener, peers } = await pair.serve(holderOf(mesh, 'cart'));
      const { socket, text } = dialled(listener.port, { servername });
      await closed(socket);
      // whether TLS itself takes the name or not, nothing breaks and the next one is served
      expect(text() === '' || text().startsWith('HTTP/1.1 200')).toBe(true);
      const before = peers.length;
      const next = dialled(listener.port, {});
      await closed(next.socket);
      expect([peers.length - before, next.text().startsWith('HTTP/1.1 200')]).toEqual([1, true]);
    },
  );

  const wrongBytes: [what: string, bytes: string][] = [
    ['a hello of SSLv2', '\x80\x2e\x01\x00\x02\x00\x15\x00\x00\x00\x10\x01\x00\x80'.padEnd(48, '\0')],
    ['a hello of SSLv3', record(22, '\x03\x00', '\x01\x00\x00\x25\x03\x00'.padEnd(41, '\0'))],
    ['a record of more than 16 KiB', `\x16\x03\x01\xff\xff${'\x01'.repeat(70_000)}`],
    ['empty records', record(22, '\x03\x01', '').repeat(100)],
    ['change-cipher-spec again and again', record(20, '\x03\x03', '\x01').repeat(1000)],
    ['alerts again and again', record(21, '\x03\x03', '\x01\x00').repeat(1000)],
    ['a hello of 16 MB that never comes', record(22, '\x03\x01', '\x01\xff\xff\xff').padEnd(20_000, 'x')],
    ['application data before any handshake', record(23, '\x03\x03', 'GET / HTTP/1.1\r\nHost: a\r\n\r\n')],
    ['HTTP/2 in plaintext', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'],
  ];

  /** Type, version, length, and one alert that is fatal (RFC 8446 section 6). */
  const isAlert = (answer: string) =>
    answer.length === 7 && answer.startsWith('\x15\x03') && answer.slice(3, 6) === '\x00\x02\x02';

  it.each(wrongBytes)('is refused with an alert at most: %s', async (_what, bytes) => {
    const { listener, peers, refused } = await pair.serve(holderOf(mesh, 'cart'), 500);
    const answer = await said(listener.port, bytes);
    expect(answer === '' || isAlert(answer)).toBe(true);
    expect(refused.length).toBe(1);
    expect(peers.length).toBe(0);
  });
});

describe.skipIf(!hasOpenssl)('a certificate message of 200 KB', () => {
  it('is refused before it is read to its end', async () => {
    const own = mesh.identity('web');
    const { listener, peers, refused } = await pair.serve(holderOf(mesh, 'cart'));
    const { socket, text } = dialled(listener.port, { key: own.key, cert: own.cert + mesh.bundlePem.repeat(400) });
    await closed(socket);
    expect([peers.length, text()]).toEqual([0, '']);
    expect(refused.join()).toMatch(/EXCESSIVE_MESSAGE_SIZE/);
  });
});

describe('a thousand handshakes that nobody goes on with', () => {
  it('keep nobody else from being served, and are all closed in time', async () => {
    const { listener, refused } = await pair.serve(holderOf(mesh, 'cart'), 1500);
    const halves = Array.from({ length: 1000 }, (_, index) => {
      const socket = connect(listener.port, '127.0.0.1');
      socket.on('error', () => {});
      socket.write(index % 2 === 0 ? '\x16\x03\x01\x02\x00\x01' : '', 'latin1');
      return closed(socket.resume());
    });
    const outcome = await pair.call(listener.port, holderOf(mesh, 'web'), [mesh.id('cart')]);
    expect(outcome).toHaveProperty('text', expect.stringContaining('200'));
    await Promise.all(halves);
    await expect.poll(() => refused.length).toBe(1000);
  });
});
