import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { MAX_PACKED_BYTES, pack, UnpackError, unpack, unpackAs } from './any.ts';
import { messageType } from './load.ts';

const ROUTER = 'envoy.extensions.filters.http.router.v3.Router';
const LEAST_REQUEST = 'envoy.extensions.load_balancing_policies.least_request.v3.LeastRequest';

describe('any', () => {
  it('names the type by its public URL', () => {
    expect(pack(ROUTER, {}).type_url).toBe('type.googleapis.com/envoy.extensions.filters.http.router.v3.Router');
  });

  it('gives back what was packed', () => {
    fc.assert(
      fc.property(fc.option(fc.integer({ min: 0, max: 2 ** 32 - 1 })), (value) => {
        const choice_count = value === null ? null : { value };
        const unpacked = unpack(pack(LEAST_REQUEST, { choice_count }));
        expect(unpacked).toMatchObject({ name: LEAST_REQUEST, message: { choice_count } });
      }),
    );
  });

  it('survives inside another message', () => {
    const type = messageType('envoy.config.core.v3.TypedExtensionConfig');
    const sent = { name: 'router', typed_config: pack(ROUTER, { suppress_envoy_headers: true }) };
    const received = type.decode(type.encode(sent)).typed_config;
    expect(received && unpackAs(ROUTER, received)).toEqual({ suppress_envoy_headers: true });
  });

  it.each([
    ['a type outside the subset', { type_url: 'type.googleapis.com/envoy.extensions.filters.http.lua.v3.Lua' }],
    ['a message that never travels in an Any', { type_url: 'type.googleapis.com/heddle.v1.JoinRequest' }],
    ['a type of another authority', { type_url: `example.com/${ROUTER}` }],
    ['no type', { type_url: '' }],
    ['malformed bytes', { type_url: pack(ROUTER, {}).type_url, value: Buffer.from([0x20]) }],
    ['too many bytes', { type_url: pack(ROUTER, {}).type_url, value: Buffer.alloc(MAX_PACKED_BYTES + 1) }],
  ])('refuses %s', (_what, any) => {
    expect(() => unpack({ value: Buffer.alloc(0), ...any })).toThrow(UnpackError);
  });

  it('throws nothing but an UnpackError, whatever the bytes are', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 64 }), (value) => {
        try {
          unpack({ type_url: pack(LEAST_REQUEST, {}).type_url, value });
        } catch (error) {
          expect(error).toBeInstanceOf(UnpackError);
        }
      }),
    );
  });

  it('refuses one type where another belongs, and names both', () => {
    expect(() => unpackAs(LEAST_REQUEST, pack(ROUTER, {}))).toThrow(`${ROUTER} stands where ${LEAST_REQUEST} belongs`);
  });
});
