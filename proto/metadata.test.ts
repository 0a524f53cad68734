import { describe, expect, it } from 'vitest';
import type { Metadata, Metadata__Output } from './generated/envoy/config/core/v3/Metadata.ts';
import { messageType } from './load.ts';
import { formatEndpointMetadata, formatRouteMetadata, parseEndpointMetadata, parseRouteMetadata } from './metadata.ts';
import { toStruct } from './struct.ts';

function overTheWire(metadata: Metadata): Metadata__Output {
  const type = messageType('envoy.config.core.v3.Metadata');
  return type.decode(type.encode(metadata));
}

describe('route metadata', () => {
  it.each([
    {
      origin: { document: 'HTTPRoute/default/cart', rule: 1, match: 0, file: 'cart.yaml', line: 12 },
      retryNonIdempotent: true,
      isRefusal: false,
    },
    {
      origin: { document: 'HTTPRoute/default/cart', rule: 0, match: 2, file: '', line: 0 },
      retryNonIdempotent: false,
      isRefusal: true,
    },
    { origin: null, retryNonIdempotent: false, isRefusal: false },
  ])('arrives as it was sent: %j', (metadata) => {
    expect(parseRouteMetadata(overTheWire(formatRouteMetadata(metadata)))).toEqual(metadata);
  });

  it('says nothing when it is absent or of other types', () => {
    const nothing = { origin: null, retryNonIdempotent: false, isRefusal: false };
    expect(parseRouteMetadata(null)).toEqual(nothing);
    const other = { filter_metadata: { heddle: toStruct({ document: 1, rule: '0', retryNonIdempotent: 'true' }) } };
    expect(parseRouteMetadata(overTheWire(other))).toEqual(nothing);
  });
});

describe('endpoint metadata', () => {
  const workload = { name: 'cart-v1-1', namespace: 'default', service: 'cart', version: 'v1', cluster: 'heddle' };

  it.each([
    { isMeshed: true, workload },
    { isMeshed: false, workload },
    { isMeshed: true, workload: null },
  ])('arrives as it was sent: %j', (metadata) => {
    expect(parseEndpointMetadata(overTheWire(formatEndpointMetadata(metadata)))).toEqual(metadata);
  });

  it('has the public form', () => {
    expect(formatEndpointMetadata({ isMeshed: true, workload })).toEqual({
      filter_metadata: {
        'envoy.transport_socket_match': toStruct({ tlsMode: 'heddle' }),
        istio: toStruct({ workload: 'cart-v1-1;default;cart;v1;heddle' }),
      },
    });
  });

  it('takes an endpoint that says nothing for one outside the mesh', () => {
    expect(parseEndpointMetadata(null)).toEqual({ isMeshed: false, workload: null });
  });
});
