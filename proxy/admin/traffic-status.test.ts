import { describe, expect, it } from 'vitest';
import { Cluster } from '../cluster/cluster.ts';
import { clusterStatsOf, trafficStatsOf } from '../telemetry/testing/stats.ts';
import { clusterConfig, endpointConfig } from '../testing/forwarder.ts';
import { clusterStats, dottedStats } from './traffic-status.ts';

describe('clusterStats', () => {
  it('counts on what it has counted of an endpoint that is gone', () => {
    const cluster = new Cluster(clusterConfig([endpointConfig(1), endpointConfig(2)]), {
      dial: () => {},
      coarseNow: () => 0,
      now: () => 0,
      random: () => 0,
      onEjection: () => {},
      healthChecks: null,
    });
    for (const endpoint of cluster.endpoints) endpoint.tcp.total = 3;
    cluster.setEndpoints([endpointConfig(2)]);
    expect(clusterStats(cluster)).toMatchObject({ endpoints: 1, connectionsTotal: 6 });
  });
});

describe('dottedStats', () => {
  it("names what there is to say as Envoy's `/stats` does", () => {
    const traffic = trafficStatsOf(clusterStatsOf({ name: 'cart' }));
    expect(Object.fromEntries(dottedStats(traffic.clusters(), traffic.listeners()))).toMatchObject({
      'cluster.cart.upstream_rq_total': 12,
      'cluster.cart.upstream_rq_4xx': 2,
      'cluster.cart.outlier_detection.ejections_active': 1,
      'cluster.cart.circuit_breakers.default.remaining_rq': 1023,
      'cluster.cart.circuit_breakers.default.rq_open': 0,
      'cluster.cart.circuit_breakers.default.rq_retry_open': 1,
      'listener.127.0.0.1_15006.ssl.handshake': 6,
      'listener.[::1]_15001.downstream_cx_total': 2,
    });
  });
});
