import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { messageType } from './load.ts';
import type { JsonObject, JsonValue } from './struct.ts';
import { fromStruct, toStruct } from './struct.ts';

const object = fc
  .dictionary(fc.string(), fc.jsonValue({ maxDepth: 4 }), { noNullPrototype: true })
  .map((value) => value as JsonObject);

const type = messageType('google.protobuf.Struct');

function overTheWire(value: JsonObject): JsonObject {
  return fromStruct(type.decode(type.encode(toStruct(value))));
}

function nested(levels: number): JsonObject {
  let value: JsonValue = 1;
  for (let level = 0; level < levels; level += 1) {
    value = { a: value };
  }
  return value as unknown as JsonObject;
}

describe('struct', () => {
  it('arrives as it was sent', () => {
    fc.assert(
      fc.property(object, (value) => {
        expect(overTheWire(value)).toEqual(value);
      }),
    );
  });

  it('is empty when it is absent', () => {
    expect(fromStruct(null)).toEqual({});
    expect(fromStruct(undefined)).toEqual({});
  });

  it('makes no prototype of a key that is called __proto__', () => {
    const received = overTheWire(JSON.parse('{"__proto__": {"polluted": true}}') as JsonObject);
    expect(Object.hasOwn(received, '__proto__')).toBe(true);
    expect(Object.getPrototypeOf(received)).toBe(Object.prototype);
    expect('polluted' in received).toBe(false);
  });

  it.each([
    ['NaN', Number.NaN],
    ['an infinity', Number.POSITIVE_INFINITY],
    ['undefined', undefined],
    ['a function', () => 1],
  ])('refuses %s', (_name, value) => {
    expect(() => toStruct({ value: value as never })).toThrow(TypeError);
  });

  it('has at most 16 levels when it is sent, and any that decodes when it is received', () => {
    expect(overTheWire(nested(16))).toEqual(nested(16));
    const deeper = { fields: { a: { structValue: toStruct(nested(16)) } } };
    expect(fromStruct(type.decode(type.encode(deeper)))).toEqual(nested(17));
    expect(() => toStruct(nested(17))).toThrow('more than 16 levels');
  });
});
