import { status } from '@grpc/grpc-js';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { CLUSTER_LOAD_ASSIGNMENT_TYPE_URL, CLUSTER_TYPE_URL, LISTENER_TYPE_URL } from '../../proto/type-urls.ts';
import { registration } from '../registry/testing/registration.ts';
import { resourceKey } from './proxy-tracker.ts';
import { badCluster, cluster, endpoints, listener, snapshotOf } from './testing/fake-snapshot.ts';
import type { DeltaResponse } from './testing/xds-fixture.ts';
import { sidecarNode, startXds, TestAuthority } from './testing/xds-fixture.ts';

const cart = 'spiffe://cluster.local/ns/default/sa/cart';
const web = 'spiffe://cluster.local/ns/default/sa/web';

const summary = ({ type_url: typeUrl, resources, removed_resources: gone }: DeltaResponse) => ({
  type: typeUrl.slice(typeUrl.lastIndexOf('.') + 1),
  sent: resources.map(({ name }) => name),
  gone,
});

describe('AdsServer', () => {
  let xds: Awaited<ReturnType<typeof startXds>>;
  let registryRevision = 0;

  beforeEach(async () => {
    xds = await startXds({ maxStreamsPerIdentity: 3 });
  });
  afterEach(() => xds.close());

  const publish = (revision: number, ...resources: Parameters<typeof snapshotOf>[1]) => {
    registryRevision += 1;
    xds.ads.publish(snapshotOf(revision, resources), { registryRevision, changedAtMs: Date.now() });
  };
  const connectAs = (id: string) => xds.connect(xds.authority.leaf(id));
  const subscribe = (...names: string[]) => ({
    node: sidecarNode('cart-1'),
    type_url: CLUSTER_TYPE_URL,
    resource_names_subscribe: names,
  });

  it('serves an incremental client, and sends it each change once', async () => {
    publish(1, cluster('a'));
    const stream = connectAs(cart).delta();
    stream.send(subscribe('a', 'b'));
    const first = await stream.next();
    expect(summary(first)).toEqual({ type: 'Cluster', sent: ['a'], gone: ['b'] });
    expect(first.resources[0]?.version).toBe(cluster('a').version);
    expect(first.control_plane?.identifier).toBe('heddle');
    stream.send({ type_url: CLUSTER_TYPE_URL, response_nonce: first.nonce });
    publish(2, cluster('a'));
    publish(3, cluster('a', 7), cluster('b'));
    const second = await stream.next();
    expect(summary(second)).toEqual({ type: 'Cluster', sent: ['a', 'b'], gone: [] });
    expect(second.nonce).not.toBe(first.nonce);
  });

  it('serves an Envoy as it is, and says once what it cannot have', async () => {
    const lines: string[] = [];
    await xds.close();
    xds = await startXds({ log: (_level, message, fields) => lines.push(`${message} ${fields?.path ?? ''}`) });
    const told = () => lines.filter((line) => line.startsWith('left out'));
    const stockGaps = (paths: readonly string[]) => () =>
      paths.map((path) => ({ document: 'BackendTrafficPolicy/default/cart', path, message: 'none' }));
    const from = () => ({ registryRevision: ++registryRevision, changedAtMs: Date.now() });
    const source = (revision: number, ...paths: string[]) => ({
      ...snapshotOf(revision, [badCluster('a')]),
      stockGaps: stockGaps(paths),
    });
    xds.ads.publish(source(1, 'spec.fallback'), from());
    const ours = connectAs(cart).delta();
    ours.send(subscribe('a'));
    expect(summary(await ours.next())).toMatchObject({ sent: [], gone: ['a'] });
    expect(told()).toEqual([]);
    const { metadata: _, ...node } = sidecarNode('cart-2');
    const envoy = connectAs(cart).delta();
    envoy.send({ ...subscribe('a'), node });
    expect(summary(await envoy.next()).sent).toEqual(['a']);
    expect(told()).toEqual(['left out for an Envoy spec.fallback']);
    xds.ads.publish(source(2, 'spec.fallback', 'spec.retryAfter'), from());
    expect(told()).toEqual(['left out for an Envoy spec.fallback', 'left out for an Envoy spec.retryAfter']);
  });

  it('lets a client wait that comes before the first snapshot', async () => {
    const stream = connectAs(cart).delta();
    stream.send(subscribe('a'));
    stream.send({ type_url: LISTENER_TYPE_URL, resource_names_subscribe: ['l'] });
    publish(1, cluster('a'), listener('l'));
    expect(summary(await stream.next()).sent).toEqual(['a']);
    expect(summary(await stream.next()).sent).toEqual(['l']);
  });

  it('serves a state-of-the-world client: all clusters, the endpoints asked for', async () => {
    publish(1, cluster('a'), cluster('b'), endpoints('a'), endpoints('b'));
    const stream = connectAs(cart).sotw();
    stream.send({ node: { id: 'sidecar~10.0.0.1~cart-1.default~x' }, type_url: CLUSTER_TYPE_URL });
    const clusters = await stream.next();
    expect(clusters.resources).toHaveLength(2);
    expect(clusters.resources[0]?.type_url).toBe(CLUSTER_TYPE_URL);
    stream.send({ type_url: CLUSTER_LOAD_ASSIGNMENT_TYPE_URL, resource_names: ['a'] });
    const first = await stream.next();
    expect(first.resources).toHaveLength(1);
    stream.send({ type_url: CLUSTER_TYPE_URL, response_nonce: clusters.nonce, version_info: clusters.version_info });
    stream.send({ type_url: first.type_url, response_nonce: first.nonce, resource_names: ['a'] });
    // A cluster that changes needs its endpoints sent again, changed or not, to be warmed.
    publish(2, cluster('a', 7), cluster('b'), endpoints('a'), endpoints('b'));
    expect((await stream.next()).type_url).toBe(CLUSTER_TYPE_URL);
    expect((await stream.next()).type_url).toBe(CLUSTER_LOAD_ASSIGNMENT_TYPE_URL);
  });

  it('sends clusters before the listeners that speak of them, and takes them away after', async () => {
    publish(1, cluster('old'), listener('l'));
    const stream = connectAs(cart).delta();
    stream.send({ node: { id: 'sidecar~10.0.0.1~cart-1.default~x' }, type_url: CLUSTER_TYPE_URL });
    stream.send({ type_url: LISTENER_TYPE_URL });
    for (const expected of ['Cluster', 'Listener']) {
      const response = await stream.next();
      expect(summary(response).type).toBe(expected);
      stream.send({ type_url: response.type_url, response_nonce: response.nonce });
    }
    publish(2, cluster('new'), listener('m'));
    for (const expected of [
      { type: 'Cluster', sent: ['new'], gone: [] },
      { type: 'Listener', sent: ['m'], gone: ['l'] },
      { type: 'Cluster', sent: [], gone: ['old'] },
    ]) {
      const response = await stream.next();
      expect(summary(response)).toEqual(expected);
      stream.send({ type_url: response.type_url, response_nonce: response.nonce });
    }
  });

  it('sends a refused resource again only when it changes, and shows the refusal (X04)', async () => {
    publish(1, cluster('a'));
    const stream = connectAs(cart).delta();
    stream.send(subscribe('a'));
    const { nonce } = await stream.next();
    stream.send({ type_url: CLUSTER_TYPE_URL, response_nonce: nonce, error_detail: { code: 3, message: 'not this' } });
    publish(2, cluster('a'));
    publish(3, cluster('a', 7));
    expect((await stream.next()).resources[0]?.version).toBe(cluster('a', 7).version);
    expect(xds.tracker.list()[0]?.rejected).toMatchObject([{ name: 'a', reason: 'not this' }]);
  });

  it('does not send an invalid resource: the last good one stays, and status says why', async () => {
    publish(1, cluster('a'), cluster('b'));
    const stream = connectAs(cart).delta();
    stream.send(subscribe('a', 'b'));
    const { nonce } = await stream.next();
    stream.send({ type_url: CLUSTER_TYPE_URL, response_nonce: nonce });
    publish(2, badCluster('a'), cluster('b', 7));
    expect(summary(await stream.next())).toMatchObject({ sent: ['b'], gone: [] });
    expect(xds.tracker.list()[0]?.rejected[0]?.reason).toMatch(/^held back by the control plane: .*field 99/);
  });

  it('knows callers by their own connection, not by another one', async () => {
    publish(1, cluster('a'));
    const streams = [connectAs(cart).delta(), connectAs(web).delta()];
    streams[0]?.send(subscribe('a'));
    streams[1]?.send({ ...subscribe('a'), node: sidecarNode('web-1', { service: 'web' }) });
    await Promise.all(streams.map((stream) => stream.next()));
    expect(xds.tracker.list().map(({ name, identity }) => [name, identity])).toEqual([
      ['cart-1', cart],
      ['web-1', web],
    ]);
  });

  it('refuses a stream without a node, and no other (X01)', async () => {
    publish(1, cluster('a'));
    const other = connectAs(web).delta();
    other.send({ ...subscribe('a'), node: sidecarNode('web-1', { service: 'web' }) });
    await other.next();
    const stream = connectAs(cart).delta();
    stream.send({ type_url: CLUSTER_TYPE_URL, resource_names_subscribe: ['a'] });
    expect(await stream.ended).toMatchObject({ code: status.INVALID_ARGUMENT });
    other.send({ type_url: CLUSTER_TYPE_URL, resource_names_subscribe: ['x'], response_nonce: '1' });
    expect(summary(await other.next()).gone).toEqual(['x']);
  });

  it('passes over a type it does not know (X02)', async () => {
    publish(1, cluster('a'));
    const stream = connectAs(cart).delta();
    stream.send({ ...subscribe('a'), type_url: 'type.googleapis.com/envoy.service.runtime.v3.Runtime' });
    stream.send(subscribe('a'));
    expect(summary(await stream.next()).sent).toEqual(['a']);
  });

  it.each([
    ['too many names', Array.from({ length: 10_001 }, (_, index) => `${index}`)],
    ['a message above 4 MiB', Array.from({ length: 5 }, () => 'x'.repeat(1024 * 1024))],
  ])('ends a stream with %s (X05)', async (_what, names) => {
    publish(1);
    const stream = connectAs(cart).delta();
    stream.send(subscribe(...names));
    expect(await stream.ended).toMatchObject({ code: status.RESOURCE_EXHAUSTED });
  });

  it('bounds the streams of one identity, and serves others (X06)', async () => {
    publish(1, cluster('a'));
    const greedy = connectAs(cart);
    const streams = Array.from({ length: 4 }, () => greedy.delta());
    for (const stream of streams) {
      stream.send(subscribe('a'));
    }
    const outcomes = await Promise.allSettled(streams.map((stream) => stream.next()));
    expect(outcomes.map((outcome) => outcome.status).sort()).toEqual([
      'fulfilled',
      'fulfilled',
      'fulfilled',
      'rejected',
    ]);
    const other = connectAs(web).delta();
    other.send({ ...subscribe('a'), node: sidecarNode('web-1', { service: 'web' }) });
    await other.next();
    streams[0]?.cancel();
    await streams[0]?.ended;
  });

  it('answers a burst of subscriptions and their withdrawal with few responses (X07)', async () => {
    publish(1, cluster('a'));
    const stream = connectAs(cart).delta();
    stream.send(subscribe('a'));
    for (let round = 0; round < 500; round += 1) {
      stream.send({ type_url: CLUSTER_TYPE_URL, resource_names_subscribe: [`x${round}`] });
      stream.send({ type_url: CLUSTER_TYPE_URL, resource_names_unsubscribe: [`x${round}`] });
    }
    stream.send({ type_url: CLUSTER_TYPE_URL, resource_names_subscribe: ['end'] });
    let responses = 0;
    for (let isDone = false; !isDone; responses += 1) {
      const response = await stream.next();
      isDone = response.removed_resources.includes('end');
      stream.send({ type_url: CLUSTER_TYPE_URL, response_nonce: response.nonce });
    }
    expect(responses).toBeLessThan(100);
  });

  it('sends one who does not answer one response, and the newest state once it does (X08)', async () => {
    publish(1, cluster('a'));
    const stream = connectAs(cart).delta();
    stream.send(subscribe('a'));
    const { nonce } = await stream.next();
    for (let revision = 2; revision < 100; revision += 1) {
      publish(revision, cluster('a', revision));
    }
    stream.send({ type_url: CLUSTER_TYPE_URL, response_nonce: nonce });
    expect((await stream.next()).resources[0]?.version).toBe(cluster('a', 99).version);
  });

  it('ends a stream with bytes that are no request, and no other (X13)', async () => {
    publish(1, cluster('a'));
    const other = connectAs(web).delta();
    other.send({ ...subscribe('a'), node: sidecarNode('web-1', { service: 'web' }) });
    await other.next();
    const stream = connectAs(cart).raw(
      '/envoy.service.discovery.v3.AggregatedDiscoveryService/DeltaAggregatedResources',
    );
    stream.send(Buffer.from([0x0a, 0xff, 0xff]));
    expect((await stream.ended).code).not.toBe(status.OK);
    other.send({ type_url: CLUSTER_TYPE_URL, resource_names_subscribe: ['x'], response_nonce: '1' });
    expect(summary(await other.next()).gone).toEqual(['x']);
  });

  it.each([
    ['another namespace', sidecarNode('cart-1', { namespace: 'other' }), 'claims namespace other'],
    ['another service', sidecarNode('web-1', { service: 'web' }), 'claims service web, its grant is for cart'],
    ['a workload of another identity', sidecarNode('web-9'), `workload default/web-9 is ${web}, not ${cart}`],
  ])('denies a node that claims %s (X09)', async (_what, node, reason) => {
    publish(1, cluster('a'));
    xds.registry.register(registration({ name: 'web-9', identity: web }));
    const stream = connectAs(cart).delta();
    stream.send({ ...subscribe('a'), node });
    expect(await stream.ended).toMatchObject({
      code: status.PERMISSION_DENIED,
      details: expect.stringContaining(reason),
    });
  });

  it('refuses a client without a certificate (X10)', async () => {
    const stream = xds.connect(null).delta();
    stream.send(subscribe('a'));
    expect(await stream.ended).toMatchObject({
      code: status.UNAUTHENTICATED,
      details: 'this call needs a verified client certificate: join with a token first',
    });
  });

  it('does not let in a certificate of another root', async () => {
    const stream = xds.connect(new TestAuthority().leaf(cart)).delta();
    stream.send(subscribe('a'));
    expect(await stream.ended).toMatchObject({ code: status.UNAVAILABLE });
    expect(xds.server.counts().refused).toBeGreaterThan(0);
  });

  it('closes a connection when its certificate expires', async () => {
    publish(1, cluster('a'));
    const stream = xds.connect(xds.authority.leaf(cart, { ttlMs: 2000 })).delta();
    stream.send(subscribe('a'));
    await stream.next();
    expect((await stream.ended).code).not.toBe(status.OK);
  });

  it('knows a change to be in force when the client drops what it needs no more, though it reported before', async () => {
    publish(1, cluster('a'), cluster('b'));
    const stream = connectAs(cart).delta();
    stream.send(subscribe('a', 'b'));
    stream.send({ type_url: CLUSTER_TYPE_URL, response_nonce: (await stream.next()).nonce });
    const report = xds.tracker.attached('default/cart-1');
    const reports = (name: string, version: string) => report.inForce.set(resourceKey(CLUSTER_TYPE_URL, name), version);
    reports('a', cluster('a').version);
    reports('b', cluster('b').version);
    publish(2, cluster('a', 7), cluster('b'));
    stream.send({ type_url: CLUSTER_TYPE_URL, response_nonce: (await stream.next()).nonce });
    reports('a', cluster('a', 7).version);
    report.inForce.delete(resourceKey(CLUSTER_TYPE_URL, 'b'));
    xds.tracker.progressed('default/cart-1');
    const convergence = xds.tracker.convergence(2, 5000, new AbortController().signal);
    stream.send({ type_url: CLUSTER_TYPE_URL, resource_names_unsubscribe: ['b'] });
    expect(await convergence).toMatchObject({ affected: 1, inForce: 1, pending: [] });
  });

  it('forgets a proxy that is gone', async () => {
    publish(1, cluster('a'));
    const stream = connectAs(cart).delta();
    stream.send(subscribe('a'));
    await stream.next();
    expect(xds.tracker.size).toBe(1);
    stream.end();
    expect(await stream.ended).toMatchObject({ code: status.OK });
    expect(xds.tracker.size).toBe(0);
  });
});
