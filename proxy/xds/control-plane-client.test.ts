import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { toPem } from '../../certs/pem.ts';
import type { PackableName } from '../../proto/any.ts';
import { pack } from '../../proto/any.ts';
import type { Input } from '../../proto/load.ts';
import { goodCluster, goodClusterLoadAssignment, goodListener } from '../../proto/testing/resources.ts';
import {
  CLUSTER_TYPE_URL as cds,
  CLUSTER_LOAD_ASSIGNMENT_TYPE_URL as eds,
  LISTENER_TYPE_URL as lds,
  ROUTE_CONFIGURATION_TYPE_URL as rds,
  SECRET_TYPE_URL as sds,
} from '../../proto/type-urls.ts';
import { FakeClock } from '../testing/fake-clock.ts';
import type { AttachStream, DeltaStream } from '../testing/scripted-control-plane.ts';
import { ScriptedControlPlane } from '../testing/scripted-control-plane.ts';
import { withoutRequests } from './compile-filters.ts';
import { ControlPlaneClient } from './control-plane-client.ts';
import { readJoinToken } from './join-token.ts';
import { LiveClusters } from './live-clusters.ts';
import { LiveObjects } from './live-objects.ts';
import { StateDirectory } from './state-directory.ts';

const host = 'cart.default.svc.cluster.local';
const clusterName = `outbound|80||${host}`;
const routeName = `${host}:80`;
const inbound = 'inbound|8080||';

let path: string;
let directory: StateDirectory;
let plane: ScriptedControlPlane;
const clients: ControlPlaneClient[] = [];

beforeEach(async () => {
  path = await mkdtemp(join(tmpdir(), 'heddle-client-'));
  directory = await StateDirectory.open(path);
  plane = await ScriptedControlPlane.start();
});
afterEach(async () => {
  for (const client of clients.splice(0)) await client.close();
  await plane.stop();
  await rm(path, { recursive: true, force: true });
});

function start(tokenText: string | null) {
  const clock = new FakeClock();
  const listeners: string[] = [];
  const environment = {
    dial: () => {},
    coarseNow: () => 0,
    now: () => clock.now(),
    random: () => 0,
    onEjection: () => {},
    healthChecks: null,
  };
  const objects = new LiveObjects({
    clusters: new LiveClusters(environment),
    want: (name) => client.configuration.want(name),
    release: (name) => client.configuration.release(name),
    isConnected: () => client.isConnected,
    putListener: (name) => listeners.push(name),
    removeListener: (name) => listeners.push(`-${name}`),
    clock,
    filters: withoutRequests,
    rateLimitServiceAt: () => ({ ask: () => () => {} }),
  });
  const client: ControlPlaneClient = new ControlPlaneClient({
    directory,
    token: tokenText === null ? null : readJoinToken(tokenText),
    namespace: 'default',
    service: 'cart',
    node: { id: 'sidecar~127.0.0.1~cart-1.default~svc.cluster.local' },
    registration: () => ({ name: 'cart-1', namespace: 'default', service: 'cart', instance_id: 'i', generation: 1 }),
    listeners: [inbound],
    routes: [routeName],
    target: objects,
    log: () => {},
    onIdentity: () => {},
    clock,
    random: () => 0.5,
  });
  clients.push(client);
  return { client, clock, listeners, objects };
}

function resource<Name extends PackableName>(type: Name, message: Input<Name>, name: string, version = '1') {
  return { name, version, resource: pack(type, message) };
}

const contents = {
  [lds]: [resource('envoy.config.listener.v3.Listener', goodListener(), inbound)],
  [rds]: [
    resource(
      'envoy.config.route.v3.RouteConfiguration',
      {
        name: routeName,
        virtual_hosts: [
          { name: 'v', domains: ['*'], routes: [{ match: { prefix: '/' }, route: { cluster: clusterName } }] },
        ],
      },
      routeName,
    ),
  ],
  [cds]: [
    resource('envoy.config.cluster.v3.Cluster', { name: inbound, type: 'STATIC' }, inbound),
    resource('envoy.config.cluster.v3.Cluster', goodCluster(), clusterName),
  ],
  [eds]: [resource('envoy.config.endpoint.v3.ClusterLoadAssignment', goodClusterLoadAssignment(), clusterName)],
};

/** Registers the sidecar and answers what it asks for, as a control plane does, until all of it was acknowledged. */
async function serve(types: readonly (keyof typeof contents)[]): Promise<[AttachStream, DeltaStream]> {
  const attach = await plane.attachStreams.next();
  expect((await attach.requests.next()).request).toBe('register');
  expect(plane.deltaStreams.size).toBe(0);
  attach.send({ registered: {} });
  const stream = await plane.deltaStreams.next();
  const left = new Set<string>(types);
  while (left.size > 0) {
    const {
      type_url: typeUrl,
      resource_names_subscribe: names,
      response_nonce: nonce,
      error_detail,
    } = await stream.requests.next();
    if (nonce !== '') {
      expect(error_detail).toBeNull();
      left.delete(typeUrl);
    }
    const wanted = (contents[typeUrl as keyof typeof contents] ?? []).filter(({ name }) => names.includes(name));
    if (wanted.length > 0) stream.send({ type_url: typeUrl, nonce: typeUrl, resources: wanted });
  }
  return [attach, stream];
}

describe('ControlPlaneClient', () => {
  it('joins, registers, and only then asks for configuration; it is ready when all of it is in force', async () => {
    const { client, listeners } = start(plane.token());
    expect(client.notReadyReason).toContain('joining');
    await client.start();
    expect(client.notReadyReason).toBe('the listeners have no configuration yet');
    const [attach] = await serve([lds, rds, cds, eds]);
    await client.ready;
    expect(client.notReadyReason).toBeNull();
    expect(listeners).toEqual([inbound]);
    const told = (await attach.requests.next()).in_force?.resources.map(({ name }) => name) ?? [];
    while (!told.includes(routeName)) {
      told.push(...((await attach.requests.next()).in_force?.resources.map(({ name }) => name) ?? []));
    }
    expect(told).toContain(inbound);
  });

  it('serves after a restart without control plane and token, and then names the versions that it holds', async () => {
    const first = start(plane.token()).client;
    await first.start();
    await serve([lds, rds, cds, eds]);
    await first.ready;
    await first.close();
    const { port, root } = plane;
    await plane.stop();

    const { client, clock, listeners, objects } = start(null);
    await client.start();
    await client.ready;
    expect(listeners).toEqual([inbound]);
    expect(objects.routes.resolve(routeName)).toBeTypeOf('object');

    // Its first attempt to connect is over and has failed.
    while (!clock.pendingMs.includes(250)) await new Promise((resolve) => setImmediate(resolve));
    plane = await ScriptedControlPlane.start({ port, root });
    clock.advance(250);
    const attach = await plane.attachStreams.next();
    await attach.requests.next();
    attach.send({ registered: {} });
    const stream = await plane.deltaStreams.next();
    const held: Record<string, string> = {};
    for (let i = 0; i < 5; i++) Object.assign(held, (await stream.requests.next()).initial_resource_versions);
    expect(held).toEqual({ [inbound]: '1', [routeName]: '1', [clusterName]: '1' });
  });

  it('goes over to a connection of its own with a renewed certificate, and nothing that is in force is touched', async () => {
    const { client, clock, listeners } = start(plane.token());
    await client.start();
    const [before] = await serve([lds, rds, cds, eds]);
    await client.ready;
    clock.advance(12 * 60 * 60 * 1_000);
    const [after, stream] = await serve([]);
    expect(plane.renewals).toBe(1);
    expect(after.peer).not.toBe(before.peer);
    expect(stream.peer).toBe(after.peer);
    expect((await stream.requests.next()).initial_resource_versions).not.toEqual({});
    await before.ended;
    expect(listeners).toEqual([inbound]);
    expect(client.notReadyReason).toBeNull();
    expect(client.isConnected).toBe(true);
  });

  it('keeps no secret in the snapshot', async () => {
    const { client } = start(plane.token());
    await client.start();
    const [, stream] = await serve([lds, rds, cds, eds]);
    const roots = toPem('CERTIFICATE', plane.root.certificate.der);
    const secret = { name: 'ROOTCA', validation_context: { trusted_ca: { inline_string: roots } } };
    const resources = [resource('envoy.extensions.transport_sockets.tls.v3.Secret', secret, 'ROOTCA')];
    stream.send({ type_url: sds, nonce: 'roots', resources });
    while ((await stream.requests.next()).response_nonce !== 'roots');
    await client.close();
    const snapshot = await readFile(join(path, 'snapshot'), 'utf8');
    expect(snapshot).toContain(routeName);
    expect(snapshot).not.toContain('ROOTCA');
    expect(snapshot).not.toContain('PRIVATE KEY');
  });

  it('says why it is not ready when the control plane refuses what runs here', async () => {
    const { client } = start(plane.token());
    await client.start();
    const attach = await plane.attachStreams.next();
    await attach.requests.next();
    attach.fail(7, 'the token is for service web');
    // Configuration is asked for all the same: what is there can be served.
    await plane.deltaStreams.next();
    expect(client.notReadyReason).toBe('the control plane refuses this workload: the token is for service web');
  });

  it('withdraws, and has all streams on one connection', async () => {
    const { client } = start(plane.token());
    await client.start();
    const [attach, stream] = await serve([lds]);
    expect(attach.peer).toBe(stream.peer);
    const withdrawn = client.withdraw(1_000);
    for (;;) if ((await attach.requests.next()).request === 'withdraw') break;
    attach.send({ withdrawn: {} });
    expect(await withdrawn).toBe(true);
  });

  it('goes on serving its own ports once it is withdrawn, though they are taken from it', async () => {
    const { client, listeners } = start(plane.token());
    await client.start();
    const [, stream] = await serve([lds, rds, cds, eds]);
    void client.withdraw(1_000);
    for (const type_url of [lds, cds]) stream.send({ type_url, nonce: 'gone', removed_resources: [inbound] });
    for (let answered = 0; answered < 2; ) if ((await stream.requests.next()).response_nonce === 'gone') answered++;
    expect(listeners).toEqual([inbound]);
    expect(client.configuration.inForce({ typeUrl: cds, name: inbound })).toBeTypeOf('object');
    stream.send({ type_url: rds, nonce: 'gone', removed_resources: [routeName] });
    while ((await stream.requests.next()).response_nonce !== 'gone');
    expect(client.configuration.inForce({ typeUrl: rds, name: routeName })).toBe('absent');
  });
});
