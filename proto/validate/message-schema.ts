import type { MessageTypeDefinition } from '@grpc/proto-loader';
import { loadContract } from '../load.ts';
import type { Descriptor, FieldDescriptor, MessageDescriptor } from './file-descriptor.ts';
import { readFileDescriptor } from './file-descriptor.ts';
import type { WireType } from './wire-reader.ts';

/** What may stand on the wire inside a message of the subset. */
export interface MessageSchema {
  /** `envoy.config.route.v3.RouteConfiguration` */
  readonly name: string;
  /** By number. */
  readonly fields: ReadonlyMap<number, FieldSchema>;
  /** An entry of a map: key is field 1, value is field 2. */
  readonly isMapEntry: boolean;
}

export interface FieldSchema {
  readonly name: string;
  readonly wireType: WireType;
  readonly isRepeated: boolean;
  /** Has to be UTF-8. */
  readonly isText: boolean;
  /** The numbers that the enum has names for; null for other fields. */
  readonly enumValues: ReadonlySet<number> | null;
  /** A function, because messages such as Struct hold themselves; null for other fields. */
  readonly message: (() => MessageSchema) | null;
  /** Of the fields with the same name here only one may be set; null for other fields. */
  readonly oneof: string | null;
}

const TYPE_STRING = 9;
const TYPE_MESSAGE = 11;
const TYPE_ENUM = 14;

/** FieldDescriptorProto.Type to wire type; what is not listed is a varint. */
const WIRE_TYPES: ReadonlyMap<number, WireType> = new Map([
  [1, 'fixed64'],
  [6, 'fixed64'],
  [16, 'fixed64'],
  [2, 'fixed32'],
  [7, 'fixed32'],
  [15, 'fixed32'],
  [9, 'bytes'],
  [11, 'bytes'],
  [12, 'bytes'],
]);

let descriptors: ReadonlyMap<string, Descriptor> | null = null;
const schemas = new Map<string, MessageSchema>();

/** Throws a TypeError for a name that is no message of the contract. */
export function messageSchema(name: string): MessageSchema {
  let schema = schemas.get(name);
  if (schema === undefined) {
    const descriptor = contractDescriptors().get(name);
    if (descriptor?.kind !== 'message') {
      throw new TypeError(`not a message of the contract: ${name}`);
    }
    schema = {
      name,
      isMapEntry: descriptor.isMapEntry,
      fields: new Map(descriptor.fields.map((field) => [field.number, fieldSchema(field, descriptor)])),
    };
    schemas.set(name, schema);
  }
  return schema;
}

function fieldSchema(field: FieldDescriptor, owner: MessageDescriptor): FieldSchema {
  const type = field.typeName === '' ? null : resolve(field.typeName, owner.fullName);
  return {
    name: field.name,
    wireType: WIRE_TYPES.get(field.type) ?? 'varint',
    isRepeated: field.isRepeated,
    isText: field.type === TYPE_STRING,
    enumValues: field.type === TYPE_ENUM && type?.kind === 'enum' ? type.values : null,
    message: field.type === TYPE_MESSAGE && type !== null ? () => messageSchema(type.fullName) : null,
    oneof: field.oneofIndex === null ? null : (owner.oneofs[field.oneofIndex] ?? null),
  };
}

/** As in the language: the innermost scope around the field that has the name decides. */
function resolve(typeName: string, scope: string): Descriptor {
  const known = contractDescriptors();
  const parts = scope.split('.');
  for (let depth = parts.length; depth >= 0; depth -= 1) {
    const found = known.get([...parts.slice(0, depth), typeName].join('.'));
    if (found !== undefined) {
      return found;
    }
  }
  throw new TypeError(`${scope} has a field of the unknown type ${typeName}`);
}

function contractDescriptors(): ReadonlyMap<string, Descriptor> {
  if (descriptors === null) {
    // Every definition of the loader carries the descriptors of all files.
    const { fileDescriptorProtos } = loadContract()['google.protobuf.Any'] as MessageTypeDefinition<object, object>;
    const all = fileDescriptorProtos.flatMap(readFileDescriptor);
    descriptors = new Map(all.map((descriptor) => [descriptor.fullName, descriptor]));
  }
  return descriptors;
}
