import { once } from 'node:events';
import type { IncomingHttpHeaders } from 'node:http';
import { request } from 'node:http';
import type { Socket } from 'node:net';
import { connect } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { PackableName } from '../../proto/any.ts';
import { pack } from '../../proto/any.ts';
import type { Input } from '../../proto/load.ts';
import {
  goodCluster,
  goodClusterLoadAssignment,
  goodListener,
  goodRouteConfiguration,
  goodSecret,
  ROOT_PEM,
} from '../../proto/testing/resources.ts';
import { LogWriter } from '../log.ts';
import type { ConfigEntry } from '../xds/apply.ts';
import { parseResource } from '../xds/parse-resource.ts';
import type { AdminSources } from './admin-paths.ts';
import { adminPaths } from './admin-paths.ts';
import { AdminServer } from './admin-server.ts';
import type { ClusterStatus } from './clusters-page.ts';

const clusterName = 'outbound|80||cart.default.svc.cluster.local';
const routeName = 'cart.default.svc.cluster.local:80';

const cluster: ClusterStatus = {
  name: clusterName,
  edsServiceName: clusterName,
  answerRates: { average: 99, threshold: 97.5 },
  connectionRates: { average: -1, threshold: -1 },
  highPriority: null,
  circuitBreaker: {
    maxConnections: 1_024,
    maxPendingRequests: 1_024,
    maxRequests: 1_024,
    maxRetries: 3,
    retryBudgetPercent: 20,
    minRetryConcurrency: 3,
  },
  names: [],
  endpoints: [
    {
      address: '10.0.0.7',
      port: 15_006,
      hostname: 'cart-v1-1',
      weight: 1,
      health: 'healthy',
      isEjected: true,
      ...{ hasFailedCheck: true, isCheckPending: false, lastCheckFailure: 'the answer is 503' },
      ...{ successRate: 95.5, localOriginSuccessRate: -1 },
      region: 'local',
      zone: 'a',
      priority: 1,
      activeConnections: 2,
      connectFailures: 1,
      connections: 5,
      activeRequests: 3,
      errors: 4,
      successes: 90,
      timeouts: 0,
      requests: 94,
    },
  ],
};

function entry<Name extends PackableName>(name: Name, message: Input<Name>, resourceName: string): ConfigEntry {
  const { type_url: typeUrl, value: bytes } = pack(name, message);
  const resource = parseResource({ typeUrl, name: resourceName, version: '7', bytes }, 'cluster.local', 0);
  if (typeof resource === 'string') throw new Error(resource);
  return { resource, state: 'active' };
}

let admin: AdminServer;
let notReady: string | null;
let isDraining: boolean;
const log = new LogWriter('info', () => {});
const done: string[] = [];

beforeEach(async () => {
  notReady = null;
  isDraining = false;
  done.length = 0;
  log.level = 'info';
  const sources: AdminSources = {
    notReadyReason: () => notReady,
    isDraining: () => isDraining,
    prometheus: () => Promise.resolve('heddle_build_info 1\n'),
    stats: () => [
      ['cluster.b.upstream_rq_total', 0],
      ['cluster.a.upstream_rq_total', 3],
    ],
    configDump: () => ({
      node: { id: 'sidecar~127.0.0.1~cart-1.default~svc.cluster.local' },
      entries: [
        entry('envoy.config.listener.v3.Listener', goodListener(), 'inbound|8080||'),
        entry('envoy.config.route.v3.RouteConfiguration', goodRouteConfiguration(), routeName),
        entry('envoy.config.cluster.v3.Cluster', goodCluster(), clusterName),
        entry('envoy.config.endpoint.v3.ClusterLoadAssignment', goodClusterLoadAssignment(), clusterName),
        entry('envoy.extensions.transport_sockets.tls.v3.Secret', goodSecret(), 'ROOTCA'),
      ],
      rejected: [
        {
          typeUrl: 'type.googleapis.com/envoy.config.route.v3.RouteConfiguration',
          name: routeName,
          version: '8',
          reason: 'virtual_hosts: is bad',
        },
      ],
    }),
    clusters: () => [cluster],
    listeners: () => [{ name: 'inbound|8080||', address: '::1', port: 16_000 }],
    certificates: () => ({ chainPem: ROOT_PEM, bundlePem: ROOT_PEM }),
    log,
    drain: () => done.push('drain'),
    quit: () => done.push('quit'),
    startedAtMs: 1_000,
    now: () => 6_500,
  };
  admin = await AdminServer.listen({ paths: adminPaths(sources) });
});
afterEach(() => admin.close());

interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

function call(path: string, method = 'GET', headers: Record<string, string> = {}): Promise<Answer> {
  const [host = '', port = ''] = admin.address.split(':');
  return new Promise((resolve, reject) => {
    const sent = request({ host, port, path, method, headers, agent: false }, (response) => {
      let body = '';
      response.setEncoding('utf8');
      response.on('data', (chunk: string) => {
        body += chunk;
      });
      response.on('end', () => resolve({ status: response.statusCode ?? 0, headers: response.headers, body }));
    });
    sent.on('error', reject);
    sent.end();
  });
}

const jsonOf = async (path: string) => JSON.parse((await call(path)).body);

describe('AdminServer', () => {
  it('listens on loopback', () => {
    expect(admin.address).toMatch(/^127\.0\.0\.1:\d+$/);
  });

  it.each(['/ready', '/healthz/ready'])('says at %s whether the sidecar serves, and if not why', async (path) => {
    expect(await call(path)).toMatchObject({ status: 200, body: 'LIVE\n' });
    notReady = 'no certificate yet';
    expect(await call(path)).toMatchObject({ status: 503, body: 'INITIALIZING\nno certificate yet\n' });
    isDraining = true;
    expect(await call(path)).toMatchObject({ status: 503, body: 'DRAINING\n' });
  });

  it('shows statistics as sorted lines, filtered, as JSON, and for Prometheus', async () => {
    const lines = 'cluster.a.upstream_rq_total: 3\ncluster.b.upstream_rq_total: 0\n';
    expect((await call('/stats')).body).toBe(lines);
    expect((await call('/stats?usedonly')).body).toBe('cluster.a.upstream_rq_total: 3\n');
    expect((await call('/stats?filter=.b.')).body).toBe('cluster.b.upstream_rq_total: 0\n');
    expect((await jsonOf('/stats?format=json&usedonly')).stats).toEqual([
      { name: 'cluster.a.upstream_rq_total', value: 3 },
    ]);
    for (const path of ['/stats/prometheus', '/stats?format=prometheus']) {
      const { body, headers } = await call(path);
      expect([body, headers['content-type']]).toEqual([
        'heddle_build_info 1\n',
        'text/plain; version=0.0.4; charset=utf-8',
      ]);
    }
  });

  it('shows clusters in the lines of Envoy', async () => {
    const { body } = await call('/clusters');
    for (const line of [
      `${clusterName}::observability_name::${clusterName}`,
      `${clusterName}::default_priority::max_connections::1024`,
      `${clusterName}::eds_service_name::${clusterName}`,
      `${clusterName}::10.0.0.7:15006::cx_active::2`,
      `${clusterName}::10.0.0.7:15006::rq_total::94`,
      `${clusterName}::10.0.0.7:15006::hostname::cart-v1-1`,
      `${clusterName}::10.0.0.7:15006::health_flags::/failed_active_hc/failed_outlier_check`,
      `${clusterName}::10.0.0.7:15006::success_rate::95.5`,
      `${clusterName}::10.0.0.7:15006::last_check_failure::the answer is 503`,
      `${clusterName}::outlier::success_rate_ejection_threshold::97.5`,
      `${clusterName}::10.0.0.7:15006::zone::a`,
    ]) {
      expect(body.split('\n')).toContain(line);
    }
  });

  it('shows clusters as JSON', async () => {
    const { cluster_statuses } = await jsonOf('/clusters?format=json');
    expect(cluster_statuses).toMatchObject([
      {
        name: clusterName,
        circuit_breakers: { thresholds: [{ max_requests: 1_024 }] },
        host_statuses: [
          {
            address: { socket_address: { address: '10.0.0.7', port_value: 15_006 } },
            stats: expect.arrayContaining([{ name: 'rq_active', value: '3', type: 'GAUGE' }]),
            health_status: { eds_health_status: 'HEALTHY', failed_outlier_check: true },
          },
        ],
      },
    ]);
  });

  it('shows listeners as lines and as JSON', async () => {
    expect((await call('/listeners')).body).toBe('inbound|8080||::[::1]:16000\n');
    expect((await jsonOf('/listeners?format=json')).listener_statuses).toEqual([
      { name: 'inbound|8080||', local_address: { socket_address: { address: '::1', port_value: 16_000 } } },
    ]);
  });

  it('dumps the configuration in the shape of Envoy, with what was refused and why', async () => {
    const { configs } = await jsonOf('/config_dump');
    expect(configs.map((config: Record<string, string>) => config['@type']?.split('.').at(-1))).toEqual([
      'BootstrapConfigDump',
      'ClustersConfigDump',
      'ListenersConfigDump',
      'RoutesConfigDump',
      'SecretsConfigDump',
    ]);
    const [bootstrap, clusters, listeners, routes] = configs;
    expect(bootstrap.bootstrap.node.id).toContain('cart-1.default');
    expect(clusters.dynamic_active_clusters[0]).toMatchObject({
      version_info: '7',
      cluster: {
        '@type': 'type.googleapis.com/envoy.config.cluster.v3.Cluster',
        name: clusterName,
        connect_timeout: '5s',
        outlier_detection: { consecutive_5xx: 5, enforcing_success_rate: 0, always_eject_one_host: true },
        metadata: { filter_metadata: { istio: { services: [{ name: 'cart' }] } } },
      },
      last_updated: '1970-01-01T00:00:00.000Z',
    });
    expect(listeners.dynamic_listeners[0]).toMatchObject({
      name: 'inbound|8080||',
      active_state: {
        listener: { filter_chains: [{ filters: [{ typed_config: { stat_prefix: 'inbound_8080' } }] }] },
      },
    });
    expect(routes.dynamic_route_configs[0]).toMatchObject({
      route_config: { virtual_hosts: [{ routes: [{ name: 'canary', route: { timeout: '10s' } }, {}, {}, {}] }] },
      error_state: { version_info: '8', details: 'virtual_hosts: is bad' },
    });
    expect(JSON.stringify(configs)).not.toContain('cluster_specifier');
  });

  it('dumps endpoints when asked to, and one list alone', async () => {
    const { configs } = await jsonOf('/config_dump?include_eds');
    expect(configs[2].dynamic_endpoint_configs[0].endpoint_config.endpoints[0].lb_endpoints[0]).toMatchObject({
      endpoint: { address: { socket_address: { address: '10.0.0.7', port_value: 15_006 } } },
      metadata: { filter_metadata: { 'envoy.transport_socket_match': { tlsMode: 'heddle' } } },
    });
    const routes = await jsonOf('/config_dump?resource=dynamic_route_configs');
    expect(routes.configs).toHaveLength(1);
    expect((await call('/config_dump?resource=nothing')).status).toBe(404);
  });

  it('shows certificates without keys', async () => {
    const { certificates } = await jsonOf('/certs');
    expect(certificates[0].cert_chain[0]).toMatchObject({
      serial_number: '20206a4acdfd71451afb5e39e8307f534c258b6a',
      expiration_time: expect.stringMatching(/^2126-/),
    });
    expect(JSON.stringify(certificates)).not.toContain('PRIVATE');
  });

  it('says what it is', async () => {
    expect(await jsonOf('/server_info')).toMatchObject({
      version: expect.stringMatching(/^heddle\//),
      state: 'LIVE',
      uptime_current_epoch: '5s',
    });
  });

  it('changes the log level, and names the levels when there is no such one', async () => {
    expect(await call('/logging?level=debug', 'POST')).toMatchObject({
      status: 200,
      body: 'active loggers:\n  heddle: debug\n',
    });
    expect(log.level).toBe('debug');
    expect(await call('/logging?level=loud', 'POST')).toMatchObject({ status: 400 });
    expect(log.level).toBe('debug');
    expect((await call('/logging', 'POST')).body).toContain('heddle: debug');
  });

  it('drains and quits when asked by POST', async () => {
    expect(await call('/drain_listeners', 'POST')).toMatchObject({ status: 200, body: 'OK\n' });
    expect(await call('/quitquitquit', 'POST')).toMatchObject({ status: 200, body: 'OK\n' });
    expect(done).toEqual(['drain', 'quit']);
  });

  it.each(['/drain_listeners', '/quitquitquit', '/logging?level=debug'])('changes nothing on GET %s', async (path) => {
    expect(await call(path)).toMatchObject({ status: 405, headers: { allow: 'POST' } });
    expect([done, log.level]).toEqual([[], 'info']);
  });

  it('answers 405 for a method that a path does not take, and HEAD as GET without a body', async () => {
    expect(await call('/stats', 'POST')).toMatchObject({ status: 405, headers: { allow: 'GET, HEAD' } });
    expect(await call('/stats', 'DELETE')).toMatchObject({ status: 405, headers: { allow: 'GET, HEAD' } });
    expect(await call('/ready', 'HEAD')).toMatchObject({ status: 200, body: '', headers: { 'content-length': '5' } });
  });

  it('lists its paths at /help, at / and for a path that it does not have', async () => {
    const help = (await call('/help')).body;
    expect(help).toContain('  /quitquitquit (POST): end the process\n');
    expect((await call('/')).body).toBe(help);
    expect(await call('/nothing')).toMatchObject({ status: 404, body: expect.stringContaining('  /ready: ') });
  });

  it.each([
    ['a name that someone else has pointed here', { host: 'evil.example' }, 403],
    ['a name with our port', { host: 'evil.example:15000' }, 403],
    ['an address that is none', { host: '127.0.0.1.evil.example' }, 403],
    ['localhost', { host: 'localhost:15000' }, 200],
    ['an IPv6 address', { host: '[::1]:15000' }, 200],
  ])('checks the Host of a request: %s', async (_, headers, status) => {
    expect((await call('/ready', 'GET', headers)).status).toBe(status);
  });

  it('takes no request from a page of another site', async () => {
    expect((await call('/quitquitquit', 'POST', { origin: 'http://evil.example' })).status).toBe(403);
    expect(done).toEqual([]);
  });

  it.each([
    ['a request that it has carried', { 'x-request-id': 'a' }],
    ['a health check', { 'user-agent': 'Heddle/HC' }],
  ])('takes nothing from a sidecar to which it is an instance: %s', async (_, headers) => {
    expect((await call('/drain_listeners', 'POST', headers)).status).toBe(403);
    expect((await call('/ready', 'GET', headers)).status).toBe(403);
    expect(done).toEqual([]);
  });

  it('refuses a head of more than 8 KiB and a large body, and goes on', async () => {
    expect((await call('/ready', 'GET', { 'x-large': 'x'.repeat(9_000) })).status).toBe(431);
    const [host = '', port = ''] = admin.address.split(':');
    const socket = connect(Number(port), host);
    socket.on('error', () => {});
    socket.write(`POST /logging HTTP/1.1\r\nhost: ${admin.address}\r\ncontent-length: 1000000\r\n\r\n`);
    socket.write('x'.repeat(100_000));
    const answer = await new Promise<string>((resolve) => socket.once('data', (data) => resolve(String(data))));
    expect(answer).toMatch(/^HTTP\/1\.1 413 /);
    socket.destroy();
    expect((await call('/ready')).status).toBe(200);
  });

  it('answers while a thousand clients hold half a request, and keeps few of them', async () => {
    const [host = '', port = ''] = admin.address.split(':');
    const open = new Set<Socket>();
    for (let i = 0; i < 1000; i++) {
      const socket = connect(Number(port), host).on('error', () => {});
      socket.resume().on('close', () => open.delete(socket));
      await once(socket, 'connect');
      open.add(socket);
      socket.write(i % 2 === 0 ? 'GET /ready HTTP/1.1\r\nHost: localhost\r\nX-Slow: ' : '');
    }
    for (let i = 0; i < 100; i++) expect(await call('/ready')).toMatchObject({ status: 200 });
    await expect.poll(() => open.size).toBeLessThanOrEqual(64);
    for (const socket of open) socket.destroy();
  });

  it('rejects when its port is in use', async () => {
    const port = Number(admin.address.split(':')[1]);
    await expect(AdminServer.listen({ paths: [], port })).rejects.toThrow('EADDRINUSE');
  });
});
