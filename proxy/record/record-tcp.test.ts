import { describe, expect, it } from 'vitest';
import type { ForwardedConnection } from '../forward-tcp.ts';
import { AccessLog } from '../telemetry/access-log.ts';
import { tcpMetrics } from '../telemetry/tcp-metrics.ts';
import { TcpRegistry } from '../telemetry/tcp-registry.ts';
import { clusterConfig, endpointConfig } from '../testing/forwarder.ts';
import { OutsideHosts } from './outside-hosts.ts';
import { ConnectionRecorder } from './record-tcp.ts';

const web = 'spiffe://cluster.local/ns/default/sa/web';
const redis = 'spiffe://cluster.local/ns/default/sa/redis';
const own = { name: 'web-1', namespace: 'default', service: 'web', version: '' };
const meshTls = { sni: '', alpnProtocols: [], expectedIdentities: [redis] };
const config = { ...clusterConfig([]), serviceHost: 'redis.default.svc.cluster.local', serviceName: 'redis', meshTls };
const endpoint = { ...endpointConfig(1), workload: 'redis-1', service: 'redis', version: 'v7', isMeshed: true };

/** What the recorder reads of a connection that began 30 ms ago; the test changes its bytes. */
function connectionOf(direction: 'inbound' | 'outbound', overrides: object = {}): ForwardedConnection {
  return {
    environment: { direction, now: () => 130 },
    peer: {
      principal: direction === 'inbound' ? web : '',
      address: '127.0.0.1:5000',
      clientCertLine: '',
      metadata: '',
    },
    serverName: '',
    route: { name: 'redis' },
    cluster: { name: 'outbound|6379||redis.default.svc.cluster.local', config },
    endpoint: { key: '127.0.0.1:1', config: endpoint },
    failure: null,
    detail: '',
    attempts: 1,
    startedAtMs: 100,
    connectedAtMs: 101,
    receivedBytes: 0,
    sentBytes: 0,
    ...overrides,
  } as unknown as ForwardedConnection; // the recorder reads no more of a cluster than this
}

function recorderOf(accessLog: AccessLog | null = null) {
  const registry = new TcpRegistry();
  return {
    registry,
    recorder: new ConnectionRecorder({
      ...{ registry, own, accessLog },
      principal: () => web,
      hosts: new OutsideHosts(),
      wallClock: () => 0,
    }),
  };
}

const valuesOf = (registry: TcpRegistry, name: string, ...labels: string[]) => {
  const lines = [...tcpMetrics([...registry.all()])].join('').split('\n');
  const found = lines.filter((line) => line.startsWith(`${name}{`) && labels.every((label) => line.includes(label)));
  return found.map((line) => Number(line.split(' ').at(-1)));
};

describe('ConnectionRecorder', () => {
  it('counts bytes while they move, and connections once', () => {
    const { registry, recorder } = recorderOf();
    const connection = connectionOf('outbound') as { sentBytes: number; receivedBytes: number } & ForwardedConnection;
    recorder.opened(connection);
    connection.sentBytes = 70;
    connection.receivedBytes = 7;
    recorder.progress(connection);
    const labels = ['reporter="source"', 'destination_workload="redis-1"', 'response_flags="-"', 'mutual_tls'];
    expect(valuesOf(registry, 'istio_tcp_sent_bytes_total', ...labels)).toEqual([70]);
    expect(valuesOf(registry, 'istio_tcp_connections_closed_total', ...labels)).toEqual([0]);
    connection.sentBytes = 100;
    recorder.closed(connection);
    expect(valuesOf(registry, 'istio_tcp_sent_bytes_total', ...labels)).toEqual([100]);
    expect(valuesOf(registry, 'istio_tcp_received_bytes_total', ...labels)).toEqual([7]);
    expect(valuesOf(registry, 'istio_tcp_connections_opened_total', ...labels)).toEqual([1]);
    expect(valuesOf(registry, 'istio_tcp_connections_closed_total', `destination_principal="${redis}"`)).toEqual([1]);
  });

  it('knows who called from the certificate', () => {
    const { registry, recorder } = recorderOf();
    recorder.opened(connectionOf('inbound'));
    const labels = [
      'reporter="destination"',
      `source_principal="${web}"`,
      'source_app="web"',
      'request_protocol="tcp"',
    ];
    expect(valuesOf(registry, 'istio_tcp_connections_opened_total', ...labels)).toEqual([1]);
  });

  it('counts a connection that came to nothing under its flag', () => {
    const { registry, recorder } = recorderOf();
    recorder.closed(connectionOf('outbound', { failure: 'noHealthyUpstream', endpoint: null, connectedAtMs: 0 }));
    expect(valuesOf(registry, 'istio_tcp_connections_opened_total', 'response_flags="UH"')).toEqual([1]);
    expect(valuesOf(registry, 'istio_tcp_connections_closed_total', 'response_flags="UH"')).toEqual([1]);
  });

  it('tells hosts apart that nobody knows, but not to Prometheus', () => {
    const { registry, recorder } = recorderOf();
    const cluster = { name: 'PassthroughCluster', config: clusterConfig([], { serviceHost: '', serviceName: '' }) };
    for (const serverName of ['a.example', 'b.example', 'A.example.', 'not a host']) {
      recorder.closed(connectionOf('outbound', { cluster, serverName } as never));
    }
    expect([...registry.all()].map(({ labels, opened }) => [labels.host, opened])).toEqual([
      ['a.example', 2],
      ['b.example', 1],
      ['', 1],
    ]);
    expect(valuesOf(registry, 'istio_tcp_connections_opened_total', 'PassthroughCluster')).toEqual([4]);
  });

  it('writes a line for each connection that is over', async () => {
    const lines: string[] = [];
    const accessLog = new AccessLog({
      write: (bytes, callback) => {
        lines.push(...bytes.toString('latin1').trimEnd().split('\n'));
        callback(null, bytes.length);
      },
      close: async () => {},
    });
    const { recorder } = recorderOf(accessLog);
    const failed = { failure: 'connectFailure', detail: 'ECONNREFUSED', serverName: 'db.example' };
    recorder.closed(connectionOf('outbound', { receivedBytes: 5, sentBytes: 9 }));
    recorder.closed(connectionOf('outbound', failed));
    await accessLog.close();
    const [good, bad] = lines.map((line) => JSON.parse(line));
    expect(good).toMatchObject({
      method: null,
      protocol: null,
      response_code: 0,
      response_flags: '-',
      bytes_received: 5,
      bytes_sent: 9,
      duration: 30,
      upstream_host: '127.0.0.1:1',
      upstream_cluster: 'outbound|6379||redis.default.svc.cluster.local',
      downstream_remote_address: '127.0.0.1:5000',
      requested_server_name: null,
      peer_identity: redis,
    });
    expect(bad).toMatchObject({
      response_flags: 'UF',
      upstream_transport_failure_reason: 'ECONNREFUSED',
      requested_server_name: 'db.example',
      reason: 'No connection to the instance: ECONNREFUSED',
    });
  });
});
