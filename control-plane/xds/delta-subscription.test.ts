import { describe, expect, it } from 'vitest';
import type { Output } from '../../proto/load.ts';
import { CLUSTER_TYPE_URL } from '../../proto/type-urls.ts';
import { DeltaSubscription } from './delta-subscription.ts';
import type { GatedResource, SnapshotResource } from './resource-gate.ts';
import type { TypeView } from './subscription.ts';
import { TooManyNamesError } from './subscription.ts';

type Request = Output<'envoy.service.discovery.v3.DeltaDiscoveryRequest'>;

function request(differing: {
  subscribe?: string[];
  unsubscribe?: string[];
  initial?: Record<string, string>;
  nonce?: string;
  error?: string;
}): Request {
  const { subscribe = [], unsubscribe = [], initial = {}, nonce = '', error } = differing;
  return {
    node: null,
    type_url: CLUSTER_TYPE_URL,
    resource_names_subscribe: subscribe,
    resource_names_unsubscribe: unsubscribe,
    initial_resource_versions: initial,
    response_nonce: nonce,
    error_detail: error === undefined ? null : { code: 3, message: error, details: [] },
  };
}

/** Names to versions. A version that starts with `!` is held back. */
function viewOf(content: Record<string, string>, bytes = 10): TypeView {
  return {
    names: () => Object.keys(content),
    find: (name): GatedResource => {
      const version = content[name];
      if (version === undefined) {
        return { resource: null, fault: null };
      }
      const resource: SnapshotResource = { name, typeUrl: CLUSTER_TYPE_URL, version, bytes: Buffer.alloc(bytes) };
      return version.startsWith('!') ? { resource: null, fault: 'is wrong' } : { resource, fault: null };
    },
  };
}

function start() {
  const subscription = new DeltaSubscription(CLUSTER_TYPE_URL);
  let nonce = 0;
  const send = (view: TypeView, withRemovals = true) => {
    const outgoing = subscription.next(view, { withRemovals, nonce: `${nonce + 1}` });
    if (outgoing === null) {
      return null;
    }
    nonce += 1;
    return { sent: outgoing.resources.map(({ name, version }) => `${name}=${version}`), gone: [...outgoing.removed] };
  };
  const receive = (differing: Parameters<typeof request>[0]) => subscription.receive(request(differing));
  const acknowledge = (error?: string) => receive({ nonce: `${nonce}`, ...(error === undefined ? {} : { error }) });
  return { subscription, send, receive, acknowledge };
}

describe('DeltaSubscription', () => {
  it('answers names with resources, and names that do not exist with their removal, once', () => {
    const { send, receive, acknowledge } = start();
    receive({ subscribe: ['a', 'b'] });
    expect(send(viewOf({ a: '1' }))).toEqual({ sent: ['a=1'], gone: ['b'] });
    acknowledge();
    expect(send(viewOf({ a: '1' }))).toBeNull();
  });

  it('sends a name again that is subscribed again, though the client has it', () => {
    const { send, receive, acknowledge } = start();
    receive({ subscribe: ['a'] });
    send(viewOf({ a: '1' }));
    acknowledge();
    receive({ subscribe: ['a'] });
    expect(send(viewOf({ a: '1' }))).toEqual({ sent: ['a=1'], gone: [] });
    acknowledge();
    receive({ subscribe: ['a'] });
    expect(send(viewOf({}))).toEqual({ sent: [], gone: ['a'] });
  });

  it('sends what changed, and takes away what went, only when it may', () => {
    const { subscription, send, receive, acknowledge } = start();
    receive({ subscribe: ['a', 'b'] });
    send(viewOf({ a: '1', b: '1' }));
    acknowledge();
    expect(send(viewOf({ a: '2' }), false)).toEqual({ sent: ['a=2'], gone: [] });
    acknowledge();
    expect(subscription.hasMore(viewOf({ a: '2' }), false)).toBe(false);
    expect(subscription.hasMore(viewOf({ a: '2' }), true)).toBe(true);
    expect(send(viewOf({ a: '2' }), true)).toEqual({ sent: [], gone: ['b'] });
  });

  it('has one response out at a time, and makes one of all that came meanwhile', () => {
    const { subscription, send, receive, acknowledge } = start();
    receive({ subscribe: ['a'] });
    send(viewOf({ a: '1' }));
    receive({ subscribe: ['b'] });
    expect(send(viewOf({ a: '2', b: '1' }))).toBeNull();
    expect(subscription.isAwaitingAnswer).toBe(true);
    expect(subscription.hasMore(viewOf({ a: '3', b: '1' }), true)).toBe(true);
    acknowledge();
    expect(send(viewOf({ a: '3', b: '1' }))).toEqual({ sent: ['a=3', 'b=1'], gone: [] });
  });

  it('tells an ACK from a NACK by the error alone, and sends nothing again until it changes', () => {
    const { send, receive, acknowledge, subscription } = start();
    receive({ subscribe: ['a'] });
    send(viewOf({ a: '1' }));
    expect(acknowledge('no')).toMatchObject({ error: 'no', resources: [{ name: 'a' }] });
    expect([...subscription.resources(viewOf({ a: '1' }))]).toMatchObject([{ sent: '1', acknowledged: undefined }]);
    expect(send(viewOf({ a: '1' }))).toBeNull();
    expect(send(viewOf({ a: '2' }))).toEqual({ sent: ['a=2'], gone: [] });
    expect(acknowledge()).toMatchObject({ error: null });
    expect([...subscription.resources(viewOf({ a: '2' }))]).toMatchObject([{ sent: '2', acknowledged: '2' }]);
  });

  it('ignores the answer in a request with a stale nonce, and takes its subscriptions', () => {
    const { send, receive, subscription } = start();
    receive({ subscribe: ['a'] });
    send(viewOf({ a: '1', b: '1' }));
    expect(receive({ nonce: 'stale', error: 'no', subscribe: ['b'] })).toBeNull();
    expect(subscription.isAwaitingAnswer).toBe(true);
    expect(receive({ nonce: '1' })).toMatchObject({ error: null });
    expect(send(viewOf({ a: '1', b: '1' }))).toEqual({ sent: ['b=1'], gone: [] });
  });

  it('does not send what the client still has from an earlier stream, and takes away what went', () => {
    const { send, receive } = start();
    receive({ subscribe: ['a', 'b', 'c', 'd'], initial: { a: '1', b: '1', c: '1', e: '1' } });
    expect(send(viewOf({ a: '1', b: '2', d: '1', e: '1' }))).toEqual({ sent: ['b=2', 'd=1'], gone: ['c'] });
  });

  it('forgets what is unsubscribed', () => {
    const { send, receive, acknowledge } = start();
    receive({ subscribe: ['a'] });
    send(viewOf({ a: '1' }));
    acknowledge();
    receive({ unsubscribe: ['a', 'never subscribed'] });
    expect(send(viewOf({ a: '2' }))).toBeNull();
  });

  it('sends everything to a wildcard, by an empty first request or by name, and answers it even with nothing', () => {
    for (const first of [{}, { subscribe: ['*'] }]) {
      const { send, receive, acknowledge } = start();
      receive(first);
      expect(send(viewOf({}))).toEqual({ sent: [], gone: [] });
      acknowledge();
      expect(send(viewOf({ a: '1', b: '1' }))).toEqual({ sent: ['a=1', 'b=1'], gone: [] });
      acknowledge();
      expect(send(viewOf({ b: '1' }))).toEqual({ sent: [], gone: ['a'] });
      acknowledge();
      expect(send(viewOf({ b: '1' }))).toBeNull();
    }
  });

  it('takes away from a wildcard what the client had from an earlier stream and is gone', () => {
    const { send, receive } = start();
    receive({ initial: { a: '1', b: '1' } });
    expect(send(viewOf({ a: '1' }))).toEqual({ sent: [], gone: ['b'] });
  });

  it('takes an empty request for a wildcard only when it is the first', () => {
    const { send, receive, acknowledge } = start();
    receive({ subscribe: ['a'] });
    send(viewOf({ a: '1', b: '1' }));
    acknowledge();
    receive({});
    expect(send(viewOf({ a: '1', b: '1' }))).toBeNull();
  });

  it('tells who holds a wildcard and leaves a name whether the wildcard still covers it', () => {
    const { send, receive, acknowledge } = start();
    receive({ subscribe: ['*', 'a', 'x'] });
    expect(send(viewOf({ a: '1' }))).toEqual({ sent: ['a=1'], gone: ['x'] });
    acknowledge();
    receive({ unsubscribe: ['a', 'x'] });
    expect(send(viewOf({ a: '1' }))).toEqual({ sent: ['a=1'], gone: ['x'] });
    acknowledge();
    expect(send(viewOf({ a: '1' }))).toBeNull();
  });

  it('keeps named resources when the wildcard is given up', () => {
    const { send, receive, acknowledge } = start();
    receive({ subscribe: ['*', 'a'] });
    send(viewOf({ a: '1', b: '1' }));
    acknowledge();
    receive({ unsubscribe: ['*'] });
    expect(send(viewOf({ a: '2', b: '2' }))).toEqual({ sent: ['a=2'], gone: [] });
  });

  it('keeps what the client has when the newest version is held back', () => {
    const { send, receive, acknowledge, subscription } = start();
    receive({ subscribe: ['a', 'b'] });
    expect(send(viewOf({ a: '1', b: '!bad' }))).toEqual({ sent: ['a=1'], gone: ['b'] });
    acknowledge();
    expect(send(viewOf({ a: '!bad', b: '!bad' }))).toBeNull();
    expect([...subscription.resources(viewOf({ a: '!bad' }))]).toMatchObject([{ fault: 'is wrong' }, { fault: null }]);
  });

  it('splits what would be too large for one message', () => {
    const { send, receive, acknowledge } = start();
    const names = ['a', 'b', 'c'];
    const view = viewOf({ a: '1', b: '1', c: '1' }, 2 * 1024 * 1024);
    receive({ subscribe: names });
    expect(send(view)?.sent).toEqual(['a=1', 'b=1']);
    acknowledge();
    expect(send(view)?.sent).toEqual(['c=1']);
  });

  it('sends a name again on demand, if it is subscribed', () => {
    const { send, receive, acknowledge, subscription } = start();
    receive({ subscribe: ['a'] });
    send(viewOf({ a: '1' }));
    acknowledge();
    subscription.resend('a');
    subscription.resend('b');
    expect(send(viewOf({ a: '1', b: '1' }))).toEqual({ sent: ['a=1'], gone: [] });
  });

  it('refuses too many and too long names', () => {
    const { receive } = start();
    const many = Array.from({ length: 6000 }, (_, index) => `${index}`);
    receive({ subscribe: many });
    expect(() => receive({ subscribe: many })).toThrow(TooManyNamesError);
    expect(() => receive({ subscribe: ['x'.repeat(2000)] })).toThrow(TooManyNamesError);
  });
});
