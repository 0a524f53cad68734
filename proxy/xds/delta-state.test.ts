import { describe, expect, it } from 'vitest';
import { DeltaState } from './delta-state.ts';

const cds = 'type.googleapis.com/envoy.config.cluster.v3.Cluster';
const eds = 'type.googleapis.com/envoy.config.endpoint.v3.ClusterLoadAssignment';

function good(name: string, version = '1') {
  return { name, version, reason: null };
}

/** A state that has `names` of CDS subscribed and announced. */
function announced(...names: string[]): DeltaState {
  const state = new DeltaState();
  for (const name of names) state.subscribe(cds, name);
  state.takeRequests(0);
  return state;
}

describe('DeltaState', () => {
  it('collects subscriptions of one turn in one request per type', () => {
    const state = new DeltaState();
    state.subscribe(cds, 'a');
    state.subscribe(eds, 'a');
    state.subscribe(cds, 'b');
    state.subscribe(cds, 'a');
    expect(state.takeRequests(0).map(({ typeUrl, subscribe }) => [typeUrl, subscribe])).toEqual([
      [cds, ['a', 'b']],
      [eds, ['a']],
    ]);
    expect(state.takeRequests(0)).toEqual([]);
  });

  it('says nothing of a subscription that was taken back before it was sent', () => {
    const state = new DeltaState();
    state.subscribe(cds, 'a');
    state.unsubscribe(cds, 'a');
    expect(state.takeRequests(0)).toEqual([]);
  });

  it('asks again for a name that was let go and wanted again, since its resource was forgotten', () => {
    const state = announced('a');
    state.receive(cds, 'n1', [good('a')], []);
    state.takeRequests(0);
    state.unsubscribe(cds, 'a');
    state.subscribe(cds, 'a');
    expect(state.takeRequests(0)).toMatchObject([{ subscribe: ['a'], unsubscribe: [] }]);
  });

  it('acknowledges each response by its nonce and lets subscription changes ride along', () => {
    const state = announced('a');
    state.receive(cds, 'n1', [good('a')], []);
    state.receive(cds, 'n2', [good('a', '2')], []);
    state.subscribe(cds, 'b');
    expect(state.takeRequests(0)).toMatchObject([
      { responseNonce: 'n1', errorDetail: null, subscribe: ['b'] },
      { responseNonce: 'n2', errorDetail: null, subscribe: [] },
    ]);
  });

  it('rejects one of three by name and accepts the other two', () => {
    const state = announced('a', 'b', 'c');
    const outcome = state.receive(
      cds,
      'n1',
      [good('a'), { name: 'b', version: '1', reason: 'lb_policy: 99' }, good('c')],
      [],
    );
    expect([...outcome.accepted]).toEqual(['a', 'c']);
    expect(outcome.rejected.map(({ name }) => name)).toEqual(['b']);
    expect(state.takeRequests(0)).toMatchObject([
      { responseNonce: 'n1', errorDetail: 'rejected 1 of 3: b: lb_policy: 99' },
    ]);
  });

  it('holds the last good version of a rejected resource, so that a new stream is offered the newer one again', () => {
    const state = announced('a');
    state.receive(cds, 'n1', [good('a', '1')], []);
    state.receive(cds, 'n2', [{ name: 'a', version: '2', reason: 'bad' }], []);
    state.startStream();
    expect(state.takeRequests(0)).toMatchObject([
      { subscribe: ['a'], initialVersions: new Map([['a', '1']]), responseNonce: '', errorDetail: null },
    ]);
  });

  it('names held versions in the first request of a type on a stream and in no other', () => {
    const state = announced('a');
    state.receive(cds, 'n1', [good('a')], []);
    state.startStream();
    expect(state.takeRequests(0)[0]?.initialVersions.size).toBe(1);
    state.subscribe(cds, 'b');
    expect(state.takeRequests(0)[0]?.initialVersions.size).toBe(0);
  });

  it('does not name versions of resources that nothing wants any more', () => {
    const state = new DeltaState();
    state.hold(cds, 'a', '1');
    state.hold(cds, 'old', '1');
    state.subscribe(cds, 'a');
    expect([...(state.takeRequests(0)[0]?.initialVersions.keys() ?? [])]).toEqual(['a']);
  });

  it('forgets unsent answers when the stream ends: their nonces mean nothing to the next one', () => {
    const state = announced('a');
    state.receive(cds, 'n1', [good('a')], []);
    state.startStream();
    expect(state.takeRequests(0).map(({ responseNonce }) => responseNonce)).toEqual(['']);
  });

  it('rejects every copy of a name that comes twice', () => {
    const state = announced('a', 'b');
    const outcome = state.receive(cds, 'n1', [good('a', '1'), good('b'), good('a', '2')], []);
    expect([...outcome.accepted]).toEqual(['b']);
    expect(state.takeRequests(0)[0]?.errorDetail).toBe('rejected 1 of 3: a: the response holds it 2 times');
  });

  it('ignores a resource that crossed its unsubscription on the wire, without rejecting it', () => {
    const state = announced('a');
    state.unsubscribe(cds, 'a');
    const outcome = state.receive(cds, 'n1', [good('a')], ['a']);
    expect([...outcome.accepted, ...outcome.removed]).toEqual([]);
    expect(state.takeRequests(0)).toMatchObject([{ unsubscribe: ['a'], responseNonce: 'n1', errorDetail: null }]);
    expect(state.heldVersions(cds).size).toBe(0);
  });

  it('counts a removed name as answered and holds no version of it', () => {
    const state = announced('a');
    expect(state.receive(cds, 'n1', [], ['a', 'unasked']).removed).toEqual(['a']);
    expect(state.takeUnanswered(Number.MAX_SAFE_INTEGER)).toEqual([]);
    expect(state.heldVersions(cds).size).toBe(0);
  });

  it('tells once of each name that had no answer in time', () => {
    const state = new DeltaState();
    state.subscribe(cds, 'a');
    state.takeRequests(1_000);
    state.subscribe(cds, 'b');
    state.takeRequests(2_000);
    expect(state.takeUnanswered(999)).toEqual([]);
    expect(state.takeUnanswered(1_500)).toEqual([{ typeUrl: cds, name: 'a' }]);
    expect(state.takeUnanswered(1_500)).toEqual([]);
  });

  it('does not wait for a name whose version it holds: an unchanged resource is not sent again', () => {
    const state = new DeltaState();
    state.hold(cds, 'a', '1');
    state.subscribe(cds, 'a');
    state.takeRequests(0);
    expect(state.takeUnanswered(Number.MAX_SAFE_INTEGER)).toEqual([]);
  });

  it('bounds the text of a rejection and still names the first resource', () => {
    const state = announced('a');
    const long = 'x'.repeat(20_000);
    state.receive(
      cds,
      'n1',
      [
        { name: 'a', version: '1', reason: long },
        { name: 'b', version: '1', reason: long },
      ],
      [],
    );
    const detail = state.takeRequests(0)[0]?.errorDetail ?? '';
    expect(detail.length).toBeLessThan(8_300);
    expect(detail).toMatch(/^rejected 2 of 2: a: x+ and 1 more$/);
  });

  it('splits a very long list of names over several requests', () => {
    const state = new DeltaState();
    for (let i = 0; i < 20_000; i++) state.subscribe(cds, `c${i}`);
    expect(state.takeRequests(0).map(({ subscribe }) => subscribe.length)).toEqual([8_000, 8_000, 4_000]);
  });
});
