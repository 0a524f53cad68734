import { describe, expect, it } from 'vitest';
import { loadContract } from '../load.ts';
import type { MessageSchema } from './message-schema.ts';
import { messageSchema } from './message-schema.ts';

describe('messageSchema', () => {
  it('resolves the type of every field of every message', () => {
    const visited = new Set<string>();
    const visit = (schema: MessageSchema) => {
      if (visited.has(schema.name)) {
        return;
      }
      visited.add(schema.name);
      for (const field of schema.fields.values()) {
        if (field.message !== null) {
          visit(field.message());
        }
      }
    };
    for (const [name, definition] of Object.entries(loadContract())) {
      if ('format' in definition && definition.format === 'Protocol Buffer 3 DescriptorProto') {
        visit(messageSchema(name));
      }
    }
    expect(visited.size).toBeGreaterThan(100);
    expect(visited).toContain('envoy.config.cluster.v3.CircuitBreakers.Thresholds.RetryBudget');
  });

  it('knows oneofs, maps, lists, enums and text', () => {
    const cluster = messageSchema('envoy.config.cluster.v3.Cluster');
    expect(cluster.fields.get(1)).toMatchObject({ name: 'name', isText: true, wireType: 'bytes', oneof: null });
    expect(cluster.fields.get(2)?.oneof).toBe('cluster_discovery_type');
    expect([...(cluster.fields.get(2)?.enumValues ?? [])]).toEqual([0, 1, 2, 3, 4]);
    expect(cluster.fields.get(36)?.message?.().isMapEntry).toBe(true);
    expect(cluster.fields.get(43)).toMatchObject({ isRepeated: true });
    expect(messageSchema('envoy.type.v3.Percent').fields.get(1)?.wireType).toBe('fixed64');
  });

  it('tells messages of one short name apart by where they are used', () => {
    const route = messageSchema('envoy.config.route.v3.RouteAction').fields.get(25)?.message?.();
    expect(route?.name).toBe('envoy.config.route.v3.RouteAction.UpgradeConfig');
    const explicit = messageSchema('envoy.extensions.upstreams.http.v3.HttpProtocolOptions').fields.get(1)?.message?.();
    expect(explicit?.name).toBe('envoy.config.core.v3.HttpProtocolOptions');
  });

  it('throws for what is no message', () => {
    expect(() => messageSchema('envoy.config.core.v3.HealthStatus')).toThrow('not a message of the contract');
  });
});
