import { describe, expect, it } from 'vitest';
import type { MessageName } from './load.ts';
import { loadContract, messageType, serviceDefinition } from './load.ts';

describe('load', () => {
  it('gives a decoded message every field', () => {
    const type = messageType('envoy.config.core.v3.Node');
    const node = type.decode(type.encode({ id: 'sidecar~10.0.0.1~cart-1.default~cluster.local' }));
    expect(node.id).toBe('sidecar~10.0.0.1~cart-1.default~cluster.local');
    expect(node.metadata).toBeNull();
    expect(node.client_features).toEqual([]);
    expect(node).not.toHaveProperty('user_agent_version');
  });

  it('gives enums by name, 64-bit integers as text and oneofs by member', () => {
    const type = messageType('envoy.config.cluster.v3.Cluster');
    const cluster = type.decode(type.encode({ name: 'a', type: 'EDS', lb_policy: 'LEAST_REQUEST' }));
    expect(cluster).toMatchObject({ cluster_discovery_type: 'type', type: 'EDS', lb_policy: 'LEAST_REQUEST' });
    const series = messageType('heddle.v1.Series');
    expect(series.decode(series.encode({ count: '18446744073709551615' })).count).toBe('18446744073709551615');
  });

  it('throws where a message does not end', () => {
    expect(() => messageType('heddle.v1.ReportResponse').decode(Buffer.from([0x08, 0xff]))).toThrow();
  });

  it('refuses a name that is not a message', () => {
    for (const name of ['heddle.v1.Nothing', 'heddle.v1.Reporter', 'heddle.v1.IdentityService', '__proto__']) {
      expect(() => messageType(name as MessageName)).toThrow('not a message of the contract');
    }
  });

  it('has the methods of the services under their public paths', () => {
    const ads = serviceDefinition('envoy.service.discovery.v3.AggregatedDiscoveryService');
    expect(ads.DeltaAggregatedResources).toMatchObject({
      path: '/envoy.service.discovery.v3.AggregatedDiscoveryService/DeltaAggregatedResources',
      requestStream: true,
      responseStream: true,
    });
    expect(serviceDefinition('heddle.v1.IdentityService').Join).toMatchObject({
      path: '/heddle.v1.IdentityService/Join',
      requestStream: false,
      responseStream: false,
    });
  });

  it('loads once', () => {
    expect(loadContract()).toBe(loadContract());
  });
});
