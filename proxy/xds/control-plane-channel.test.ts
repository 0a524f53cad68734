import { afterEach, describe, expect, it } from 'vitest';
import { FakeClock } from '../testing/fake-clock.ts';
import { issuedIdentity } from '../testing/issued-identity.ts';
import { MessageQueue } from '../testing/message-queue.ts';
import type { ScriptedControlPlaneOptions } from '../testing/scripted-control-plane.ts';
import { ScriptedControlPlane } from '../testing/scripted-control-plane.ts';
import type { ControlPlaneSession } from './control-plane-channel.ts';
import { ControlPlaneChannel } from './control-plane-channel.ts';

const planes: ScriptedControlPlane[] = [];
const channels: ControlPlaneChannel[] = [];

afterEach(async () => {
  for (const channel of channels.splice(0)) channel.close();
  for (const plane of planes.splice(0)) await plane.stop();
});

async function startPlane(options: ScriptedControlPlaneOptions = {}): Promise<ScriptedControlPlane> {
  const plane = await ScriptedControlPlane.start(options);
  planes.push(plane);
  return plane;
}

function channel(random = () => 0.5) {
  const clock = new FakeClock();
  const sessions = new MessageQueue<ControlPlaneSession>();
  const log = new MessageQueue<{ level: string; message: string; reason: unknown }>();
  const made = new ControlPlaneChannel({
    log: (level, message, fields) => log.push({ level, message, reason: fields?.reason }),
    onSession: (session) => sessions.push(session),
    clock,
    random,
  });
  channels.push(made);
  return { channel: made, clock, sessions, log };
}

const ended = (session: ControlPlaneSession) => new Promise<void>((resolve) => session.onEnd(resolve));

describe('ControlPlaneChannel', () => {
  it('hands out a session over which calls reach the control plane as this sidecar', async () => {
    const plane = await startPlane();
    const { channel: connecting, sessions } = channel();
    connecting.use(issuedIdentity(plane));
    const session = await sessions.next();
    const client = session.clientOf('envoy.service.discovery.v3.AggregatedDiscoveryService');
    const stream = client.DeltaAggregatedResources();
    stream.on('error', () => {});
    stream.write({ type_url: 'a' });
    const seen = await plane.deltaStreams.next();
    expect((await seen.requests.next()).type_url).toBe('a');
    expect(connecting.isConnected).toBe(true);
  });

  it('tells of a lost connection and comes back after a back-off', async () => {
    const plane = await startPlane();
    const { channel: connecting, clock, sessions } = channel();
    connecting.use(issuedIdentity(plane));
    const first = await sessions.next();
    const lost = ended(first);
    plane.disconnect();
    await lost;
    expect(connecting.isConnected).toBe(false);
    expect(clock.pendingMs).toEqual([250]);
    clock.advance(250);
    expect((await sessions.next()).isOpen).toBe(true);
  });

  it('waits ever longer, up to thirty seconds, for a control plane that is not there, and says why', async () => {
    const plane = await startPlane();
    const identity = issuedIdentity(plane);
    await plane.stop();
    const { channel: connecting, clock, log } = channel(() => 0.999);
    connecting.use(identity);
    const delays: number[] = [];
    for (let i = 0; i < 8; i++) {
      expect(await log.next()).toMatchObject({ reason: expect.stringContaining('ECONNREFUSED') });
      const [delayMs = 0] = clock.pendingMs;
      delays.push(Math.round(delayMs / 100) * 100);
      clock.advance(delayMs);
    }
    expect(delays).toEqual([500, 1_500, 3_500, 7_500, 8_000, 8_000, 8_000, 8_000]);
  });

  it('warns of a control plane that stays away once a minute, and of another reason at once', async () => {
    const plane = await startPlane();
    const identity = issuedIdentity(plane);
    await plane.stop();
    const { channel: connecting, clock, log } = channel(() => 0.999);
    connecting.use(identity);
    const levels: string[] = [];
    for (let i = 0; i < 14; i++) {
      levels.push((await log.next()).level);
      clock.advance(clock.pendingMs[0] ?? 0);
    }
    // 0.5, 1.5, 3.5 and 7.5 s, and then 8 s at a time: a minute is over with the tenth wait
    expect(levels.map((level, index) => (level === 'warn' ? index : -1)).filter((index) => index >= 0)).toEqual([
      0, 10,
    ]);
    await log.next();
    const stranger = await startPlane();
    connecting.use({ ...identity, controlPlaneAddress: stranger.address });
    expect(await log.next()).toMatchObject({ level: 'warn', reason: expect.not.stringContaining('ECONNREFUSED') });
  });

  it.each([
    ['another root', {}, 'self-signed certificate in certificate chain'],
    ['the wrong id', { serverId: 'spiffe://cluster.local/ns/default/sa/web' }, 'the server is not the control plane'],
  ])('gives no session to a server with %s', async (_, options, reason) => {
    const plane = await startPlane();
    const stranger = await startPlane({ ...options, ...('serverId' in options ? { root: plane.root } : {}) });
    const { channel: connecting, log, sessions } = channel();
    connecting.use({ ...issuedIdentity(plane), controlPlaneAddress: stranger.address });
    expect(await log.next()).toMatchObject({ reason: expect.stringContaining(reason) });
    expect(sessions.size).toBe(0);
  });

  it('has a new session for a new certificate before it lets go of the old one', async () => {
    const plane = await startPlane();
    const { channel: connecting, sessions } = channel();
    connecting.use(issuedIdentity(plane));
    const first = await sessions.next();
    let isFirstOpen = true;
    first.onEnd(() => {
      isFirstOpen = false;
    });
    const renewed = issuedIdentity(plane);
    connecting.use(renewed);
    const second = await sessions.next();
    expect(second.isOpen).toBe(true);
    expect(isFirstOpen).toBe(false);
    expect(connecting.isConnected).toBe(true);
  });

  it('keeps the session it has when the new certificate gets no connection', async () => {
    const plane = await startPlane();
    const { channel: connecting, log, sessions } = channel();
    connecting.use(issuedIdentity(plane));
    const first = await sessions.next();
    await log.next();
    const stranger = await startPlane();
    connecting.use({ ...issuedIdentity(plane), controlPlaneAddress: stranger.address });
    expect(await log.next()).toMatchObject({ message: 'no connection to the control plane' });
    expect(first.isOpen).toBe(true);
    expect(connecting.isConnected).toBe(true);
  });

  it('ends its session when it is closed', async () => {
    const plane = await startPlane();
    const { channel: connecting, clock, sessions } = channel();
    connecting.use(issuedIdentity(plane));
    const session = await sessions.next();
    connecting.close();
    expect(session.isOpen).toBe(false);
    expect(clock.pendingMs).toEqual([]);
    await ended(session);
  });
});
