import type { Struct, Struct__Output } from './generated/google/protobuf/Struct.ts';
import type { Value, Value__Output } from './generated/google/protobuf/Value.ts';

export type JsonValue = null | number | string | boolean | readonly JsonValue[] | JsonObject;
export interface JsonObject {
  readonly [key: string]: JsonValue;
}

/** Levels of objects and lists in what we send. Each is three messages deep on the wire, where validation stops at 64. */
const MAX_DEPTH = 16;

/**
 * An object as google.protobuf.Struct. Throws a TypeError for what JSON cannot say (undefined, functions, NaN, infinities)
 * and for more than 16 levels.
 */
export function toStruct(object: JsonObject): Struct {
  return structOf(object, 1);
}

/**
 * The object that a Struct stands for; {} for an absent one. Every key becomes a property of the object's own, also
 * `__proto__`. Its depth needs no bound of its own: the decoder stops at 100 messages within each other.
 */
export function fromStruct(struct: Struct__Output | null | undefined): JsonObject {
  return struct ? objectOf(struct) : {};
}

function structOf(object: JsonObject, depth: number): Struct {
  checkDepth(depth);
  return {
    fields: Object.fromEntries(Object.entries(object).map(([key, value]) => [key, protoValueOf(value, depth)])),
  };
}

function protoValueOf(value: JsonValue, depth: number): Value {
  switch (typeof value) {
    case 'string':
      return { stringValue: value };
    case 'boolean':
      return { boolValue: value };
    case 'number':
      if (!Number.isFinite(value)) {
        throw new TypeError(`${value} has no place in a Struct`);
      }
      return { numberValue: value };
    case 'object':
      if (value === null) {
        return { nullValue: 'NULL_VALUE' };
      }
      if (isList(value)) {
        checkDepth(depth + 1);
        return { listValue: { values: value.map((item) => protoValueOf(item, depth + 1)) } };
      }
      return { structValue: structOf(value, depth + 1) };
    default:
      throw new TypeError(`a ${typeof value} has no place in a Struct`);
  }
}

function objectOf(struct: Struct__Output): JsonObject {
  // fromEntries defines properties; assigning to `__proto__` would change the object's prototype instead.
  return Object.fromEntries(Object.entries(struct.fields).map(([key, value]) => [key, jsonOf(value)]));
}

function jsonOf(value: Value__Output): JsonValue {
  switch (value.kind) {
    case 'stringValue':
      return value.stringValue ?? '';
    case 'boolValue':
      return value.boolValue ?? false;
    case 'numberValue':
      return value.numberValue ?? 0;
    case 'structValue':
      return value.structValue ? objectOf(value.structValue) : {};
    case 'listValue':
      return (value.listValue?.values ?? []).map(jsonOf);
    default:
      // nullValue, or a Value in which nothing is set.
      return null;
  }
}

/** Array.isArray does not narrow a union with a readonly array. */
function isList(value: readonly JsonValue[] | JsonObject): value is readonly JsonValue[] {
  return Array.isArray(value);
}

function checkDepth(depth: number): void {
  if (depth > MAX_DEPTH) {
    throw new TypeError(`a Struct of more than ${MAX_DEPTH} levels`);
  }
}
