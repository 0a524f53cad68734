import { status } from '@grpc/grpc-js';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { CLUSTER_TYPE_URL } from '../../proto/type-urls.ts';
import { startXds } from './testing/xds-fixture.ts';

const cart = 'spiffe://cluster.local/ns/default/sa/cart';

describe('workloadService', () => {
  let xds: Awaited<ReturnType<typeof startXds>>;

  beforeEach(async () => {
    xds = await startXds();
  });
  afterEach(() => xds.close());

  const register = (differing: object = {}) => ({
    register: {
      name: 'cart-1',
      namespace: 'default',
      service: 'cart',
      labels: { version: 'v1' },
      address: '127.0.0.1',
      ports: [{ port: 8080, inbound_address: '127.0.0.1', inbound_port: 20_000, app_protocol: 'http' }],
      instance_id: 'one',
      generation: 1,
      ...differing,
    },
  });
  const attach = () => xds.connect(xds.authority.leaf(cart, { labels: { version: 'v1' } })).attach();
  const names = () => xds.registry.view().workloads.map(({ name }) => name);

  it('registers, renews and withdraws on one stream', async () => {
    const stream = attach();
    stream.send(register());
    expect(await stream.next()).toMatchObject({
      registered: { lease_ttl: { seconds: '10', nanos: 0 }, renew_interval: { seconds: '3', nanos: 0 } },
    });
    expect(xds.registry.view().workloads[0]).toMatchObject({ name: 'cart-1', identity: cart });
    stream.send({ renew: {} });
    expect((await stream.next()).response).toBe('renewed');
    stream.send({ withdraw: {} });
    expect((await stream.next()).response).toBe('withdrawn');
    expect(names()).toEqual([]);
    stream.send({ renew: {} });
    expect((await stream.next()).response).toBe('lapsed');
    stream.end();
    expect((await stream.ended).code).toBe(status.OK);
  });

  it('keeps the lease of a stream that breaks off', async () => {
    const stream = attach();
    stream.send(register());
    await stream.next();
    stream.cancel();
    await stream.ended;
    expect(names()).toEqual(['cart-1']);
  });

  it('tells the earlier of two processes that its lease has lapsed', async () => {
    const [earlier, later] = [attach(), attach()];
    earlier.send(register());
    await earlier.next();
    later.send(register({ instance_id: 'two', generation: 2 }));
    await later.next();
    earlier.send({ renew: {} });
    expect((await earlier.next()).response).toBe('lapsed');
    earlier.send(register());
    expect(await earlier.ended).toMatchObject({ code: status.ALREADY_EXISTS });
  });

  it.each([
    ['a service beyond the grant', register({ service: 'web' }), status.PERMISSION_DENIED, 'service web: the join'],
    ['a label beyond it', register({ labels: { version: 'v2' } }), status.PERMISSION_DENIED, 'label version=v2'],
    ['another namespace', register({ namespace: 'other' }), status.PERMISSION_DENIED, 'namespace other'],
    ['no address', register({ address: '' }), status.INVALID_ARGUMENT, 'address: "" is not the IP address of a host'],
    ['anything before Register', { renew: {} }, status.INVALID_ARGUMENT, 'the first message must be Register'],
  ])('refuses %s and says why', async (_what, request, code, reason) => {
    const stream = attach();
    stream.send(request);
    expect(await stream.ended).toMatchObject({ code, details: expect.stringContaining(reason) });
    expect(names()).toEqual([]);
  });

  it('does not let one stream speak for two workloads', async () => {
    const stream = attach();
    stream.send(register());
    await stream.next();
    stream.send(register({ name: 'cart-2' }));
    expect(await stream.ended).toMatchObject({ code: status.INVALID_ARGUMENT });
    expect(names()).toEqual(['cart-1']);
  });

  it('refuses a caller without a certificate', async () => {
    const stream = xds.connect(null).attach();
    stream.send(register());
    expect(await stream.ended).toMatchObject({ code: status.UNAUTHENTICATED });
  });

  it('remembers a bounded number of reports', async () => {
    const stream = attach();
    stream.send(register());
    await stream.next();
    const resources = Array.from({ length: 10_000 }, (_, index) => ({
      type_url: CLUSTER_TYPE_URL,
      name: `${index}`,
      version: '1',
    }));
    for (let round = 0; round < 6; round += 1) {
      stream.send({ in_force: { resources: resources.map((one) => ({ ...one, name: `${round} ${one.name}` })) } });
    }
    stream.send({ renew: {} });
    expect((await stream.next()).response).toBe('renewed');
  });
});
