import { describe, expect, it } from 'vitest';
import type { Cluster } from '../cluster/cluster.ts';
import type { Endpoint } from '../cluster/endpoint.ts';
import type { PassthroughFailure } from '../cluster/passthrough.ts';
import { plainCluster } from '../testing/forwarder.ts';
import { EndpointLookUp } from './endpoint-look-up.ts';

/** A look-up whose answers the test gives, and what its owner has heard. */
function lookUp() {
  const heard: string[] = [];
  const asked: { readonly authority: string; answer(found: Endpoint | PassthroughFailure): void }[] = [];
  const environment = {
    resolvePassthrough: (_cluster: Cluster, authority: string) =>
      new Promise<Endpoint | PassthroughFailure>((answer) => asked.push({ authority, answer })),
  };
  const looked = new EndpointLookUp(environment, {
    onNamesKnown: () => heard.push('names'),
    onEndpointFound: ({ key }) => heard.push(key),
    onNoEndpointFound: (failure, detail) => heard.push(`${failure} ${detail}`),
  });
  return { looked, heard, asked };
}

function endpoint(): Endpoint {
  const [made] = plainCluster([1]).endpoints;
  if (made === undefined) throw new Error('one was made');
  return made;
}

const settle = () => new Promise((resolve) => setImmediate(resolve));
const outside = () => plainCluster([], { discovery: 'passthrough' });

describe('EndpointLookUp', () => {
  it('has nothing to look up where endpoints are known', async () => {
    const { looked, heard, asked } = lookUp();
    expect(looked.begin(plainCluster([1]), 'a')).toBe(false);
    await settle();
    expect([heard, asked]).toEqual([[], []]);
  });

  it('finds whom a request names itself', async () => {
    const { looked, heard, asked } = lookUp();
    expect(looked.begin(outside(), 'example.com:81')).toBe(true);
    expect(asked[0]?.authority).toBe('example.com:81');
    asked[0]?.answer(endpoint());
    await settle();
    expect(heard).toEqual(['127.0.0.1:1']);
  });

  it('says why it has found nobody', async () => {
    const { looked, heard, asked } = lookUp();
    looked.begin(outside(), 'a');
    asked[0]?.answer({ failure: 'nameResolution', detail: 'a: ENOTFOUND' });
    await settle();
    expect(heard).toEqual(['nameResolution a: ENOTFOUND']);
  });

  it('waits for names that are being looked up for the first time', async () => {
    const { looked, heard } = lookUp();
    const cluster = plainCluster([]);
    let known = () => {};
    const pending = new Promise<void>((resolve) => {
      known = resolve;
    });
    cluster.names = { pending } as Cluster['names'];
    expect(looked.begin(cluster, 'a')).toBe(true);
    await settle();
    expect(heard).toEqual([]);
    known();
    await settle();
    expect(heard).toEqual(['names']);
  });

  it('tells nothing of a request that is over, to it or to the next', async () => {
    const { looked, heard, asked } = lookUp();
    looked.begin(outside(), 'first');
    looked.cancel();
    looked.begin(outside(), 'second');
    asked[0]?.answer({ failure: 'nameResolution', detail: 'first' });
    asked[1]?.answer({ failure: 'nameResolution', detail: 'second' });
    await settle();
    expect(heard).toEqual(['nameResolution second']);
  });
});
