import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { PackableName } from '../../proto/any.ts';
import { pack } from '../../proto/any.ts';
import type { Input } from '../../proto/load.ts';
import {
  goodCluster,
  goodClusterLoadAssignment,
  goodDetectingListener,
  goodListener,
  goodRouteConfiguration,
  goodSecret,
  goodUpstreamTls,
} from '../../proto/testing/resources.ts';
import {
  CLUSTER_TYPE_URL as cds,
  CLUSTER_LOAD_ASSIGNMENT_TYPE_URL as eds,
  LISTENER_TYPE_URL as lds,
  ROUTE_CONFIGURATION_TYPE_URL as rds,
  SECRET_TYPE_URL as sds,
} from '../../proto/type-urls.ts';
import { RequestHead } from '../message-head.ts';
import { FakeClock } from '../testing/fake-clock.ts';
import { Configuration } from './apply.ts';
import { withoutRequests } from './compile-filters.ts';
import { LiveClusters } from './live-clusters.ts';
import { LiveObjects } from './live-objects.ts';
import type { ParsedResource } from './parse-resource.ts';
import { parseResource } from './parse-resource.ts';
import { removalGraceMs } from './warming.ts';

const host = 'cart.default.svc.cluster.local';
const clusterName = `outbound|80||${host}`;
const routeName = `${host}:80`;
const short: Record<string, string> = { [lds]: 'LDS', [rds]: 'RDS', [cds]: 'CDS', [eds]: 'EDS', [sds]: 'SDS' };

function setUp(options: { putRoots?: (pem: string) => void; putListener?: (name: string) => void } = {}) {
  const clock = new FakeClock();
  const log: string[] = [];
  const subscribed = new Set<string>();
  const clusters = new LiveClusters({
    dial: () => {},
    coarseNow: () => 0,
    now: () => clock.now(),
    random: () => 0,
    onEjection: () => {},
    healthChecks: null,
  });
  const text = ({ typeUrl, name }: { typeUrl: string; name: string }) => `${short[typeUrl]} ${name}`;
  const objects = new LiveObjects({
    clusters,
    want: (name) => configuration.want(name),
    release: (name) => configuration.release(name),
    isConnected: () => true,
    putListener: options.putListener ?? ((name) => log.push(`listener ${name}`)),
    removeListener: (name) => log.push(`no listener ${name}`),
    clock,
    filters: withoutRequests,
    rateLimitServiceAt: () => ({ ask: () => () => {} }),
  });
  const configuration: Configuration = new Configuration(
    objects,
    {
      subscribe: (name) => subscribed.add(text(name)),
      unsubscribe: (name) => subscribed.delete(text(name)),
      putRoots: options.putRoots ?? (() => log.push('roots')),
      inForce: (resource) => log.push(`${text(resource)}@${resource.version}`),
      removed: (name) => log.push(`- ${text(name)}`),
      rejected: ({ name, reason }) => log.push(`rejected ${name}: ${reason}`),
    },
    clock,
  );
  return { clock, log, subscribed, clusters, configuration, objects };
}

function parsed<Name extends PackableName>(name: Name, message: Input<Name>, resourceName: string, version = '1') {
  const { type_url: typeUrl, value: bytes } = pack(name, message);
  const result = parseResource({ typeUrl, name: resourceName, version, bytes }, 'cluster.local', 0);
  if (typeof result === 'string') throw new Error(result);
  return result;
}

function routes(clusterNames: readonly string[], version = '1'): ParsedResource {
  const clusters = clusterNames.map((name) => ({ name, weight: { value: 1 } }));
  return parsed(
    'envoy.config.route.v3.RouteConfiguration',
    {
      name: routeName,
      virtual_hosts: [
        { name: 'v', domains: ['*'], routes: [{ match: { prefix: '/' }, route: { weighted_clusters: { clusters } } }] },
      ],
    },
    routeName,
    version,
  );
}

const cluster = (version = '1') => parsed('envoy.config.cluster.v3.Cluster', goodCluster(), clusterName, version);
const endpoints = (version = '1') =>
  parsed('envoy.config.endpoint.v3.ClusterLoadAssignment', goodClusterLoadAssignment(), clusterName, version);

describe('Configuration', () => {
  it('serves a route as soon as its cluster has endpoints, not before', async () => {
    const { configuration, objects, clusters, log, subscribed } = setUp();
    const table = objects.routes.resolve(routeName);
    configuration.receive([routes([clusterName])], [], []);
    configuration.receive([cluster()], [], []);
    expect(log).toEqual([]);
    expect([...configuration.waiting()]).toEqual([
      `${clusterName} waits for ${clusterName}`,
      `${routeName} waits for ${clusterName}`,
    ]);
    configuration.receive([endpoints()], [], []);
    expect(log).toEqual([`EDS ${clusterName}@1`, `CDS ${clusterName}@1`, `RDS ${routeName}@1`]);
    expect([...subscribed]).toEqual([`RDS ${routeName}`, `CDS ${clusterName}`, `EDS ${clusterName}`]);
    const action = (await table) as Exclude<Awaited<typeof table>, string>;
    const route = action.match(Object.assign(new RequestHead(), { path: '/', authority: 'cart' }));
    const destination = route?.action.kind === 'forward' ? route.action.pick() : null;
    expect(destination).toBe(clusters.get(clusterName));
    expect([...clusters.get(clusterName).endpoints].map(({ key }) => key)).toEqual(['10.0.0.7:15006']);
  });

  it('keeps the cluster object over updates, so that routes and connections stay', () => {
    const { configuration, objects, clusters } = setUp();
    void objects.routes.resolve(routeName);
    configuration.receive([routes([clusterName])], [], []);
    configuration.receive([cluster()], [], []);
    configuration.receive([endpoints()], [], []);
    const before = clusters.get(clusterName);
    const [endpoint] = [...before.endpoints];
    configuration.receive([cluster('2')], [], []);
    expect(clusters.get(clusterName)).toBe(before);
    expect([...before.endpoints]).toEqual([endpoint]);
  });

  it('serves a route to a cluster that does not exist, and gives it endpoints when it does', () => {
    const { configuration, objects, clusters, log } = setUp();
    void objects.routes.resolve(routeName);
    configuration.receive([routes([clusterName])], [], []);
    configuration.receive([], [{ typeUrl: cds, name: clusterName }], []);
    expect(log).toEqual([`RDS ${routeName}@1`, `- CDS ${clusterName}`]);
    const missing = clusters.get(clusterName);
    expect(missing.pick(null, null)).toBeNull();
    configuration.receive([cluster()], [], []);
    configuration.receive([endpoints()], [], []);
    expect(missing.pick(null, null)?.key).toBe('10.0.0.7:15006');
  });

  it('lets go of clusters and endpoints that the newer route does not name', () => {
    const { configuration, objects, clusters, log, subscribed } = setUp();
    void objects.routes.resolve(routeName);
    configuration.receive([routes([clusterName])], [], []);
    configuration.receive([cluster()], [], []);
    configuration.receive([endpoints()], [], []);
    const old = clusters.get(clusterName);
    log.length = 0;
    configuration.receive([routes(['BlackHoleCluster'], '2')], [], []);
    configuration.receive([], [{ typeUrl: cds, name: 'BlackHoleCluster' }], []);
    expect(log).toEqual([
      `RDS ${routeName}@2`,
      `- CDS ${clusterName}`,
      '- CDS BlackHoleCluster',
      `- EDS ${clusterName}`,
    ]);
    expect([...old.endpoints]).toEqual([]);
    expect([...subscribed]).toEqual([`RDS ${routeName}`, 'CDS BlackHoleCluster']);
  });

  it('empties a cluster that was removed while a route still names it, at the end of its grace', () => {
    const { configuration, objects, clusters, clock } = setUp();
    void objects.routes.resolve(routeName);
    configuration.receive([routes([clusterName])], [], []);
    configuration.receive([cluster()], [], []);
    configuration.receive([endpoints()], [], []);
    configuration.receive([], [{ typeUrl: cds, name: clusterName }], []);
    expect(clusters.get(clusterName).pick(null, null)).not.toBeNull();
    clock.advance(removalGraceMs);
    expect(clusters.get(clusterName).pick(null, null)).toBeNull();
  });

  it('answers absent for a service that the control plane does not know', async () => {
    const { configuration, objects } = setUp();
    const answer = objects.routes.resolve(routeName);
    configuration.receive([], [{ typeUrl: rds, name: routeName }], []);
    expect(await answer).toBe('absent');
    expect(objects.routes.resolve(routeName)).toBe('absent');
  });

  it('serves with what it has when a cluster is never answered', async () => {
    const { configuration, objects } = setUp();
    const answer = objects.routes.resolve(routeName);
    configuration.receive([routes([clusterName])], [], []);
    configuration.unanswered({ typeUrl: cds, name: clusterName });
    expect(await answer).toBeTypeOf('object');
  });

  it('puts listeners and roots in force', () => {
    const { configuration, log } = setUp();
    configuration.want({ typeUrl: lds, name: 'inbound|8080||' });
    configuration.want({ typeUrl: sds, name: 'ROOTCA' });
    configuration.receive([parsed('envoy.config.listener.v3.Listener', goodListener(), 'inbound|8080||')], [], []);
    configuration.receive([parsed('envoy.extensions.transport_sockets.tls.v3.Secret', goodSecret(), 'ROOTCA')], [], []);
    expect(log).toEqual(['roots', 'SDS ROOTCA@1']);
    configuration.receive([], [{ typeUrl: cds, name: 'inbound|8080||' }], []);
    expect(log.slice(2)).toEqual(['listener inbound|8080||', 'LDS inbound|8080||@1', '- CDS inbound|8080||']);
    configuration.receive([], [{ typeUrl: lds, name: 'inbound|8080||' }], []);
    expect(log.slice(5)).toContain('no listener inbound|8080||');
  });

  it('reports roots that cannot be used as rejected', () => {
    const { configuration, log } = setUp({
      putRoots: () => {
        throw new Error('our own leaf has no root in it');
      },
    });
    configuration.want({ typeUrl: sds, name: 'ROOTCA' });
    configuration.receive([parsed('envoy.extensions.transport_sockets.tls.v3.Secret', goodSecret(), 'ROOTCA')], [], []);
    expect(log).toEqual(['rejected ROOTCA: our own leaf has no root in it']);
  });

  it('reports what cannot be put in force as rejected, and goes on with the rest', () => {
    const { configuration, log } = setUp({
      putListener: () => {
        throw new Error('a fault of ours');
      },
    });
    const listener = parsed('envoy.config.listener.v3.Listener', goodListener(), 'inbound|8080||');
    configuration.want(listener);
    configuration.want({ typeUrl: sds, name: 'ROOTCA' });
    configuration.receive([listener], [], []);
    for (const { typeUrl, name } of listener.needs) configuration.receive([], [{ typeUrl, name }], []);
    configuration.receive([parsed('envoy.extensions.transport_sockets.tls.v3.Secret', goodSecret(), 'ROOTCA')], [], []);
    expect(log).toContain('rejected inbound|8080||: a fault of ours');
    expect(log.at(-1)).toMatch(/^SDS ROOTCA@/);
  });

  it('reports as rejected what somebody could not take who said so later', () => {
    const log: string[] = [];
    const later: ((refusal: string | null) => void)[] = [];
    const nothing = () => {};
    const configuration = new Configuration(
      { put: nothing, absent: nothing, forget: nothing, remember: nothing, whenInForce: (tell) => later.push(tell) },
      {
        ...{ subscribe: nothing, unsubscribe: nothing, putRoots: nothing, removed: nothing },
        inForce: ({ name }) => log.push(`in force ${name}`),
        rejected: ({ name, version, reason }) => log.push(`rejected ${name} ${version}: ${reason}`),
      },
    );
    configuration.want(endpoints('1'));
    for (const version of ['1', '2']) configuration.receive([endpoints(version)], [], []);
    later[0]?.('worker 1: a fault of ours');
    later[1]?.(null);
    expect(log).toEqual([`rejected ${clusterName} 1: worker 1: a fault of ours`, `in force ${clusterName}`]);
  });

  it('remembers a refusal until a good version comes', () => {
    const { configuration, objects } = setUp();
    void objects.routes.resolve(routeName);
    configuration.receive([], [], [{ typeUrl: rds, name: routeName, version: '2', reason: 'is bad' }]);
    expect([...configuration.rejected].map(({ version }) => version)).toEqual(['2']);
    configuration.receive([routes([clusterName], '3')], [], []);
    expect([...configuration.rejected]).toEqual([]);
  });

  it('says of a refused resource that was never in force that it is gone, when nothing wants it any more', () => {
    const { configuration, objects, log } = setUp();
    void objects.routes.resolve(routeName);
    configuration.receive([routes([clusterName])], [], []);
    configuration.receive([], [], [{ typeUrl: cds, name: clusterName, version: '1', reason: 'is bad' }]);
    configuration.receive([], [{ typeUrl: rds, name: routeName }], []);
    expect(log).toEqual([`rejected ${clusterName}: is bad`, `- RDS ${routeName}`, `- CDS ${clusterName}`]);
    expect([...configuration.rejected]).toEqual([]);
  });

  it('says what a port carries once all its clusters have endpoints, asked for on first use', async () => {
    const { configuration, objects, log, subscribed } = setUp();
    const name = 'outbound|80||cart.default.svc.cluster.local';
    const answer = objects.listeners.resolve(name);
    expect([...subscribed]).toEqual([`LDS ${name}`]);
    configuration.receive([parsed('envoy.config.listener.v3.Listener', goodDetectingListener(), name)], [], []);
    expect([...subscribed]).toContain(`CDS ${clusterName}`);
    configuration.receive([cluster()], [], []);
    expect(log).toEqual([]);
    configuration.receive([endpoints()], [], []);
    const chains = await answer;
    expect(typeof chains === 'object' && [chains.http?.routesName, chains.plain?.kind]).toEqual([routeName, 'tcp']);
    expect(log.at(-1)).toBe(`LDS ${name}@1`);
    expect(log.join()).not.toContain('listener outbound');
    configuration.receive([], [{ typeUrl: lds, name }], []);
    expect(objects.listeners.resolve(name)).toBe('absent');
  });

  it('restores what a port carries, and forgets ports that were not used for longest', () => {
    const { configuration, objects } = setUp();
    const name = 'outbound|80||cart.default.svc.cluster.local';
    const listener = parsed('envoy.config.listener.v3.Listener', goodDetectingListener(), name);
    expect(configuration.restore([endpoints(), cluster(), listener])).toHaveLength(3);
    expect(objects.listeners.resolve(name)).toBeTypeOf('object');
    for (let i = 0; i < 1000; i++) void objects.listeners.resolve(`outbound|80||s${i}.default.svc.cluster.local`);
    expect(configuration.inForce({ typeUrl: lds, name })).toBeNull();
  });

  it('restores what an earlier run had in force, routes asked for on demand among it', () => {
    const { configuration, objects, log } = setUp();
    const stored = [endpoints(), cluster(), routes([clusterName])];
    const unneeded = parsed('envoy.config.endpoint.v3.ClusterLoadAssignment', { cluster_name: 'old' }, 'old');
    expect(configuration.restore([unneeded, ...stored])).toEqual(stored);
    expect(objects.routes.resolve(routeName)).toBeTypeOf('object');
    expect(log).toEqual([`EDS ${clusterName}@1`, `CDS ${clusterName}@1`, `RDS ${routeName}@1`]);
    expect([...configuration.entries()].map(({ state }) => state)).toEqual(['active', 'active', 'active']);
  });
});

describe('parseResource', () => {
  it.each([
    ['envoy.config.listener.v3.Listener', goodListener(), 'inbound|8080||'],
    ['envoy.config.cluster.v3.Cluster', goodCluster(), clusterName],
    ['envoy.config.endpoint.v3.ClusterLoadAssignment', goodClusterLoadAssignment(), clusterName],
    ['envoy.config.route.v3.RouteConfiguration', goodRouteConfiguration(), routeName],
    ['envoy.extensions.transport_sockets.tls.v3.Secret', goodSecret(), 'ROOTCA'],
  ] as const)('answers whatever bytes come for a %s, and never throws', (type, message, name) => {
    const { type_url: typeUrl, value: good } = pack(type, message as never);
    const parse = (bytes: Buffer) => parseResource({ typeUrl, name, version: '1', bytes }, 'cluster.local', 0);
    expect(parse(good)).toBeTypeOf('object');
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.nat(good.length - 1), fc.nat(255)), { minLength: 1, maxLength: 4 }),
        fc.nat(good.length),
        (changes, length) => {
          const bytes = Buffer.from(good.subarray(0, length));
          for (const [at, value] of changes) if (at < length) bytes[at] = value;
          expect(['string', 'object']).toContain(typeof parse(bytes));
        },
      ),
      { numRuns: 300 },
    );
  });

  it('refuses what does not validate and what does not compile, and says where', () => {
    const parse = (message: Input<'envoy.config.cluster.v3.Cluster'>, name = 'c') => {
      const { type_url: typeUrl, value: bytes } = pack('envoy.config.cluster.v3.Cluster', message);
      return parseResource({ typeUrl, name, version: '1', bytes }, 'cluster.local', 0);
    };
    expect(parse({ name: 'other' })).toContain('was asked for as "c"');
    expect(parse({ name: 'c', connect_timeout: { seconds: -1 } })).toContain('connect_timeout');
    const typed_config = pack('envoy.extensions.transport_sockets.tls.v3.UpstreamTlsContext', goodUpstreamTls());
    const socket = { name: 'envoy.transport_sockets.tls', typed_config };
    expect(parse({ name: 'c', transport_socket: socket })).toContain('outside the mesh');
  });
});
