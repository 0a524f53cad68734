import { isPackable, unpack } from '../../proto/any.ts';
import type { ProtoDuration } from '../../proto/duration.ts';
import { messageType } from '../../proto/load.ts';
import { fromStruct } from '../../proto/struct.ts';
import type { TypeUrl } from '../../proto/type-urls.ts';
import { messageNameOf } from '../../proto/type-urls.ts';
import type { FieldSchema, MessageSchema } from '../../proto/validate/message-schema.ts';
import { messageSchema } from '../../proto/validate/message-schema.ts';

type Fields = Readonly<Record<string, unknown>>;

/** Fields that are never shown, wherever they stand. */
const secretFields: ReadonlySet<string> = new Set(['private_key', 'password']);
/** What Envoy shows in place of a secret. */
const redacted = { inline_string: '[redacted]' };

const valueField = 2;

/**
 * A resource in the JSON form of protobuf, with the field names of the .proto files as Envoy's admin interface has them,
 * and `@type` first. Fields with their default value are left out; secrets are replaced.
 *
 * Source: "ProtoJSON Format", protobuf.dev.
 */
export function resourceJson(typeUrl: TypeUrl, bytes: Buffer): unknown {
  const name = messageNameOf(typeUrl) as Parameters<typeof messageType>[0];
  const message = messageType(name).decode(bytes) as unknown as Fields;
  return { '@type': typeUrl, ...fieldsJson(messageSchema(name), message) };
}

function fieldsJson(schema: MessageSchema, message: Fields): Record<string, unknown> {
  const json: Record<string, unknown> = {};
  for (const field of schema.fields.values()) {
    const value = message[field.name];
    if (value === undefined || value === null || isDefault(field, value)) continue;
    json[field.name] = secretFields.has(field.name) ? redacted : fieldJson(field, value);
  }
  return json;
}

function isDefault(field: FieldSchema, value: unknown): boolean {
  // A member of a oneof that is there was set, also to 0; the others are not there at all.
  if (field.oneof !== null) return false;
  if (Array.isArray(value) || Buffer.isBuffer(value)) return value.length === 0;
  if (typeof value === 'object') return field.isRepeated && Object.keys(value as Fields).length === 0;
  return value === '' || value === 0 || value === '0' || value === false;
}

function fieldJson(field: FieldSchema, value: unknown): unknown {
  const schema = field.message?.() ?? null;
  if (schema?.isMapEntry) return mapJson(schema, value as Fields);
  const one = (item: unknown) => (schema === null ? scalarJson(item) : messageJson(schema, item as Fields));
  return Array.isArray(value) ? value.map(one) : one(value);
}

function mapJson(entry: MessageSchema, map: Fields): unknown {
  const field = entry.fields.get(valueField);
  if (field === undefined) return map;
  return Object.fromEntries(Object.entries(map).map(([key, value]) => [key, fieldJson(field, value)]));
}

function messageJson(schema: MessageSchema, message: Fields): unknown {
  switch (schema.name) {
    case 'google.protobuf.Any':
      return anyJson(message as unknown as Parameters<typeof unpack>[0]);
    case 'google.protobuf.Duration':
      return durationJson(message as unknown as ProtoDuration);
    case 'google.protobuf.Struct':
      return fromStruct(message as unknown as Parameters<typeof fromStruct>[0]);
    default:
      return /^google\.protobuf\.\w+Value$/.test(schema.name) ? scalarJson(message.value) : fieldsJson(schema, message);
  }
}

function anyJson(any: Parameters<typeof unpack>[0]): unknown {
  const name = messageNameOf(any.type_url);
  if (name === null || !isPackable(name)) return { '@type': any.type_url };
  const { message } = unpack(any);
  return { '@type': any.type_url, ...fieldsJson(messageSchema(name), message as unknown as Fields) };
}

function durationJson({ seconds, nanos }: ProtoDuration): string {
  const isNegative = nanos < 0 && !seconds.startsWith('-');
  const fraction = nanos === 0 ? '' : `.${String(Math.abs(nanos)).padStart(9, '0').replace(/0+$/, '')}`;
  return `${isNegative ? '-' : ''}${seconds}${fraction}s`;
}

function scalarJson(value: unknown): unknown {
  return Buffer.isBuffer(value) ? value.toString('base64') : value;
}
