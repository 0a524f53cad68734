import { describe, expect, it } from 'vitest';
import { readSeries } from './reported-series.ts';
import { cartId, decodedSeries, webId } from './testing/reports.ts';

const cart = { identity: cartId, namespace: 'default', service: 'cart' };
const web = { identity: webId, namespace: 'default', service: 'web' };

describe('readSeries', () => {
  it('reads what a callee counted', () => {
    expect(readSeries(decodedSeries({}, [1, 1, 20]), cart)).toMatchObject({
      labels: {
        reporter: 'destination',
        source: { service: 'web', principal: webId },
        destination: { service: 'cart', namespace: 'default', version: 'v1' },
        responseCode: 200,
      },
      counts: { count: 3, requestBytes: 30, responseBytes: 300 },
    });
  });

  it('reads what a caller counted, wherever the callee is', () => {
    const message = decodedSeries({ reporter: 'SOURCE', destination_service: 'db.prod.svc.cluster.local' });
    expect(readSeries(message, web)).toMatchObject({ labels: { destination: { service: 'db', namespace: 'prod' } } });
    const outside = decodedSeries({ reporter: 'SOURCE', destination_service: 'PassthroughCluster' });
    expect(readSeries(outside, web)).toMatchObject({ labels: { destination: { service: 'PassthroughCluster' } } });
  });

  it.each([
    ['another service as destination', decodedSeries({ destination_service: 'db.default.svc.cluster.local' })],
    ['another namespace', decodedSeries({ destination_namespace: 'prod' })],
    ['another identity', decodedSeries({ destination_principal: webId })],
    ['another service as source', decodedSeries({ reporter: 'SOURCE' })],
    ['the source of what it received', decodedSeries({ reporter: 'SOURCE', source_principal: cartId })],
  ])('does not believe cart about %s', (_case, message) => {
    expect(readSeries(message, cart)).toMatchObject({ refused: 'foreign' });
  });

  it('lets a sidecar that may be any service of its namespace report for any of them, and no other', () => {
    const any = { ...cart, service: null };
    const db = { destination_service: 'db.default.svc.cluster.local' };
    expect(readSeries(decodedSeries(db), any)).toHaveProperty('labels');
    expect(readSeries(decodedSeries({ ...db, destination_namespace: 'prod' }), any)).toMatchObject({
      refused: 'foreign',
    });
  });

  it.each([
    ['no reporter', { reporter: 'REPORTER_UNSPECIFIED' }, 'reporter must be SOURCE or DESTINATION'],
    ['a count beyond 2^53', { count: '18446744073709551615' }, 'a count is out of range'],
    ['a status of four digits', { response_code: 1000 }, '1000 is no status'],
    ['a gRPC status that does not exist', { grpc_response_status: '17' }, '17 is no gRPC status'],
    ['an endless label', { route: 'r'.repeat(254) }, 'route has more than 253 characters'],
    ['an endless identity', { source_principal: 's'.repeat(2049) }, 'source_principal has more than 2048 characters'],
    ['buckets that do not exist', { latency_us: { index: [9999], count: [1] } }, 'latency: there is no bucket 9999'],
    ['fewer times than requests', { count: 2 }, '1 latencies of 2 requests'],
    ['requests over TCP', { protocol: 'tcp' }, 'there are no requests over tcp'],
    ['connections of HTTP', { connections_open: 1 }, 'only tcp counts connections'],
    [
      'connections beyond 2^53',
      { protocol: 'tcp', connections_open: '18446744073709551615' },
      'a count is out of range',
    ],
    ['no times', { latency_us: null }, '0 latencies of 1 requests'],
  ] as const)('refuses %s', (_case, overrides, reason) => {
    expect(readSeries(decodedSeries(overrides as never), cart)).toEqual({ refused: 'invalid', reason });
  });
});
