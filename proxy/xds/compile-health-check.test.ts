import { Buffer } from 'node:buffer';
import { describe, expect, it } from 'vitest';
import type { Input } from '../../proto/load.ts';
import { messageType } from '../../proto/load.ts';
import { compileHealthCheck } from './compile-health-check.ts';

type HealthCheck = Input<'envoy.config.core.v3.HealthCheck'>;
const type = messageType('envoy.config.core.v3.HealthCheck');
const seconds = (count: number) => ({ seconds: String(count) });

function compile(check: HealthCheck) {
  return compileHealthCheck(type.decode(type.encode(check)), 'cart');
}

describe('compileHealthCheck', () => {
  it("takes Envoy's defaults for what is not said", () => {
    const check = { timeout: seconds(1), interval: seconds(3), http_health_check: { path: '/' } };
    expect(compile(check)).toEqual({
      timeoutMs: 1_000,
      intervalMs: 3_000,
      intervalJitterMs: 0,
      intervalJitterPercent: 0,
      initialJitterMs: 0,
      noTrafficIntervalMs: 60_000,
      noTrafficHealthyIntervalMs: 60_000,
      unhealthyIntervalMs: 3_000,
      unhealthyEdgeIntervalMs: 3_000,
      healthyEdgeIntervalMs: 3_000,
      unhealthyThreshold: 1,
      healthyThreshold: 1,
      reusesConnection: true,
      check: {
        kind: 'http',
        host: 'cart',
        path: '/',
        method: 'GET',
        protocol: 'http1',
        expectedStatuses: [{ start: 200, end: 201 }],
        retriableStatuses: [],
        receive: [],
        maxBodyBytes: 1024,
      },
    });
  });

  it('reads every field', () => {
    const check: HealthCheck = {
      timeout: seconds(1),
      interval: seconds(2),
      interval_jitter: seconds(3),
      unhealthy_threshold: { value: 4 },
      healthy_threshold: { value: 5 },
      reuse_connection: { value: false },
      http_health_check: {
        host: 'h',
        path: '/p',
        receive: [{ text: '6f6b' }, { binary: Buffer.from('!') }],
        expected_statuses: [{ start: '200', end: '300' }],
        retriable_statuses: [{ start: '500', end: '502' }],
        codec_client_type: 'HTTP2',
        method: 'POST',
        response_buffer_size: { value: '14' },
      },
      no_traffic_interval: seconds(12),
      unhealthy_interval: seconds(14),
      unhealthy_edge_interval: seconds(15),
      healthy_edge_interval: seconds(16),
      interval_jitter_percent: 18,
      initial_jitter: seconds(20),
      no_traffic_healthy_interval: seconds(24),
    };
    expect(compile(check)).toEqual({
      timeoutMs: 1_000,
      intervalMs: 2_000,
      intervalJitterMs: 3_000,
      unhealthyThreshold: 4,
      healthyThreshold: 5,
      reusesConnection: false,
      noTrafficIntervalMs: 12_000,
      unhealthyIntervalMs: 14_000,
      unhealthyEdgeIntervalMs: 15_000,
      healthyEdgeIntervalMs: 16_000,
      intervalJitterPercent: 18,
      initialJitterMs: 20_000,
      noTrafficHealthyIntervalMs: 24_000,
      check: {
        kind: 'http',
        host: 'h',
        path: '/p',
        method: 'POST',
        protocol: 'http2',
        expectedStatuses: [{ start: 200, end: 300 }],
        retriableStatuses: [{ start: 500, end: 502 }],
        receive: [Buffer.from('ok'), Buffer.from('!')],
        maxBodyBytes: 14,
      },
    });
  });

  it.each([
    [{ tcp_health_check: {} }, { kind: 'tcp', send: null, receive: [] }],
    [
      { tcp_health_check: { send: { text: '50494e47' }, receive: [{ text: '504f4e47' }] } },
      { kind: 'tcp', send: Buffer.from('PING'), receive: [Buffer.from('PONG')] },
    ],
    [{ grpc_health_check: {} }, { kind: 'grpc', service: '', authority: 'cart' }],
    [{ grpc_health_check: { service_name: 's', authority: 'a' } }, { kind: 'grpc', service: 's', authority: 'a' }],
  ])('reads %j', (check, expected) => {
    expect(compile({ timeout: seconds(1), interval: seconds(3), ...check }).check).toEqual(expected);
  });
});
