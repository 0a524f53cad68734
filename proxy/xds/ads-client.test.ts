import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { FakeClock } from '../testing/fake-clock.ts';
import { issuedIdentity } from '../testing/issued-identity.ts';
import { MessageQueue } from '../testing/message-queue.ts';
import type { DeltaStream } from '../testing/scripted-control-plane.ts';
import { ScriptedControlPlane } from '../testing/scripted-control-plane.ts';
import type { RawResource } from './ads-client.ts';
import { AdsClient, initialFetchTimeoutMs } from './ads-client.ts';
import { ControlPlaneChannel } from './control-plane-channel.ts';
import type { ResourceName } from './delta-state.ts';

const cds = 'type.googleapis.com/envoy.config.cluster.v3.Cluster';
const rds = 'type.googleapis.com/envoy.config.route.v3.RouteConfiguration';

let plane: ScriptedControlPlane;
let channel: ControlPlaneChannel;
let client: AdsClient<RawResource>;
let clock: FakeClock;
let responses: MessageQueue<{ changed: string[]; removed: string[]; refused: string[] }>;
let unanswered: ResourceName[];
let parsing: (name: string) => void;

beforeEach(async () => {
  plane = await ScriptedControlPlane.start();
  clock = new FakeClock();
  responses = new MessageQueue();
  unanswered = [];
  parsing = () => {};
  client = new AdsClient<RawResource>({
    node: { id: 'sidecar~127.0.0.1~cart-1.default~svc.cluster.local' },
    parse: (raw) => {
      parsing(raw.name);
      const text = raw.bytes.toString();
      if (text === 'throw') throw new Error('out of order');
      return text.startsWith('bad') ? `is ${text}` : raw;
    },
    onResponse: (changed, removed, refused) =>
      responses.push({
        changed: changed.map(({ name, version }) => `${name}@${version}`),
        removed: removed.map(({ name }) => name),
        refused: refused.map(({ name, reason }) => `${name}: ${reason}`),
      }),
    onUnanswered: (name) => unanswered.push(name),
    log: () => {},
    clock,
    random: () => 0.5,
  });
  channel = new ControlPlaneChannel({
    log: () => {},
    onSession: (session) => client.attach(session),
    clock,
    random: () => 0.5,
  });
});
afterEach(async () => {
  client.close();
  channel.close();
  await plane.stop();
});

function connect(): Promise<DeltaStream> {
  channel.use(issuedIdentity(plane));
  return plane.deltaStreams.next();
}

function resource(name: string, content = 'good', version = '1') {
  return { name, version, resource: { type_url: cds, value: Buffer.from(content) } };
}

describe('AdsClient', () => {
  it('says who it is once per stream, and asks for what was wanted before it was connected in one request per type', async () => {
    client.subscribe({ typeUrl: cds, name: 'a' });
    client.subscribe({ typeUrl: cds, name: 'b' });
    client.subscribe({ typeUrl: rds, name: 'r' });
    const stream = await connect();
    expect(await stream.requests.next()).toMatchObject({
      node: { id: 'sidecar~127.0.0.1~cart-1.default~svc.cluster.local' },
      type_url: cds,
      resource_names_subscribe: ['a', 'b'],
      response_nonce: '',
      error_detail: null,
    });
    expect(await stream.requests.next()).toMatchObject({ node: null, type_url: rds, resource_names_subscribe: ['r'] });
  });

  it('acknowledges what it can use', async () => {
    client.subscribe({ typeUrl: cds, name: 'a' });
    const stream = await connect();
    await stream.requests.next();
    stream.send({ type_url: cds, nonce: 'n1', resources: [resource('a')] });
    expect(await responses.next()).toEqual({ changed: ['a@1'], removed: [], refused: [] });
    expect(await stream.requests.next()).toMatchObject({ type_url: cds, response_nonce: 'n1', error_detail: null });
    expect(client.counts.get(cds)).toMatchObject({ accepted: 1, rejected: 0 });
  });

  it('uses two of three and names the third in its NACK', async () => {
    for (const name of ['a', 'b', 'c']) client.subscribe({ typeUrl: cds, name });
    const stream = await connect();
    await stream.requests.next();
    stream.send({ type_url: cds, nonce: 'n1', resources: [resource('a'), resource('b', 'bad luck'), resource('c')] });
    expect(await responses.next()).toEqual({ changed: ['a@1', 'c@1'], removed: [], refused: ['b: is bad luck'] });
    expect(await stream.requests.next()).toMatchObject({
      response_nonce: 'n1',
      error_detail: { code: 3, message: 'rejected 1 of 3: b: is bad luck' },
    });
  });

  it.each([
    ['without content', { name: 'a', version: '1' }, 'it has no content'],
    [
      'of another type',
      { name: 'a', version: '1', resource: { type_url: rds, value: Buffer.alloc(0) } },
      `it is a ${rds}`,
    ],
    ['that its compiler chokes on', resource('a', 'throw'), 'it cannot be compiled: out of order'],
  ])('rejects a resource %s and keeps the stream', async (_, bad, reason) => {
    client.subscribe({ typeUrl: cds, name: 'a' });
    const stream = await connect();
    await stream.requests.next();
    stream.send({ type_url: cds, nonce: 'n1', resources: [bad] });
    expect((await stream.requests.next()).error_detail?.message).toContain(reason);
    stream.send({ type_url: cds, nonce: 'n2', resources: [resource('a')] });
    expect(await stream.requests.next()).toMatchObject({ response_nonce: 'n2', error_detail: null });
  });

  it('keeps nothing of types that do not exist, and goes on', async () => {
    client.subscribe({ typeUrl: cds, name: 'a' });
    const stream = await connect();
    await stream.requests.next();
    for (const type_url of ['', '__proto__', 'type.googleapis.com/a.B']) {
      stream.send({ type_url, nonce: 'n0', removed_resources: ['a'] });
    }
    stream.send({ type_url: cds, nonce: 'n1', resources: [resource('a')] });
    expect(await responses.next()).toEqual({ changed: ['a@1'], removed: [], refused: [] });
    expect(await stream.requests.next()).toMatchObject({ response_nonce: 'n1', error_detail: null });
    expect([...client.counts.keys()]).toEqual([cds]);
  });

  it('hands on what does not exist', async () => {
    client.subscribe({ typeUrl: cds, name: 'a' });
    const stream = await connect();
    await stream.requests.next();
    stream.send({ type_url: cds, nonce: 'n1', removed_resources: ['a', 'never asked for'] });
    expect(await responses.next()).toEqual({ changed: [], removed: ['a'], refused: [] });
  });

  it('tells a new stream which versions it holds, the last good one where the newest was bad', async () => {
    client.subscribe({ typeUrl: cds, name: 'a' });
    client.subscribe({ typeUrl: cds, name: 'b' });
    const first = await connect();
    await first.requests.next();
    first.send({ type_url: cds, nonce: 'n1', resources: [resource('a', 'good', '1'), resource('b', 'good', '1')] });
    await responses.next();
    first.send({ type_url: cds, nonce: 'n2', resources: [resource('a', 'good', '2'), resource('b', 'bad', '2')] });
    await responses.next();
    plane.disconnect();
    await first.ended;
    await untilPending();
    clock.advance(250);
    const second = await plane.deltaStreams.next();
    expect(await second.requests.next()).toMatchObject({
      node: { id: expect.any(String) },
      resource_names_subscribe: ['a', 'b'],
      initial_resource_versions: { a: '2', b: '1' },
      response_nonce: '',
    });
  });

  it('opens the stream again when it alone ends', async () => {
    client.subscribe({ typeUrl: cds, name: 'a' });
    const first = await connect();
    await first.requests.next();
    first.fail(8, 'too many streams');
    await untilPending();
    clock.advance(250);
    const second = await plane.deltaStreams.next();
    expect(await second.requests.next()).toMatchObject({ resource_names_subscribe: ['a'] });
    expect(channel.isConnected).toBe(true);
  });

  it('tells of names that have no answer after fifteen seconds', async () => {
    client.subscribe({ typeUrl: cds, name: 'a' });
    client.subscribe({ typeUrl: cds, name: 'b' });
    const stream = await connect();
    await stream.requests.next();
    stream.send({ type_url: cds, nonce: 'n1', resources: [resource('a')] });
    await responses.next();
    clock.advance(initialFetchTimeoutMs - 1);
    expect(unanswered).toEqual([]);
    clock.advance(1);
    expect(unanswered).toEqual([{ typeUrl: cds, name: 'b' }]);
  });

  describe('with a response that takes long', () => {
    const names = ['a', 'b', 'c', 'd', 'e', 'f', 'g'];
    let turns: string[];

    /** Each resource takes 4 ms, so that three are a slice; others want the loop from the first one on. */
    beforeEach(() => {
      turns = [];
      const others = () => {
        turns.push('others');
        if (turns.length < 10) setImmediate(others);
      };
      parsing = (name) => {
        if (turns.length === 0) setImmediate(others);
        turns.push(name);
        clock.advance(4);
      };
      for (const name of names) client.subscribe({ typeUrl: cds, name });
    });

    it('lets others have their turn, and answers it once, when all of it is read', async () => {
      const stream = await connect();
      await stream.requests.next();
      const bad = (name: string) => (name === 'b' ? 'bad luck' : 'good');
      stream.send({ type_url: cds, nonce: 'n1', resources: names.map((name) => resource(name, bad(name))) });
      expect(await responses.next()).toEqual({
        changed: ['a@1', 'c@1', 'd@1', 'e@1', 'f@1', 'g@1'],
        removed: [],
        refused: ['b: is bad luck'],
      });
      expect(turns.slice(0, 9)).toEqual(['a', 'b', 'c', 'others', 'd', 'e', 'f', 'others', 'g']);
      expect(await stream.requests.next()).toMatchObject({
        response_nonce: 'n1',
        error_detail: { message: 'rejected 1 of 7: b: is bad luck' },
      });
    });

    it('reads the next one when it is done with the first', async () => {
      const stream = await connect();
      await stream.requests.next();
      stream.send({ type_url: cds, nonce: 'n1', resources: names.map((name) => resource(name)) });
      stream.send({ type_url: cds, nonce: 'n2', resources: [resource('a', 'good', '2')] });
      expect((await responses.next()).changed).toHaveLength(7);
      expect(await responses.next()).toMatchObject({ changed: ['a@2'] });
      expect(turns.filter((turn) => turn !== 'others')).toEqual([...names, 'a']);
      expect(await stream.requests.next()).toMatchObject({ response_nonce: 'n1' });
      expect(await stream.requests.next()).toMatchObject({ response_nonce: 'n2' });
    });

    it('heeds what is not wanted any more on the way', async () => {
      const stream = await connect();
      await stream.requests.next();
      const plain = parsing;
      parsing = (name) => {
        plain(name);
        if (name === 'c') setImmediate(() => client.unsubscribe({ typeUrl: cds, name: 'a' }));
      };
      stream.send({ type_url: cds, nonce: 'n1', resources: names.map((name) => resource(name)) });
      expect((await responses.next()).changed).toEqual(['b@1', 'c@1', 'd@1', 'e@1', 'f@1', 'g@1']);
    });

    it('forgets it when its stream ends on the way', async () => {
      const first = await connect();
      await first.requests.next();
      const stopped = new Promise<void>((resolve) => {
        const plain = parsing;
        parsing = (name) => {
          plain(name);
          if (name !== 'c') return;
          setImmediate(() => {
            channel.close();
            resolve();
          });
        };
      });
      first.send({ type_url: cds, nonce: 'n1', resources: names.map((name) => resource(name)) });
      await stopped;
      for (let turn = 0; turn < 5; turn++) await new Promise((resolve) => setImmediate(resolve));
      expect(turns.filter((turn) => turn !== 'others')).toEqual(['a', 'b', 'c']);
      expect(client.counts.get(cds)).toBeUndefined();
    });
  });

  /** The reconnect timer is set a little after the server sees the connection end. */
  async function untilPending(): Promise<void> {
    while (!clock.pendingMs.includes(250)) await new Promise((resolve) => setImmediate(resolve));
  }
});
