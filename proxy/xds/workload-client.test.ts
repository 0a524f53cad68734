import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { FakeClock } from '../testing/fake-clock.ts';
import { issuedIdentity } from '../testing/issued-identity.ts';
import type { AttachStream } from '../testing/scripted-control-plane.ts';
import { ScriptedControlPlane } from '../testing/scripted-control-plane.ts';
import { ControlPlaneChannel } from './control-plane-channel.ts';
import { WorkloadClient } from './workload-client.ts';

const typeUrl = 'type.googleapis.com/envoy.config.cluster.v3.Cluster';

let plane: ScriptedControlPlane;
let channel: ControlPlaneChannel;
let client: WorkloadClient;
let clock: FakeClock;
let attached: Promise<void>;

beforeEach(async () => {
  plane = await ScriptedControlPlane.start();
  clock = new FakeClock();
  client = new WorkloadClient({
    registration: () => ({ name: 'cart-1', namespace: 'default', service: 'cart', instance_id: 'i', generation: 7 }),
    log: () => {},
    clock,
    random: () => 0.5,
  });
  channel = new ControlPlaneChannel({
    log: () => {},
    onSession: (session) => {
      attached = client.attach(session, 5_000);
    },
    clock,
    random: () => 0.5,
  });
});
afterEach(async () => {
  client.close();
  channel.close();
  await plane.stop();
});

function connect(): Promise<AttachStream> {
  channel.use(issuedIdentity(plane));
  return plane.attachStreams.next();
}

async function registered(): Promise<AttachStream> {
  const stream = await connect();
  await stream.requests.next();
  stream.send({ registered: { lease_ttl: { seconds: 10 }, renew_interval: { seconds: 3 } } });
  await attached;
  return stream;
}

async function untilPending(ms: number): Promise<void> {
  while (!clock.pendingMs.includes(ms)) await new Promise((resolve) => setImmediate(resolve));
}

describe('WorkloadClient', () => {
  it('registers first of all, and is registered when the control plane says so', async () => {
    const stream = await connect();
    expect(await stream.requests.next()).toMatchObject({
      request: 'register',
      register: { name: 'cart-1', instance_id: 'i', generation: '7' },
    });
    expect(client.state.kind).toBe('waiting');
    stream.send({ registered: {} });
    await attached;
    expect(client.state.kind).toBe('registered');
  });

  it('waits for a slow control plane no longer than its bound', async () => {
    await connect();
    clock.advance(5_000);
    await attached;
    expect(client.state.kind).toBe('waiting');
  });

  it('renews as often as it was told', async () => {
    const stream = await registered();
    for (let i = 0; i < 3; i++) {
      clock.advance(3_000);
      expect((await stream.requests.next()).request).toBe('renew');
    }
  });

  it('keeps an interval within bounds that nobody could mean', async () => {
    const stream = await connect();
    await stream.requests.next();
    stream.send({ registered: { renew_interval: { seconds: 0, nanos: 1 } } });
    await attached;
    expect(clock.pendingMs).toEqual([500]);
  });

  it('registers again as the same instance when the lease has lapsed', async () => {
    const stream = await registered();
    stream.send({ lapsed: {} });
    expect(await stream.requests.next()).toMatchObject({ register: { instance_id: 'i', generation: '7' } });
  });

  it('registers again when what runs here has changed, also while it waits for an answer', async () => {
    const stream = await connect();
    await stream.requests.next();
    client.reregister();
    stream.send({ registered: {} });
    expect(await stream.requests.next()).toMatchObject({ request: 'register' });
    stream.send({ registered: {} });
    await attached;
    client.reregister();
    expect(await stream.requests.next()).toMatchObject({ request: 'register' });
  });

  it('tells what came in force in one turn of the event loop in one message', async () => {
    const stream = await registered();
    client.reportInForce({ typeUrl, name: 'a', version: '1' });
    client.reportInForce({ typeUrl, name: 'a', version: '2' });
    client.reportInForce({ typeUrl, name: 'b', version: '1' });
    client.reportRemoved({ typeUrl, name: 'c' });
    expect((await stream.requests.next()).in_force?.resources).toEqual([
      { type_url: typeUrl, name: 'a', version: '2', removed: false },
      { type_url: typeUrl, name: 'b', version: '1', removed: false },
      { type_url: typeUrl, name: 'c', version: '', removed: true },
    ]);
  });

  it('tells what is rejected beside what stays in force', async () => {
    const stream = await registered();
    client.reportInForce({ typeUrl, name: 'a', version: '1' });
    client.reportRejected({ typeUrl, name: 'a', version: '2', reason: 'is bad' });
    expect(await stream.requests.next()).toMatchObject({ rejected: { name: 'a', version: '2', reason: 'is bad' } });
    expect((await stream.requests.next()).in_force?.resources).toMatchObject([{ name: 'a', version: '1' }]);
  });

  it('tells a control plane that it meets anew everything that is in force, and no rejection that was overcome', async () => {
    const first = await registered();
    client.reportInForce({ typeUrl, name: 'a', version: '1' });
    client.reportRejected({ typeUrl, name: 'b', version: '1', reason: 'is bad' });
    client.reportInForce({ typeUrl, name: 'b', version: '2' });
    await first.requests.next();
    plane.disconnect();
    await first.ended;
    await untilPending(250);
    clock.advance(250);
    const second = await plane.attachStreams.next();
    expect((await second.requests.next()).request).toBe('register');
    second.send({ registered: {} });
    expect((await second.requests.next()).in_force?.resources).toMatchObject([
      { name: 'a', version: '1' },
      { name: 'b', version: '2' },
    ]);
  });

  it('keeps the reason with which it is refused, and tries again', async () => {
    const stream = await connect();
    await stream.requests.next();
    stream.fail(7, 'the token is for service web');
    await attached;
    expect(client.state).toEqual({ kind: 'refused', reason: 'the token is for service web' });
    await untilPending(250);
    clock.advance(250);
    const second = await plane.attachStreams.next();
    expect((await second.requests.next()).request).toBe('register');
  });

  it('withdraws and knows that it was acknowledged', async () => {
    const stream = await registered();
    const withdrawn = client.withdraw(2_000);
    expect((await stream.requests.next()).request).toBe('withdraw');
    stream.send({ withdrawn: {} });
    expect(await withdrawn).toBe(true);
    expect(client.state.kind).toBe('withdrawn');
    expect(clock.pendingMs).toEqual([]);
  });

  it('stops waiting for an acknowledgement at its bound', async () => {
    const stream = await registered();
    const withdrawn = client.withdraw(2_000);
    await stream.requests.next();
    clock.advance(2_000);
    expect(await withdrawn).toBe(false);
  });

  it('does not wait at all without a control plane, and never registers again', async () => {
    expect(await client.withdraw(2_000)).toBe(false);
    const stream = await connect();
    client.reportInForce({ typeUrl, name: 'a', version: '1' });
    await new Promise((resolve) => setImmediate(resolve));
    expect(stream.requests.size).toBe(0);
  });
});
