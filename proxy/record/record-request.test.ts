import { afterEach, describe, expect, it } from 'vitest';
import type { FinishedExchange } from '../forward/forward-environment.ts';
import { RequestHead } from '../message-head.ts';
import { AccessLog } from '../telemetry/access-log.ts';
import { istioMetrics } from '../telemetry/istio-metrics.ts';
import { takeUnreported } from '../telemetry/report-message.ts';
import type { ExposedCounts } from '../telemetry/series-registry.ts';
import { SeriesRegistry } from '../telemetry/series-registry.ts';
import { clusterConfig, endpointConfig } from '../testing/forwarder.ts';
import { OutsideHosts } from './outside-hosts.ts';
import { RequestRecorder } from './record-request.ts';

const web = 'spiffe://cluster.local/ns/default/sa/web';
const cart = 'spiffe://cluster.local/ns/default/sa/cart';
const own = { name: 'web-1', namespace: 'default', service: 'web', version: '' };

const route = { name: 'default', origin: null };
const tls = { sni: '', alpnProtocols: [], expectedIdentities: [cart] };
const cluster = { name: 'outbound|80||cart', config: { ...clusterConfig([]), meshTls: tls } };
const config = { ...endpointConfig(1), workload: 'cart-v1-1', service: 'cart', version: 'v1', isMeshed: true };
const peer = { principal: '', address: '127.0.0.1:5000', clientCertLine: '', metadata: '' };

/** What the recorder reads of an exchange that began 12 ms ago. */
function exchangeOf(direction: 'outbound' | 'inbound', overrides: object = {}): FinishedExchange {
  return {
    environment: { direction, routes: { service: '', serviceOf: () => 'cart.shop.svc.cluster.local' } },
    head: Object.assign(new RequestHead(), { method: 'GET', path: '/', authority: 'cart' }),
    endpoint:
      direction === 'outbound' ? { key: '127.0.0.1:1', config, series: new Map(), grpcSeries: new Map() } : null,
    cluster: direction === 'outbound' ? cluster : null,
    route,
    peer,
    status: 200,
    grpcStatus: -1,
    failure: null,
    detail: '',
    attempts: 1,
    startedAtMs: 100,
    passedAtMs: 100,
    endedAtMs: 112,
    respondedAtMs: 110,
    requestBytes: 5,
    responseBytes: 7,
    ...overrides,
  } as unknown as FinishedExchange;
}

function recorderOf(accessLog: AccessLog | null = null) {
  const registry = new SeriesRegistry();
  const principal = () => web;
  const hosts = new OutsideHosts();
  const recorder = new RequestRecorder({ registry, own, principal, hosts, accessLog, wallClock: () => 1_000_012 });
  return { registry, recorder, exposed: (): ExposedCounts[] => [...registry.exposed()] };
}

describe('RequestRecorder', () => {
  it('counts an outbound request from us to the endpoint that answered', () => {
    const { recorder, exposed } = recorderOf();
    recorder.record(exchangeOf('outbound'));
    expect(exposed()).toMatchObject([
      {
        code: 200,
        flag: '-',
        labels: {
          reporter: 'source',
          source: { workload: 'web-1', service: 'web', principal: web },
          destination: {
            workload: 'cart-v1-1',
            namespace: 'default',
            serviceHost: 'test.default.svc.cluster.local',
            serviceName: 'test',
            version: 'v1',
            principal: cart,
          },
          isMutualTls: true,
        },
      },
    ]);
  });

  it('finds the series of an endpoint and a route again', () => {
    const { recorder, registry } = recorderOf();
    const exchange = exchangeOf('outbound');
    recorder.record(exchange);
    recorder.record(exchange);
    recorder.record(exchangeOf('outbound', { endpoint: exchange.endpoint, route: { ...route, name: 'canary' } }));
    expect(registry.size).toBe(2);
    expect(exchange.endpoint?.series.size).toBe(2);
  });

  it('keeps no more than 64 routes of one endpoint', () => {
    const { recorder } = recorderOf();
    const { endpoint } = exchangeOf('outbound');
    for (let i = 0; i < 1000; i++) recorder.record(exchangeOf('outbound', { endpoint, route: { name: 'default' } }));
    expect(endpoint?.series.size).toBeLessThanOrEqual(64);
  });

  it('claims no identity and no mutual TLS for an endpoint without a sidecar', () => {
    const { recorder, exposed } = recorderOf();
    const endpoint = { config: { ...config, isMeshed: false, workload: 'unknown' }, series: new Map() };
    recorder.record(exchangeOf('outbound', { endpoint }));
    expect(exposed()[0]?.labels).toMatchObject({
      source: { principal: '' },
      destination: { workload: '', principal: '' },
      isMutualTls: false,
    });
  });

  it('counts gRPC calls apart, by how they ended', () => {
    const { registry, recorder, exposed } = recorderOf();
    const head = Object.assign(new RequestHead(), { method: 'POST', path: '/cart.Cart/Add', isGrpc: true });
    const endpoint = { key: '127.0.0.1:1', config, series: new Map(), grpcSeries: new Map() };
    for (const grpcStatus of [0, 14, 0]) recorder.record(exchangeOf('outbound', { head, endpoint, grpcStatus }));
    recorder.record(exchangeOf('outbound', { endpoint }));
    recorder.record(exchangeOf('inbound', { head, grpcStatus: 5 }));
    const page = [...istioMetrics(exposed())].join('').split('\n');
    const totals = page.filter((line) => line.startsWith('istio_requests_total'));
    expect(
      totals.map((line) => [
        /reporter="(\w+)"/.exec(line)?.[1],
        /request_protocol="(\w+)"/.exec(line)?.[1],
        /response_code="(\d+)"/.exec(line)?.[1],
        /grpc_response_status="(\d+)"/.exec(line)?.[1] ?? '',
        line.split(' ').at(-1),
      ]),
    ).toEqual([
      ['source', 'grpc', '200', '0', '2'],
      ['source', 'grpc', '200', '14', '1'],
      ['source', 'http', '200', '', '1'],
      ['destination', 'grpc', '200', '5', '1'],
    ]);
    expect(takeUnreported(registry).map((series) => series.grpc_response_status)).toEqual(['0', '14', '', '5']);
  });

  it('counts a request that no endpoint could take for the service it was meant for', () => {
    const { recorder, exposed, registry } = recorderOf();
    const unreached = { endpoint: null, status: 503, failure: 'noHealthyUpstream' };
    recorder.record(exchangeOf('outbound', unreached));
    recorder.record(exchangeOf('outbound', unreached));
    expect(registry.size).toBe(1);
    expect(exposed()).toMatchObject([
      { code: 503, flag: 'UH', labels: { destination: { workload: '', serviceName: 'test' }, isMutualTls: false } },
    ]);
  });

  it.each([
    [
      'chose a backend that does not exist',
      { cluster: { ...cluster, name: 'BlackHoleCluster' }, failure: 'noCluster' },
    ],
    ['had no backend', { cluster: null, failure: 'noCluster' }],
    ['did not exist', { cluster: null, route: null, failure: 'noRoute' }],
  ])('counts a request whose route %s for the service that was called', (_, fields) => {
    const { recorder, exposed, registry } = recorderOf();
    for (let i = 0; i < 2; i++) recorder.record(exchangeOf('outbound', { endpoint: null, ...fields }));
    expect(registry.size).toBe(1);
    const destination = {
      serviceHost: 'cart.shop.svc.cluster.local',
      serviceName: 'cart',
      namespace: 'shop',
      workload: '',
    };
    expect(exposed()).toMatchObject([{ labels: { destination } }]);
  });

  it('never makes a label of what a client calls a host that nobody knows', () => {
    const { recorder, exposed, registry } = recorderOf();
    for (let i = 0; i < 10; i++) {
      const head = Object.assign(new RequestHead(), { authority: `host-${i}.example` });
      recorder.record(
        exchangeOf('outbound', { head, endpoint: null, cluster: null, route: null, failure: 'unknownHost' }),
      );
    }
    expect(registry.size).toBe(1);
    expect(exposed()[0]?.labels.destination).toMatchObject({ serviceHost: '', serviceName: '' });
  });

  it('names the cluster that stands for the world outside', () => {
    const { recorder, exposed } = recorderOf();
    const outside = {
      name: 'PassthroughCluster',
      config: clusterConfig([], { serviceHost: '', serviceName: '', serviceNamespace: '' }),
    };
    recorder.record(exchangeOf('outbound', { cluster: outside }));
    expect(exposed()[0]?.labels.destination.serviceName).toBe('PassthroughCluster');
  });

  it('tells a hundred of its hosts apart, but not to Prometheus', () => {
    const { recorder, exposed, registry } = recorderOf();
    const outside = {
      name: 'PassthroughCluster',
      config: clusterConfig([], { serviceHost: '', serviceName: '', serviceNamespace: '' }),
    };
    const { endpoint } = exchangeOf('outbound');
    for (let i = 0; i < 150; i++) {
      const head = Object.assign(new RequestHead(), { authority: `host-${i % 120}.example:8080` });
      recorder.record(exchangeOf('outbound', { head, endpoint, cluster: outside }));
    }
    const hosts = [...registry.all()].map(({ labels }) => labels.host);
    expect(hosts).toHaveLength(101);
    expect(hosts).toEqual(expect.arrayContaining(['host-0.example', 'host-99.example', '']));
    expect(exposed()).toHaveLength(1);
    expect(takeUnreported(registry).find(({ host }) => host === 'host-7.example')).toMatchObject({ count: 2 });
  });

  it('says of what the sidecar answers by itself that it was sent to nobody', () => {
    const { recorder, registry } = recorderOf();
    recorder.record(exchangeOf('outbound', { endpoint: null, status: 301 }));
    recorder.record(exchangeOf('outbound'));
    expect(takeUnreported(registry).map(({ unsent }) => unsent)).toEqual([true, false]);
  });

  it('counts an inbound request from the caller to us, one series for each caller', () => {
    const { recorder, exposed, registry } = recorderOf();
    const caller = { ...peer, principal: cart, metadata: 'cart-v1-1;default;cart;v1;heddle' };
    recorder.record(exchangeOf('inbound', { peer: caller }));
    recorder.record(exchangeOf('inbound', { peer: { ...caller } }));
    recorder.record(exchangeOf('inbound', { peer: { ...caller, metadata: 'cart-v2-1;default;cart;v2;heddle' } }));
    expect(registry.size).toBe(2);
    expect(exposed()[0]).toMatchObject({
      labels: {
        reporter: 'destination',
        source: { workload: 'cart-v1-1', service: 'cart', version: 'v1', principal: cart },
        destination: { workload: 'web-1', serviceHost: 'web.default.svc.cluster.local', principal: web },
        isMutualTls: true,
      },
    });
  });
});

describe('access log of a RequestRecorder', () => {
  const lines: string[] = [];
  const log = () =>
    new AccessLog({
      write: (bytes, callback) => {
        lines.push(...bytes.toString('latin1').trimEnd().split('\n'));
        callback(null, bytes.length);
      },
      close: async () => {},
    });
  afterEach(() => lines.splice(0));

  it('has one line with the keys of Istio for each request', async () => {
    const accessLog = log();
    const { recorder } = recorderOf(accessLog);
    const block =
      'User-Agent: curl/8\r\nX-Forwarded-For: 10.1.1.1\r\n' +
      'traceparent: 00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01\r\n';
    const head = Object.assign(new RequestHead(), { method: 'GET', path: '/a?b', authority: 'cart', block });
    recorder.record(exchangeOf('outbound', { head }));
    await accessLog.close();
    expect(lines.map((line) => JSON.parse(line))).toEqual([
      {
        start_time: '1970-01-01T00:16:40.000Z',
        method: 'GET',
        path: '/a?b',
        protocol: 'HTTP/1.1',
        response_code: 200,
        response_flags: '-',
        response_code_details: 'via_upstream',
        connection_termination_details: null,
        upstream_transport_failure_reason: null,
        bytes_received: 5,
        bytes_sent: 7,
        duration: 12,
        upstream_service_time: 10,
        x_forwarded_for: '10.1.1.1',
        user_agent: 'curl/8',
        request_id: null,
        authority: 'cart',
        upstream_host: '127.0.0.1:1',
        upstream_cluster: 'outbound|80||cart',
        upstream_local_address: null,
        downstream_local_address: null,
        downstream_remote_address: '127.0.0.1:5000',
        requested_server_name: null,
        route_name: 'default',
        trace_id: '4bf92f3577b34da6a3ce929d0e0e4736',
        span_id: '00f067aa0ba902b7',
        peer_identity: cart,
        attempt: 1,
        reason: null,
      },
    ]);
  });

  it('says why the mesh answered itself', async () => {
    const accessLog = log();
    const { recorder } = recorderOf(accessLog);
    const failed = { status: 503, failure: 'connectFailure', detail: 'ECONNREFUSED', respondedAtMs: 0 };
    recorder.record(exchangeOf('outbound', failed));
    await accessLog.close();
    expect(JSON.parse(lines[0] ?? '')).toMatchObject({
      response_code: 503,
      response_flags: 'UF',
      upstream_transport_failure_reason: 'ECONNREFUSED',
      upstream_service_time: null,
      peer_identity: null,
      reason: 'No connection to the instance: ECONNREFUSED',
    });
  });
});
