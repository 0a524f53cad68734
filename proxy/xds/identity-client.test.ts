import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createRoot } from '../../certs/authority.ts';
import { rootFingerprint } from '../../certs/trust-bundle.ts';
import { FakeClock } from '../testing/fake-clock.ts';
import { MessageQueue } from '../testing/message-queue.ts';
import type { ScriptedControlPlaneOptions } from '../testing/scripted-control-plane.ts';
import { ScriptedControlPlane } from '../testing/scripted-control-plane.ts';
import type { Identity } from './identity.ts';
import type { IdentityClientOptions } from './identity-client.ts';
import { IdentityClient } from './identity-client.ts';
import { readJoinToken } from './join-token.ts';
import { StateDirectory } from './state-directory.ts';

/** The real time: the TLS library judges certificates by its own clock. */
const startMs = Math.floor(Date.now() / 1_000) * 1_000;
const dayMs = 24 * 60 * 60 * 1_000;

let path: string;
let directory: StateDirectory;
let plane: ScriptedControlPlane | null = null;
const clients: IdentityClient[] = [];

beforeEach(async () => {
  path = await mkdtemp(join(tmpdir(), 'heddle-identity-'));
  directory = await StateDirectory.open(path);
});
afterEach(async () => {
  for (const client of clients.splice(0)) await client.close();
  await plane?.stop();
  plane = null;
  await rm(path, { recursive: true, force: true });
});

async function startPlane(options: ScriptedControlPlaneOptions = {}): Promise<ScriptedControlPlane> {
  plane = await ScriptedControlPlane.start({ nowMs: startMs, ...options });
  return plane;
}

function client(tokenText: string | null, options: Partial<IdentityClientOptions> = {}) {
  const clock = new FakeClock(startMs);
  const published: Identity[] = [];
  const log = new MessageQueue<{ level: string; message: string; reason: unknown }>();
  const made = new IdentityClient({
    directory,
    token: tokenText === null ? null : readJoinToken(tokenText),
    namespace: 'default',
    service: 'cart',
    log: (level, message, fields) => log.push({ level, message, reason: fields?.reason }),
    publish: (identity) => published.push(identity),
    clock,
    random: () => 0.5,
    ...options,
  });
  clients.push(made);
  return { client: made, clock, published, log };
}

describe('IdentityClient, joining', () => {
  it('has a certificate for its own key after showing its token to the pinned control plane', async () => {
    const { token, joins } = await startPlane();
    const { client: joining, published } = client(token.call(plane));
    await joining.start();
    expect(joining.status).toMatchObject({
      kind: 'valid',
      identity: { id: 'spiffe://cluster.local/ns/default/sa/cart', namespace: 'default', service: 'cart' },
    });
    expect(published).toHaveLength(1);
    expect(joins).toMatchObject([{ namespace: 'default', service: 'cart' }]);
  });

  it('sends the token to nobody whose chain ends in another root than the pinned one', async () => {
    const server = await startPlane();
    const other = createRoot({ trustDomain: 'cluster.local', nowMs: startMs });
    const pin = rootFingerprint(other.certificate.der);
    const { client: joining } = client(server.token({ root: pin }));
    await joining.start();
    expect(joining.status).toMatchObject({ kind: 'none', isRefused: true });
    expect(joining.status).toMatchObject({ reason: expect.stringContaining(`pinned is ${pin}`) });
    expect(server.joins).toEqual([]);
  });

  it.each<[string, ScriptedControlPlaneOptions, Record<string, unknown>, string]>([
    [
      'a server that is not the control plane',
      { serverId: 'spiffe://cluster.local/ns/default/sa/cart' },
      {},
      'the peer is spiffe://cluster.local/ns/default/sa/cart, expected spiffe://cluster.local/ns/heddle-system/',
    ],
    [
      'a control plane of another trust domain',
      { trustDomain: 'other.example' },
      { iss: 'cluster.local' },
      'trust domain',
    ],
    ['a control plane whose certificate has expired', { serverTtlMs: 1_000, nowMs: startMs - dayMs }, {}, 'expired'],
  ])('sends the token to nobody when it meets %s', async (_, options, claims, reason) => {
    const server = await startPlane(options);
    const { client: joining } = client(server.token({ exp: startMs / 1_000 + 60, ...claims }));
    await joining.start();
    expect(joining.status).toMatchObject({ kind: 'none', isRefused: true, reason: expect.stringContaining(reason) });
    expect(server.joins).toEqual([]);
  });

  it('does not show a token that has expired', async () => {
    const server = await startPlane();
    const { client: joining } = client(server.token({ exp: startMs / 1_000 - 1 }));
    await joining.start();
    expect(joining.status).toMatchObject({ reason: expect.stringContaining('the join token expired at 20') });
    expect(server.joins).toEqual([]);
  });

  it('repeats the reason with which the control plane refuses, and tries again after a back-off', async () => {
    const server = await startPlane();
    server.refuse = { code: 16, details: 'the token was revoked' };
    const { client: joining, clock, log } = client(server.token());
    await joining.start();
    expect(joining.status).toEqual({
      kind: 'none',
      isRefused: true,
      reason: 'the control plane answered: the token was revoked',
    });
    expect(await log.next()).toMatchObject({
      level: 'error',
      reason: 'the control plane answered: the token was revoked',
    });
    expect(clock.pendingMs).toEqual([250]);
    server.refuse = null;
    clock.advance(250);
    expect(await log.next()).toMatchObject({ level: 'info', message: 'joined the mesh' });
    expect(joining.status.kind).toBe('valid');
  });

  it('waits for a control plane that is not there, ever longer up to its bound', async () => {
    const server = await startPlane();
    const token = server.token();
    await server.stop();
    const { client: joining, clock, log } = client(token);
    await joining.start();
    expect(joining.status).toMatchObject({ isRefused: false, reason: expect.stringContaining('ECONNREFUSED') });
    const delays: (number | undefined)[] = [];
    for (let i = 0; i < 9; i++) {
      await log.next();
      const [delayMs] = clock.pendingMs;
      delays.push(delayMs);
      clock.advance(delayMs ?? 0);
    }
    expect(delays).toEqual([250, 750, 1_750, 3_750, 7_750, 15_000, 15_000, 15_000, 15_000]);
  });

  it('does not take a certificate for another service than it was started for', async () => {
    const server = await startPlane({ grant: { namespace: 'default', service: 'web' } });
    const { client: joining, published } = client(server.token());
    await joining.start();
    expect(joining.status).toMatchObject({ reason: expect.stringContaining('it is for default/web') });
    expect(published).toEqual([]);
  });
});

describe('IdentityClient, from its state directory', () => {
  async function joined(options: ScriptedControlPlaneOptions = {}): Promise<ScriptedControlPlane> {
    const server = await startPlane(options);
    await client(server.token()).client.start();
    return server;
  }

  it('starts without token and without control plane', async () => {
    await (await joined()).stop();
    const { client: restarted, published } = client(null);
    await restarted.start();
    expect(restarted.status.kind).toBe('valid');
    expect(published).toHaveLength(1);
  });

  it('says that the certificate has expired, stays without one, and keeps trying', async () => {
    await joined();
    const { client: restarted, clock, published, log } = client(null);
    clock.advance(2 * dayMs);
    await restarted.start();
    expect(restarted.status).toMatchObject({
      kind: 'none',
      reason: expect.stringMatching(/^the certificate expired at 20.*Z; no connection: the server/),
    });
    expect(published).toEqual([]);
    expect(await log.next()).toMatchObject({ level: 'error', message: 'no certificate' });
    expect(clock.pendingMs).toEqual([250]);
  });

  it('joins anew with its token when the certificate has expired', async () => {
    const before = await startPlane({ nowMs: startMs - 2 * dayMs, serverTtlMs: 30 * dayMs });
    await client(before.token(), { clock: new FakeClock(startMs - 2 * dayMs) }).client.start();
    before.nowMs = startMs;
    const { client: restarted, published } = client(before.token());
    await restarted.start();
    expect(restarted.status.kind).toBe('valid');
    expect(published.map(({ expiresAtMs }) => expiresAtMs)).toEqual([startMs + dayMs]);
    expect(before.joins).toHaveLength(2);
  });

  it.each([
    ['cut short', async () => (await directory.read('identity.json', 1e6))?.subarray(0, 100)],
    ['empty', async () => Buffer.alloc(0)],
    ['another file', async () => Buffer.from('{"format":7}')],
    [
      'a key that does not fit',
      async () => {
        const stored = JSON.parse(String(await directory.read('identity.json', 1e6)));
        const { generateKeyPair, privateKeyToPem } = await import('../../certs/key-pair.ts');
        return Buffer.from(JSON.stringify({ ...stored, privateKeyPem: privateKeyToPem(generateKeyPair().privateKey) }));
      },
    ],
  ])('joins anew when what is stored is %s', async (_, damage) => {
    const server = await joined();
    await writeFile(join(path, 'identity.json'), (await damage()) ?? '');
    const { client: restarted, log } = client(server.token());
    await restarted.start();
    expect(await log.next()).toMatchObject({ level: 'warn', message: 'the stored certificate cannot be used' });
    expect(restarted.status.kind).toBe('valid');
    expect(server.joins).toHaveLength(2);
  });

  it('joins anew when the control plane of its token has another root than what is stored', async () => {
    await (await joined()).stop();
    const rebuilt = await startPlane();
    const { client: restarted, published } = client(rebuilt.token());
    await restarted.start();
    expect(rebuilt.joins).toHaveLength(1);
    expect(published).toMatchObject([{ controlPlaneAddress: rebuilt.address }]);
  });

  it('follows its token to where the control plane has moved', async () => {
    const before = await joined();
    await before.stop();
    const moved = await startPlane({ root: before.root });
    const { client: restarted, published } = client(moved.token());
    await restarted.start();
    expect(moved.joins).toEqual([]);
    expect(published).toMatchObject([{ controlPlaneAddress: moved.address }]);
  });

  it('does not use what is stored for another service', async () => {
    await joined();
    const { client: other, published } = client(null, { service: 'web' });
    await other.start();
    expect(published).toEqual([]);
    expect(other.status).toMatchObject({
      kind: 'none',
      reason: 'there is neither a stored certificate nor a join token',
    });
  });
});

describe('IdentityClient, renewing', () => {
  it('renews at half life with a new key, and publishes the new certificate', async () => {
    const server = await startPlane();
    const { client: renewing, clock, published, log } = client(server.token());
    await renewing.start();
    await log.next();
    const [firstMs] = clock.pendingMs;
    // Backdated by five minutes, so half of the life is a little earlier than twelve hours from now.
    expect(firstMs).toBe((dayMs + 5 * 60_000) / 2 - 5 * 60_000);
    server.nowMs = startMs + (firstMs ?? 0);
    clock.advance(firstMs ?? 0);
    expect(await log.next()).toMatchObject({ message: 'renewed the certificate' });
    expect(server.renewals).toBe(1);
    expect(published).toHaveLength(2);
    expect(published[1]?.privateKeyPem).not.toBe(published[0]?.privateKeyPem);
    expect(published[1]?.expiresAtMs).toBe(startMs + (firstMs ?? 0) + dayMs);
  });

  it.each([
    [0, 0.49],
    [0.999, 0.51],
  ])('moves the moment by at most one percent of the life (random %s)', async (random, share) => {
    const server = await startPlane();
    const { client: renewing, clock } = client(server.token(), { random: () => random });
    await renewing.start();
    const lifeMs = dayMs + 5 * 60_000;
    expect(((clock.pendingMs[0] ?? 0) + 5 * 60_000) / lifeMs).toBeCloseTo(share, 4);
  });

  it('keeps the old certificate while renewing fails, until it expires, and says so then', async () => {
    const server = await startPlane();
    const { client: renewing, clock, published, log } = client(server.token());
    await renewing.start();
    await log.next();
    server.refuse = { code: 14, details: 'the store is away' };
    clock.advance(clock.pendingMs[0] ?? 0);
    expect(await log.next()).toMatchObject({ level: 'warn', message: 'the certificate could not be renewed' });
    expect(renewing.status.kind).toBe('valid');
    clock.advance(dayMs);
    expect(renewing.status).toMatchObject({
      kind: 'none',
      isRefused: false,
      reason: expect.stringMatching(/^the certificate expired at .*; the control plane answered: the store is away$/),
    });
    expect(published).toHaveLength(1);
  });

  it('takes new roots, stores them, and refuses roots that its own leaf does not come from', async () => {
    const server = await startPlane();
    const { client: renewing, published } = client(server.token());
    await renewing.start();
    const { toPem } = await import('../../certs/pem.ts');
    const other = toPem('CERTIFICATE', createRoot({ trustDomain: 'cluster.local', nowMs: startMs }).certificate.der);
    const both = toPem('CERTIFICATE', server.root.certificate.der) + other;
    renewing.updateBundle(both);
    renewing.updateBundle(both);
    expect(published.map(({ trustBundlePem }) => trustBundlePem.match(/BEGIN/g)?.length)).toEqual([1, 2]);
    expect(() => renewing.updateBundle(other)).toThrow('our own leaf has no root in the new trust bundle');
  });
});
