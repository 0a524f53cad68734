import { Buffer } from 'node:buffer';
import type { PackableName } from '../any.ts';
import { isPackable } from '../any.ts';
import * as extensionNames from '../extension-names.ts';
import { loadContract } from '../load.ts';
import { messageNameOf, typeUrlOf } from '../type-urls.ts';
import type { FieldSchema, MessageSchema } from '../validate/message-schema.ts';
import { messageSchema } from '../validate/message-schema.ts';
import { readFields } from '../validate/wire-reader.ts';

/** Decisions, each a number below a bound. */
export interface Choices {
  below(bound: number): number;
  readonly isOver: boolean;
}

/** A message taken apart; lengths are worked out anew when it is written. */
interface Node {
  readonly schema: MessageSchema;
  fields: Field[];
}

interface Field {
  readonly number: number;
  readonly schema: FieldSchema | null;
  /** `Buffer`: bytes without their length, or a number as it stands on the wire. */
  readonly content: Node | Buffer;
}

const texts: readonly string[] = [
  ...['', '*', '/', 'a', '__proto__', 'constructor', 'toString', 'host', ':path', '\0', '\r\n', '\xff', '%00', 'é'],
  ...['127.0.0.1', '::1', '::ffff:127.0.0.1', 'fe80::1%lo', '0', 'a.b:80', '[::1]:80', '*.*', 'a'.repeat(2000)],
  ...['(a+)+$', '(', '[[:alpha:]', 'a{1000}{1000}', '\\pL{100}', '-1', '1e400', 'inbound|80||', 'outbound|80||a'],
  ...Object.values(extensionNames).filter((name) => typeof name === 'string'),
];
const numbers = [
  0n,
  1n,
  2n,
  100n,
  101n,
  128n,
  129n,
  65_535n,
  65_536n,
  1n << 31n,
  (1n << 32n) - 1n,
  1n << 62n,
  (1n << 64n) - 1n,
];
const doubles = [0, -0, 1, -1, 100, 100.1, 1e308, 5e-324, Number.NaN, Number.POSITIVE_INFINITY];

/**
 * A well-formed message that is wrong in what it says: fields taken out, put twice and in other places, added with values
 * that nobody writes, numbers and texts at the ends of their ranges. Bytes changed at random would hardly ever get past the
 * decoder.
 */
export function spoiledMessage(bytes: Uint8Array, name: string, choices: Choices): Buffer {
  const root = read(bytes, messageSchema(name));
  for (let done = 0; done < MAX_CHANGES && !choices.isOver; done++) spoil(root, choices);
  return write(root);
}

const MAX_CHANGES = 12;
/** What is copied and copied again grows fast. */
const MAX_MESSAGES = 500;

function spoil(root: Node, choices: Choices): void {
  const nodes: Node[] = [];
  collect(root, nodes);
  if (nodes.length > MAX_MESSAGES) return;
  const node = nodes[choices.below(nodes.length)] as Node;
  const at = choices.below(node.fields.length + 1);
  const field = node.fields[at];
  switch (choices.below(7)) {
    case 0:
      node.fields.splice(at, 1);
      break;
    case 1:
      if (field !== undefined) node.fields.splice(at, 0, ...Array<Field>(1 + choices.below(20)).fill(field));
      break;
    case 2:
    case 3:
      if (field?.schema) node.fields[at] = { ...field, content: contentOf(field.schema, choices, 2) };
      break;
    case 4: {
      const from = nodes[choices.below(nodes.length)] as Node;
      // of the same type, or a field would be no field of this message
      if (from.schema === node.schema) node.fields = [...node.fields, ...read(write(from), from.schema).fields];
      break;
    }
    default: {
      const added = anyOf([...node.schema.fields], choices);
      if (added === undefined) break;
      const [number, schema] = added;
      if (!schema.isRepeated) node.fields = node.fields.filter((other) => other.number !== number);
      node.fields.splice(at, 0, { number, schema, content: contentOf(schema, choices, 4) });
    }
  }
}

function collect(node: Node, into: Node[]): void {
  if (into.length > MAX_MESSAGES) return;
  into.push(node);
  for (const { content } of node.fields) if (!Buffer.isBuffer(content)) collect(content, into);
}

function contentOf(schema: FieldSchema, choices: Choices, depth: number): Node | Buffer {
  const message = schema.message?.() ?? null;
  if (message !== null) return made(message, choices, depth - 1);
  switch (schema.wireType) {
    case 'varint': {
      const known = schema.enumValues === null ? undefined : anyOf([...schema.enumValues], choices);
      return varint(known === undefined ? (anyOf(numbers, choices) as bigint) : BigInt(known));
    }
    case 'fixed64': {
      const double = Buffer.alloc(8);
      double.writeDoubleLE(anyOf(doubles, choices) as number);
      return double;
    }
    case 'fixed32': {
      const float = Buffer.alloc(4);
      float.writeFloatLE(anyOf(doubles, choices) as number);
      return float;
    }
    case 'bytes':
      return Buffer.from(anyOf(texts, choices) as string, schema.isText ? 'utf8' : 'latin1');
  }
}

function made(schema: MessageSchema, choices: Choices, depth: number): Node {
  const fields: Field[] = [];
  if (schema.name === 'google.protobuf.Any') {
    const name = anyOf(packables(), choices) as PackableName;
    return {
      schema,
      fields: [
        { number: 1, schema: schema.fields.get(1) ?? null, content: Buffer.from(typeUrlOf(name)) },
        { number: 2, schema: schema.fields.get(2) ?? null, content: made(messageSchema(name), choices, depth) },
      ],
    };
  }
  for (const [number, field] of schema.fields) {
    if (depth <= 0 || choices.below(4) > 0) continue;
    const isTaken = field.oneof !== null && fields.some(({ schema: other }) => other?.oneof === field.oneof);
    if (!isTaken) fields.push({ number, schema: field, content: contentOf(field, choices, depth) });
  }
  return { schema, fields };
}

let names: readonly PackableName[] | null = null;

function packables(): readonly PackableName[] {
  names ??= Object.keys(loadContract()).filter(isPackable);
  return names;
}

function anyOf<T>(values: readonly T[], choices: Choices): T | undefined {
  return values[choices.below(values.length)];
}

function read(bytes: Uint8Array, schema: MessageSchema): Node {
  const fields = [...readFields(bytes)].map(({ number, wireType, value }): Field => {
    const field = schema.fields.get(number) ?? null;
    if (wireType === 'varint') return { number, schema: field, content: varint(BigInt(value)) };
    const inner = field?.message?.() ?? null;
    const content = inner === null ? Buffer.from(value) : read(value, inner);
    return { number, schema: field, content };
  });
  if (schema.name !== 'google.protobuf.Any') return { schema, fields };
  const typeUrl = fields.find(({ number }) => number === 1)?.content;
  const packed = Buffer.isBuffer(typeUrl) ? messageNameOf(typeUrl.toString()) : null;
  return { schema, fields: fields.map((field) => (packed === null ? field : unpacked(field, packed))) };
}

function unpacked(field: Field, name: string): Field {
  if (field.number !== 2 || !Buffer.isBuffer(field.content)) return field;
  try {
    return { ...field, content: read(field.content, messageSchema(name)) };
  } catch {
    return field; // spoiled before: no type of the contract, or a text where a message belongs
  }
}

function write({ fields }: Node): Buffer {
  const parts: Buffer[] = [];
  for (const { number, schema, content } of fields) {
    const bytes = Buffer.isBuffer(content) ? content : write(content);
    const wireType = Buffer.isBuffer(content) ? (schema?.wireType ?? 'bytes') : 'bytes';
    parts.push(varint(BigInt(number * 8 + wireTypes[wireType])));
    if (wireType === 'bytes') parts.push(varint(BigInt(bytes.length)));
    parts.push(bytes);
  }
  return Buffer.concat(parts);
}

const wireTypes = { varint: 0, fixed64: 1, bytes: 2, fixed32: 5 } as const;

function varint(value: bigint): Buffer {
  const bytes: number[] = [];
  let rest = value;
  for (; rest > 127n; rest >>= 7n) bytes.push(Number(rest & 127n) | 128);
  return Buffer.from([...bytes, Number(rest)]);
}
