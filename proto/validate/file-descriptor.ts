/**
 * Reads what the loader knows of the .proto files: a FileDescriptorProto for each package, as bytes. Only what the wire
 * walk needs is taken from it.
 *
 * Source: google/protobuf/descriptor.proto; the numbers below are its field numbers.
 */
import { readFields } from './wire-reader.ts';

export interface MessageDescriptor {
  readonly kind: 'message';
  readonly fullName: string;
  readonly isMapEntry: boolean;
  readonly fields: readonly FieldDescriptor[];
  /** Names, by the index that fields refer to. */
  readonly oneofs: readonly string[];
}

export interface EnumDescriptor {
  readonly kind: 'enum';
  readonly fullName: string;
  readonly values: ReadonlySet<number>;
}

export interface FieldDescriptor {
  readonly name: string;
  readonly number: number;
  readonly isRepeated: boolean;
  /** FieldDescriptorProto.Type: 9 is a string, 11 a message, 14 an enum. */
  readonly type: number;
  /** As written by the loader: relative to the message that has the field, or full. '' for scalars. */
  readonly typeName: string;
  readonly oneofIndex: number | null;
}

export type Descriptor = MessageDescriptor | EnumDescriptor;

const LABEL_REPEATED = 3;

/** All messages and enums of a file, those inside messages included. */
export function readFileDescriptor(bytes: Uint8Array): Descriptor[] {
  const file = fieldsOf(bytes);
  const scope = text(file, 2);
  return [
    ...all(file, 4).flatMap((message) => readMessage(message, scope)),
    ...all(file, 5).map((value) => readEnum(value, scope)),
  ];
}

function readMessage(bytes: Uint8Array, scope: string): Descriptor[] {
  const message = fieldsOf(bytes);
  const fullName = qualify(scope, text(message, 1));
  const options = all(message, 7)[0];
  return [
    {
      kind: 'message',
      fullName,
      isMapEntry: options !== undefined && number(fieldsOf(options), 7) === 1,
      fields: all(message, 2).map(readField),
      oneofs: all(message, 8).map((oneof) => text(fieldsOf(oneof), 1)),
    },
    ...all(message, 3).flatMap((nested) => readMessage(nested, fullName)),
    ...all(message, 4).map((value) => readEnum(value, fullName)),
  ];
}

function readEnum(bytes: Uint8Array, scope: string): EnumDescriptor {
  const fields = fieldsOf(bytes);
  const values = all(fields, 2).map((value) => number(fieldsOf(value), 2) ?? 0);
  return { kind: 'enum', fullName: qualify(scope, text(fields, 1)), values: new Set(values) };
}

function readField(bytes: Uint8Array): FieldDescriptor {
  const field = fieldsOf(bytes);
  return {
    name: text(field, 1),
    number: number(field, 3) ?? 0,
    isRepeated: number(field, 4) === LABEL_REPEATED,
    type: number(field, 5) ?? 0,
    typeName: text(field, 6),
    oneofIndex: number(field, 9),
  };
}

type Fields = ReadonlyMap<number, readonly (number | Uint8Array)[]>;

function fieldsOf(bytes: Uint8Array): Fields {
  const fields = new Map<number, (number | Uint8Array)[]>();
  for (const { number, value } of readFields(bytes)) {
    const values = fields.get(number);
    if (values === undefined) {
      fields.set(number, [value]);
    } else {
      values.push(value);
    }
  }
  return fields;
}

function all(fields: Fields, number: number): Uint8Array[] {
  return (fields.get(number) ?? []).filter((value) => typeof value !== 'number');
}

function text(fields: Fields, number: number): string {
  return Buffer.from(all(fields, number)[0] ?? []).toString('utf8');
}

function number(fields: Fields, number: number): number | null {
  const value = fields.get(number)?.[0];
  return typeof value === 'number' ? value : null;
}

function qualify(scope: string, name: string): string {
  return scope === '' ? name : `${scope}.${name}`;
}
