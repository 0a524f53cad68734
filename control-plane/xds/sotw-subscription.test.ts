import { describe, expect, it } from 'vitest';
import type { Output } from '../../proto/load.ts';
import type { ResourceTypeUrl } from '../../proto/type-urls.ts';
import { CLUSTER_LOAD_ASSIGNMENT_TYPE_URL, CLUSTER_TYPE_URL } from '../../proto/type-urls.ts';
import type { GatedResource } from './resource-gate.ts';
import { SotwSubscription } from './sotw-subscription.ts';
import type { TypeView } from './subscription.ts';
import { TooManyNamesError } from './subscription.ts';

type Request = Output<'envoy.service.discovery.v3.DiscoveryRequest'>;

/** Names to versions. A version that starts with `!` is held back. */
function viewOf(content: Record<string, string>): TypeView {
  return {
    names: () => Object.keys(content),
    find: (name): GatedResource => {
      const version = content[name];
      if (version === undefined) {
        return { resource: null, fault: null };
      }
      const resource = { name, typeUrl: CLUSTER_TYPE_URL, version, bytes: Buffer.alloc(10) } as const;
      return version.startsWith('!') ? { resource: null, fault: 'is wrong' } : { resource, fault: null };
    },
  };
}

function start(typeUrl: ResourceTypeUrl) {
  const subscription = new SotwSubscription(typeUrl);
  let nonce = 0;
  const send = (content: Record<string, string>, withRemovals = true) => {
    const outgoing = subscription.next(viewOf(content), { withRemovals, nonce: `${nonce + 1}` });
    nonce += outgoing === null ? 0 : 1;
    return outgoing?.resources.map(({ name, version }) => `${name}=${version}`) ?? null;
  };
  /** A request with the latest nonce: an ACK, a NACK, or the first one. */
  const ask = (names: string[], differing: Partial<Request> = {}) =>
    subscription.receive({
      version_info: '',
      node: null,
      resource_names: names,
      type_url: typeUrl,
      response_nonce: nonce === 0 ? '' : `${nonce}`,
      error_detail: null,
      ...differing,
    });
  return { subscription, send, ask };
}

const nack = { error_detail: { code: 3, message: 'no', details: [] } };

describe('SotwSubscription to clusters', () => {
  it('sends the whole set whenever something in it changed, and what is missing is gone', () => {
    const { send, ask } = start(CLUSTER_TYPE_URL);
    ask([]);
    expect(send({ a: '1', b: '1' })).toEqual(['a=1', 'b=1']);
    ask([]);
    expect(send({ a: '1', b: '1' })).toBeNull();
    expect(send({ a: '1', b: '2' })).toEqual(['a=1', 'b=2']);
    ask([]);
    expect(send({ b: '2' })).toEqual(['b=2']);
  });

  it('keeps what is gone in the set until it may be taken away', () => {
    const { send, ask } = start(CLUSTER_TYPE_URL);
    ask([]);
    send({ a: '1' });
    ask([]);
    expect(send({ b: '1' }, false)).toEqual(['b=1', 'a=1']);
    ask([]);
    expect(send({ b: '1' }, false)).toBeNull();
    expect(send({ b: '1' }, true)).toEqual(['b=1']);
  });

  it('answers a wildcard and explicit names even with nothing', () => {
    for (const names of [[], ['*'], ['a']]) {
      const { send, ask } = start(CLUSTER_TYPE_URL);
      ask(names);
      expect(send({})).toEqual([]);
      ask(names);
      expect(send({})).toBeNull();
    }
  });

  it('takes an empty list for nothing once a name was given', () => {
    const { send, ask } = start(CLUSTER_TYPE_URL);
    ask(['a']);
    expect(send({ a: '1', b: '1' })).toEqual(['a=1']);
    ask([]);
    expect(send({ a: '1', b: '1' })).toBeNull();
    ask(['*', 'x']);
    expect(send({ a: '1', b: '1' })).toEqual(['a=1', 'b=1']);
  });

  it('answers a set of names that has grown, and not one that has shrunk', () => {
    const { send, ask } = start(CLUSTER_TYPE_URL);
    ask(['a']);
    send({ a: '1', b: '1' });
    ask(['a', 'b']);
    expect(send({ a: '1', b: '1' })).toEqual(['a=1', 'b=1']);
    ask(['b']);
    expect(send({ a: '1', b: '1' })).toBeNull();
  });

  it('keeps in the set what the client has when the newest version is held back', () => {
    const { send, ask } = start(CLUSTER_TYPE_URL);
    ask([]);
    send({ a: '1', b: '1' });
    ask([]);
    expect(send({ a: '!bad', b: '2' })).toEqual(['a=1', 'b=2']);
  });
});

describe('SotwSubscription to endpoints', () => {
  it('sends what is asked for and exists, then what changed, and takes nothing away', () => {
    const { send, ask } = start(CLUSTER_LOAD_ASSIGNMENT_TYPE_URL);
    ask(['a', 'b']);
    expect(send({ a: '1' })).toEqual(['a=1']);
    ask(['a', 'b']);
    expect(send({ a: '1', b: '1' })).toEqual(['b=1']);
    ask(['a', 'b']);
    expect(send({ b: '1' })).toBeNull();
  });

  it('has no wildcard', () => {
    const { send, ask } = start(CLUSTER_LOAD_ASSIGNMENT_TYPE_URL);
    ask([]);
    expect(send({ a: '1' })).toBeNull();
  });

  it('sends a newly requested name again, though it has not changed', () => {
    const { send, ask } = start(CLUSTER_LOAD_ASSIGNMENT_TYPE_URL);
    ask(['a', 'b']);
    send({ a: '1', b: '1' });
    ask(['a']);
    ask(['a', 'b']);
    expect(send({ a: '1', b: '1' })).toEqual(['b=1']);
  });

  it('ignores a request with a stale nonce, names and all', () => {
    const { send, ask, subscription } = start(CLUSTER_LOAD_ASSIGNMENT_TYPE_URL);
    ask(['a']);
    send({ a: '1', b: '1' });
    expect(ask(['a', 'b'], { response_nonce: '' })).toBeNull();
    expect(subscription.isAwaitingAnswer).toBe(true);
    expect(ask(['a'])).toMatchObject({ error: null });
    expect(send({ a: '1', b: '1' })).toBeNull();
  });

  it('tells a NACK by its error alone, and sends nothing again until it changes', () => {
    const { send, ask, subscription } = start(CLUSTER_LOAD_ASSIGNMENT_TYPE_URL);
    ask(['a']);
    send({ a: '1' });
    expect(ask(['a'], nack)).toMatchObject({ error: 'no' });
    expect(send({ a: '1' })).toBeNull();
    expect([...subscription.resources(viewOf({ a: '1' }))]).toMatchObject([{ sent: '1', acknowledged: undefined }]);
    expect(send({ a: '2' })).toEqual(['a=2']);
    ask(['a'], { version_info: 'whatever' });
    expect([...subscription.resources(viewOf({ a: '2' }))]).toMatchObject([{ sent: '2', acknowledged: '2' }]);
  });

  it('refuses too many names', () => {
    const { ask } = start(CLUSTER_LOAD_ASSIGNMENT_TYPE_URL);
    expect(() => ask(Array.from({ length: 10_001 }, (_, index) => `${index}`))).toThrow(TooManyNamesError);
  });
});
