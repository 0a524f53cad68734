import { Buffer } from 'node:buffer';
import { describe, expect, it } from 'vitest';
import type { Input } from '../load.ts';
import { messageType } from '../load.ts';
import { goodCluster } from '../testing/resources.ts';
import { validateCluster } from './cluster.ts';

type Cluster = Input<'envoy.config.cluster.v3.Cluster'>;
type HealthCheck = Input<'envoy.config.core.v3.HealthCheck'>;
const type = messageType('envoy.config.cluster.v3.Cluster');

const good: HealthCheck = {
  timeout: { seconds: '1' },
  interval: { seconds: '3' },
  unhealthy_threshold: { value: 3 },
  healthy_threshold: { value: 1 },
  http_health_check: { path: '/healthz' },
};
const { http_health_check: _, ...common } = good;

function faultsOf(check: HealthCheck, cluster: Cluster = {}): string[] {
  const message = { ...goodCluster(), health_checks: [check], ignore_health_on_host_removal: true, ...cluster };
  return validateCluster(type.decode(type.encode(message))).map(({ path, message }) => `${path}: ${message}`);
}

describe('health checks of a cluster', () => {
  it.each<HealthCheck>([
    good,
    { ...common, tcp_health_check: {} },
    { ...common, tcp_health_check: { send: { binary: Buffer.from('x') }, receive: [{ text: '00ff' }] } },
    { ...common, grpc_health_check: {} },
    { ...good, http_health_check: { path: '/', method: 'HEAD', expected_statuses: [{ start: '100', end: '600' }] } },
  ])('may be %j', (check) => {
    expect(faultsOf(check)).toEqual([]);
  });

  it.each<[HealthCheck, string]>([
    [{ ...good, timeout: null }, 'timeout: is required'],
    [{ ...good, interval: {} }, 'interval: must be at least 1 ms, and is 0 ms'],
    [{ ...good, healthy_threshold: { value: 0 } }, 'healthy_threshold: must be between 1 and 4294967295, and is 0'],
    [{ ...good, unhealthy_threshold: null }, 'unhealthy_threshold: is required'],
    [{ ...good, no_traffic_interval: {} }, 'no_traffic_interval: must be at least 1 ms, and is 0 ms'],
    [common, 'health_checks[0]: needs one of http_health_check, tcp_health_check and grpc_health_check'],
    [
      { ...good, http_health_check: { path: 'healthz' } },
      'http_health_check.path: must begin with a slash and hold visible ASCII alone',
    ],
    [
      { ...good, http_health_check: { path: '/a\r\nb: c' } },
      'http_health_check.path: must begin with a slash and hold visible ASCII alone',
    ],
    [
      { ...good, http_health_check: { path: '/', host: 'a b' } },
      'http_health_check.host: must hold visible ASCII alone',
    ],
    [
      { ...good, http_health_check: { path: '/', method: 'CONNECT' } },
      'http_health_check.method: must be METHOD_UNSPECIFIED or GET or HEAD or POST or PUT or DELETE or OPTIONS or TRACE or PATCH, and is CONNECT',
    ],
    [
      { ...good, http_health_check: { path: '/', expected_statuses: [{ start: '300', end: '200' }] } },
      'http_health_check.expected_statuses[0]: must be a range within 100 and 600, and is 300 to 200',
    ],
    [
      { ...good, http_health_check: { path: '/', receive: [{ text: 'xyz' }] } },
      'http_health_check.receive[0]: must hold bytes, in text as hexadecimal',
    ],
    [
      { ...good, http_health_check: { path: '/', response_buffer_size: { value: '65537' } } },
      'http_health_check.response_buffer_size: must be at most 65536',
    ],
    [
      { ...common, tcp_health_check: { send: { text: '' } } },
      'tcp_health_check.send: must hold bytes, in text as hexadecimal',
    ],
  ])('may not be %j', (check, fault) => {
    expect(faultsOf(check)).toEqual([expect.stringContaining(fault)]);
  });

  it('are one, and of endpoints that are gone when they are not listed', () => {
    expect(faultsOf(good, { health_checks: [good, good], ignore_health_on_host_removal: false })).toEqual([
      expect.stringContaining('health_checks: must be one, and is 2'),
      expect.stringContaining('ignore_health_on_host_removal: must be true'),
    ]);
  });
});
