import { describe, expect, it } from 'vitest';
import { parseSpiffeId } from '../../certs/spiffe-id.ts';
import { ALL_FEATURES } from '../../proto/features.ts';
import { messageType } from '../../proto/load.ts';
import type { JsonObject } from '../../proto/struct.ts';
import { toStruct } from '../../proto/struct.ts';
import { identifyNode } from './node-identity.ts';

const id = parseSpiffeId('spiffe://cluster.local/ns/default/sa/cart');

function identify(metadata: JsonObject) {
  const type = messageType('envoy.config.core.v3.Node');
  const node = type.decode(type.encode({ id: 'sidecar~127.0.0.1~cart-1.default~x', metadata: toStruct(metadata) }));
  return identifyNode(node, id, null);
}

function featuresOf(metadata: JsonObject): readonly string[] {
  return [...identify(metadata).features];
}

describe('identifyNode', () => {
  it('believes our sidecar about what it can do', () => {
    expect(featuresOf({ HEDDLE_VERSION: '0.1.0', FEATURES: ['h2', 'later'] })).toEqual(['h2', 'later']);
  });

  it('expects nothing of a sidecar that is silent about it, or talks nonsense', () => {
    expect(featuresOf({ HEDDLE_VERSION: '0.1.0' })).toEqual([]);
    expect(featuresOf({ HEDDLE_VERSION: '0.1.0', FEATURES: 'h2' })).toEqual([]);
  });

  it('takes a client that is none of ours for one that knows all of xDS and nothing of ours', () => {
    expect(featuresOf({})).toEqual([
      ...ALL_FEATURES.filter((name) => name !== 'fallback' && name !== 'backend-paths'),
      'stock',
    ]);
  });

  it('lets no sidecar of ours pass for one that is none', () => {
    expect(featuresOf({ HEDDLE_VERSION: '0.1.0', FEATURES: ['h2', 'stock'] })).toEqual(['h2']);
  });

  it('lets a client that is none of ours choose where it is called, if that is a port', () => {
    expect(identify({}).outboundPort).toBe(15_001);
    expect(identify({ OUTBOUND_PORT: 18_001 }).outboundPort).toBe(18_001);
    for (const nonsense of [0, 65_536, 1.5, '18001']) {
      expect(identify({ OUTBOUND_PORT: nonsense }).outboundPort).toBe(15_001);
    }
  });
});
